"""The site as the production server runs it: the app, and the worker beside it unless that runs apart."""

from wsgi import app

if app.config["FORUM"].worker == "inside":
    app.extensions["worker"].start()

__all__ = ["app"]
