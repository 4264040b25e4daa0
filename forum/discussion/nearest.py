"""Have others said this already? The search above answers; here it is only asked, by name."""

from __future__ import annotations

from typing import Protocol

from flask import Flask, current_app

from forum.discussion.models import Thread
from forum.discussion.models.lists import ThreadRow


class Finder(Protocol):
    """Finds public threads by what they say. Each list holds the best first, at most `limit`."""

    def nearest(self, words: str, limit: int, kind: str | None = None) -> list[ThreadRow]:
        """The threads (of `kind`) nearest to a title or a few words that someone is writing."""

    def related(self, thread: Thread, limit: int) -> list[int]:
        """Other threads about the same, by their ids: the same components and words."""


def finds(app: Flask, finder: Finder) -> None:
    app.extensions["finder"] = finder


def nearest(words: str, limit: int = 3, kind: str | None = None) -> list[ThreadRow]:
    return _finder().nearest(words, limit, kind) if words.strip() else []


def related(thread: Thread, limit: int = 5) -> list[int]:
    return _finder().related(thread, limit)


def _finder() -> Finder:
    finder: Finder = current_app.extensions["finder"]
    return finder
