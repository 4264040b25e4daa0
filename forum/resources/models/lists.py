"""What the pages of resources rest on, and the threads of all of them."""

from __future__ import annotations

from forum.core.db import db
from forum.core.freshness import Rests
from forum.resources.models.resources import Resource
from forum.resources.models.words import PROMPT


def resource_version(slug: str, **_: object) -> Rests:
    """A resource's page."""
    return Rests(
        "SELECT coalesce(t.version, 0), c.version,"
        " CASE WHEN t.changed_at > c.changed_at THEN t.changed_at ELSE c.changed_at END"
        " FROM resources r LEFT JOIN threads t ON t.id = r.thread_id, conversation c WHERE r.slug = {}",
        (slug,),
    )


def resources_version(**_: object) -> Rests:
    """The list of resources, and the requests under the same prompt: the threads of resources, wherever the team has
    moved them, the prompt and the conversation."""
    return Rests(
        "SELECT CAST(sum(version) AS INTEGER), max(changed_at) FROM (SELECT t.version, t.changed_at FROM resources r"
        " JOIN threads t ON t.id = r.thread_id UNION ALL SELECT version, changed_at FROM prompts WHERE slug = {}"
        " UNION ALL SELECT version, changed_at FROM conversation) AS everything",
        (PROMPT,),
    )


def open_talks() -> list[str]:
    """A thread for each resource that has none, and in every other the facts as they are now; a line on each that is
    new. The caller commits."""
    opened = []
    for resource in db.session.scalars(Resource.in_order()).all():
        if resource.open_talk():
            opened.append(f"Thread: {resource.name}")
        else:
            resource.tell_talk()
    return opened
