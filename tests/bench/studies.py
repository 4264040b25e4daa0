"""So many case studies, all at once: what the verbs would leave of them, without the minutes that they would take."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select, text

from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facts import COLUMNS, whole
from forum.core.db import db, now
from forum.core.markup import render
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.discussion.models.prompts import Conversation
from forum.discussion.models.threads import slug_of
from tests.bench import words
from tests.bench.places import next_places
from tests.factories import make_person
from tests.invented import answers

BATCH = 2_000


def write(studies: int, brief: bool = False) -> None:
    """Adds them as rows, in batches, and commits; `brief` are of a few words, where only their number matters, and
    PostgreSQL's search does not know them."""
    chance = Random(2004)
    prompt = db.session.scalars(select(Prompt).where(Prompt.slug == "your-practice")).one().id
    components = {row.slug: row.id for row in db.session.scalars(select(Component))}
    people = [make_person(f"Example Person {n}").id for n in range(50)]
    story = render(words.text(chance))
    for start in range(0, studies, BATCH):
        if brief and db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        rows = [_study(chance, n, components, brief) for n in range(start, min(start + BATCH, studies))]
        at = now() - timedelta(minutes=studies - start)
        of_thread = {"prompt_id": prompt, "kind": "case-study", "posts_count": 1, "created_at": at}
        places = next_places("threads", len(rows))
        threads = db.session.scalars(
            insert(Thread).returning(Thread.id, sort_by_parameter_order=True),
            [
                {
                    **of_thread,
                    "author_id": chance.choice(people),
                    "title": row["title"],
                    "slug": row["slug"],
                    "place": place,
                }
                for row, place in zip(rows, places, strict=True)
            ],
        ).all()
        _look_again("threads, posts")
        db.session.execute(  # before the posts: the search index then writes each of them once
            insert(ThreadComponent),
            [
                {"thread_id": id, "component_id": components[slug], "last_post_at": at, "place": place}
                for id, row, place in zip(threads, rows, places, strict=True)
                for slug in row["components"]
            ],
        )
        db.session.execute(
            insert(Post),
            [_post(id, row, prompt, people[0], story) for id, row in zip(threads, rows, strict=True)],
        )
        kept = {column.name for column in CaseStudy.__table__.columns}
        db.session.execute(
            insert(CaseStudy),
            [
                {
                    **{name: value for name, value in row.items() if name in kept},
                    "thread_id": id,
                    "story": story,
                    "place": place,
                }
                for id, row, place in zip(threads, rows, places, strict=True)
            ],
        )
        db.session.commit()
    Conversation.touch()
    db.session.commit()
    if db.engine.dialect.name == "postgresql":  # as its own housekeeping does within a minute
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _look_again(tables: str) -> None:
    """PostgreSQL keeps the plans of its checks and triggers: one made for an empty table reads a full one whole."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text(f"ANALYZE {tables}"))


def _study(chance: Random, number: int, components: dict[str, int], brief: bool) -> dict[str, Any]:
    title = words.title(chance, number)
    told = title if brief else words.text(chance)
    said = whole(answers(chance, title, aims=told, did=told, happened=told, advice=told))
    tried = chance.choice((0, 0, 0, 1, 2, 5, 12))
    at = now() - timedelta(days=chance.randrange(900), seconds=number)
    return {
        **{name: said[name] for name in COLUMNS},
        "title": title,
        "slug": slug_of(title),
        "components": said["components"],
        "component_bits": sum(1 << components[slug] for slug in said["components"]),
        "tried_count": tried,
        "tried_same": tried,
        "confirmed_at": at,
        "renewal_asked_at": now() if at < now() - timedelta(days=730) else None,
    }


def _post(thread: int, row: dict[str, Any], prompt: int, author: int, story: str) -> dict[str, Any]:
    return {
        "thread_id": thread,
        "prompt_id": prompt,
        "author_id": author,
        "number": 1,
        "source": row["did"],
        "html": story,
        "disclosure": "named",
        "submission": f"bench-{thread}",
    }
