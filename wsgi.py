"""The door for a WSGI server: `wsgi:app`."""

from forum import create_app

app = create_app()
