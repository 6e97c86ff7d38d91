"""The hands: Celery app, thin tasks, the tick, gateway sessions, the Redis limiter."""
