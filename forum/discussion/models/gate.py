"""May this be public at once? The moderation above answers; here it is only asked, by name."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Flask, current_app

from forum.accounts.models import User


class Gate(Protocol):
    """Decides what waits for the team before others see it. `post` is a Post, `thread` a Thread."""

    def why_held(self, by: User, prompt: int, thread: Any, words: str) -> list[str]:
        """Why what `by` says must wait, as codes of HELD; empty where it may be public at once. Raises Refused
        where it may not be said at all. `thread` is None for a new one."""

    def held(self, post: Any, why: list[str]) -> None:
        """`post` waits, or waits again."""

    def taken_back(self, post: Any) -> None:
        """Its author has withdrawn `post` while it waited."""


def gate(app: Flask, keeper: Gate) -> None:
    app.extensions["gate"] = keeper


def keeper() -> Gate:
    found: Gate = current_app.extensions["gate"]
    return found
