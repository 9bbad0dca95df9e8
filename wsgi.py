"""The WSGI application, for any server: ``gunicorn wsgi:app``."""

from app.cli.serve import worker

app = worker()
