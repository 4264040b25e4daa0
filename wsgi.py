"""The door for a WSGI server: `wsgi:app`."""

import sys

from config import Misconfigured
from forum import create_app
from forum.core.assets import AssetsMissing

try:
    app = create_app()
except (Misconfigured, AssetsMissing) as wrong:
    sys.exit(f"The site cannot start. {wrong}")
