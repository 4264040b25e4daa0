"""May this be public at once? The moderation above answers; here it is only asked, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flask import Flask, current_app

if TYPE_CHECKING:
    from forum.accounts.models import User
    from forum.discussion.models.threads import Post, Thread


class Gate(Protocol):
    """Decides what waits for the team before others see it."""

    def why_held(self, by: User, prompt: int, thread: Thread | None, words: str) -> list[str]:
        """Why what `by` says must wait, as codes of HELD; empty where it may be public at once. Raises Refused
        where it may not be said at all. `thread` is None for a new one."""

    def held(self, post: Post, why: list[str]) -> None:
        """`post` waits, or waits again."""

    def taken_back(self, post: Post) -> None:
        """Its author has withdrawn `post` while it waited."""


def gate(app: Flask, keeper: Gate) -> None:
    app.extensions["gate"] = keeper


def keeper() -> Gate:
    found: Gate = current_app.extensions["gate"]
    return found
