"""The console for WSGI servers: ``gunicorn wsgi:app``."""

from admin.console import create_app

app = create_app()
