"""May this be public at once? The moderation above answers; here it is only asked, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from flask import Flask, current_app

from forum.accounts.models import User


class Act(StrEnum):
    """What becomes of words that are found: their author is asked once, the team looks first, or they are refused."""

    NUDGE = "nudge"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Found:
    """Words, as they were written, that should not go out unseen: `what` they are, `why` that matters, what to write
    `instead`, and what becomes of them. `code` is the reason, one of HELD, for which they would be held. `extract` is
    where they stand: the text before, they, and the text after."""

    words: str
    what: str
    why: str
    instead: str
    act: Act
    code: str
    extract: tuple[str, str, str]
    field: str = ""


class Gate(Protocol):
    """Decides what waits for the team before others see it. `post` is a Post, `thread` a Thread."""

    def why_held(self, by: User, prompt: int, thread: Any, words: str, before: str = "") -> list[str]:
        """Why what `by` says must wait, as codes of HELD; empty where it may be public at once. Raises Refused
        where it may not be said at all. `thread` is None for a new one; `before` is what was public already."""

    def look(self, by: User, words: str, before: str = "") -> list[Found]:
        """What `by` should know about these words before they are said; nothing that stands in `before`."""

    def held(self, post: Any, why: list[str]) -> None:
        """`post` waits, or waits again."""

    def taken_back(self, post: Any) -> None:
        """Its author has withdrawn `post` while it waited."""


def gate(app: Flask, keeper: Gate) -> None:
    app.extensions["gate"] = keeper


def keeper() -> Gate:
    found: Gate = current_app.extensions["gate"]
    return found


def look(by: User, said: Mapping[str, str | None], before: str = "") -> list[Found]:
    """What is found in the fields of a form, each with the name of its field. A form asks this before it is sent; the
    gate itself asks again, so no form can forget it."""
    found = keeper().look
    return [
        replace(each, field=name) for name, words in said.items() for each in found(by, words or "", before)
    ]
