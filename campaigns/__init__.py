"""The domain of Loa: people, texts, campaigns and the way of a message. Knows neither Flask nor Celery."""
