"""The site as the production server runs it: the app, and the thread that delivers its letters."""

from __future__ import annotations

from forum import create_app

app = create_app()
app.extensions["postman"].start()
