"""What of a page is one signed-in person's own: their news, what they follow, how far they have read. The package above
that keeps it answers; here it is only asked, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from flask import Flask, current_app

from forum.core.guards import me

MANY = 100  # news are counted no further


class Own(Protocol):
    """Answers for one signed-in person."""

    def stamp(self, person: Any) -> str:
        """Another one when anything here would answer otherwise."""

    def news(self, person: Any) -> int:
        """How much they have not seen yet; MANY where it is that many or more."""

    def level(self, person: Any, kind: str, target: str) -> str | None:
        """How they follow this; None where they do not."""

    def read(self, person: Any, threads: Iterable[int]) -> dict[int, int]:
        """How far they have read each of these threads that they have opened: the number of a post."""


def kept_by(app: Flask, own: Own) -> None:
    app.extensions["own"] = own


def own() -> Own:
    found: Own = current_app.extensions["own"]
    return found


def stamp() -> str:
    """What makes a page of this request's person another one than anybody else's, or than their own before."""
    person = me()
    return f"{person.stamp}.{own().stamp(person)}" if person.is_signed_in else ""


# In templates: a stand-in for readers who share a page has answers of its own.


def news(person: Any) -> str:
    """(3), for the header; nothing where there are none."""
    if hasattr(person, "news"):
        return str(person.news)
    return in_brackets(own().news(person)) if person.is_signed_in else ""


def in_brackets(count: int) -> str:
    return f" ({count if count < MANY else f'{MANY - 1}+'})" if count else ""


def follows(person: Any, kind: str, target: str | int) -> str | None:
    """How this person follows what the page is about."""
    if hasattr(person, "level"):
        return person.level  # type: ignore[no-any-return]
    return own().level(person, kind, str(target)) if person.is_signed_in else None


def read(person: Any, threads: Iterable[Any]) -> dict[int, int]:
    """How far they have read `threads`, which are rows with an id."""
    return own().read(person, [thread.id for thread in threads]) if person.is_signed_in else {}


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(news=news, follows=follows, read_so_far=read)
