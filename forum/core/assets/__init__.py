"""The stylesheet, the script and the icon, linked by `asset(name)`. `python -m forum.core.assets` makes them.

What a browser fetches is in `static/build`, under names that carry a hash of the content, so it may be kept
for ever.
"""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "static" / "build"
MANIFEST = BUILD / "manifest.json"  # {"forum.css": "forum.<hash>.css", ...}
COMMAND = "python -m forum.core.assets"


class AssetsMissing(RuntimeError):
    """There is no build, or it lacks a file that a page asks for."""


class Assets:
    """What the last build made, as the template global `asset(name)`."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def init_app(self, app: Flask) -> None:
        """Read the manifest. Raises AssetsMissing where nothing has been built."""
        try:
            built = read_manifest()
        except FileNotFoundError:
            raise AssetsMissing(f"The stylesheet has not been built. Run: {COMMAND}") from None
        folder = f"{app.static_url_path or '/static'}/build"
        self.files = {name: f"{folder}/{hashed}" for name, hashed in built.items()}
        app.add_template_global(self.url, "asset")

    def url(self, name: str) -> str:
        """The address of the built file `name`, for example `forum.css`."""
        try:
            return self.files[name]
        except KeyError:
            raise AssetsMissing(f"{name} is not in the last build. Run: {COMMAND}") from None


def read_manifest() -> dict[str, str]:
    """The name of each built file -> its hashed name."""
    manifest: dict[str, str] = json.loads(MANIFEST.read_text("utf-8"))
    return manifest
