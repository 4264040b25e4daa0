"""What the packages above put beside a thread of their kind. They are asked by name; nothing here knows them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Kind


def _nothing(viewer: Any) -> Hashable:
    return None


@dataclass(frozen=True)
class Beside:
    """The record beside a thread at one version of the thread, the same for every reader.

    `template` has the macros `lead` (above the posts) and `foot` (below them), each called with
    `(record, viewer, mine, csrf_token, page)`, where `page` is the number of the thread's page. `body` stands in
    the place of the opening post's text. `mine` is what of the record is one reader's own; readers with an equal
    value share a page."""

    template: str
    record: Any
    body: Markup | None = None
    mine: Callable[[Any], Hashable] = _nothing


@dataclass(frozen=True)
class Room:
    """What a package does for the threads of its kind. `edits` is the address where one of its posts is edited, or
    None where that is an ordinary edit."""

    beside: Callable[[Thread], Beside | None]
    edits: Callable[[Post], str | None]


def furnish(app: Flask, kind: Kind, room: Room) -> None:
    """Let `room` see to the threads of `kind`."""
    app.extensions.setdefault("rooms", {})[kind] = room


def beside(thread: Thread) -> Beside | None:
    room = _room(thread)
    return room.beside(thread) if room else None


def edit_address(post: Post) -> str | None:
    """Where `post` is edited if it is more than words; its thread is loaded."""
    room = _room(post.thread)
    return room.edits(post) if room else None


def _room(thread: Thread) -> Room | None:
    rooms: dict[str, Room] = current_app.extensions.get("rooms", {})
    return rooms.get(thread.kind)
