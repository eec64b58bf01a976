"""The project package and the platform's kernel."""

from alliance.celery import app as celery_app

__all__ = ["celery_app"]
