"""The site as the production server runs it: the app, and the thread that delivers its letters."""

from wsgi import app

app.extensions["postman"].start()

__all__ = ["app"]
