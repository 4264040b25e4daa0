"""`python -m tests.bench.library`: the library of case studies at 20,000 studies, on both databases.

In this process, without a server: what is measured is the work, not the sockets."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from urllib.parse import urlencode

import flask_migrate
from flask import Flask
from sqlalchemy import insert, select, text

from config import Config
from forum import create_app
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facets import SORTS, Asked, facets
from forum.case_studies.models.facts import COLUMNS, whole
from forum.case_studies.models.shelf import shelf
from forum.core.db import db, now
from forum.core.markup import render
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.discussion.models.prompts import Conversation
from forum.discussion.models.threads import slug_of
from forum.seed.load import load_conversation
from tests.bench import words
from tests.factories import make_person
from tests.invented import answers
from tests.servers import postgresql_server

STUDIES = 20_000
WANTED = 50.0  # ms, for the facets with their counts
ROUNDS = 40
BATCH = 2_000
HOST = "https://conversation.example"


def main() -> None:
    options = _options()
    print("| what | database | median ms | worst ms |\n|---|---|---:|---:|")
    for name, app in _sites():
        with app.app_context():
            began = time.perf_counter()
            fill(options.studies)
            _tell(f"{name}: {options.studies:,} studies in {time.perf_counter() - began:.0f} s")
            for what, times in measure(app, options.rounds):
                print(f"| {what} | {name} | {median(times):.1f} | {max(times):.1f} |", flush=True)
            db.session.remove()


def measure(app: Flask, rounds: int) -> Iterator[tuple[str, list[float]]]:
    """Each with choices drawn by lot: of no facet, of one, or of several."""
    chance, client = Random(2004), app.test_client(use_cookies=False)
    asked = [_drawn(chance) for _ in range(rounds)]

    def facets_of(each: Asked) -> None:
        kept = shelf()
        kept.counts(each.chosen)
        kept.ids_of(each)

    def fetched(path: str) -> Callable[[Asked], None]:
        def fetch(each: Asked) -> None:
            answer = client.get(f"{path}?{urlencode([*each.pairs(), ('n', chance.random())])}", base_url=HOST)
            assert answer.status_code == 200, answer.status
            answer.get_data()

        return fetch

    yield "Facets, counts and order", _timed(facets_of, asked)
    yield "The same after every change of the site", _timed(facets_of, asked, _something_changes)
    for what, path in (
        ("The page", "/case-studies"),
        ("The feed of a view", "/case-studies/feed.atom"),
        ("CSV of a view, 5,000 rows at most", "/case-studies.csv"),
    ):
        yield what, _timed(fetched(path), asked)
        yield f"{what}, after every change", _timed(fetched(path), asked, _something_changes)


def fill(studies: int) -> None:
    """An empty database becomes one of so many studies."""
    flask_migrate.upgrade()
    list(load_conversation())
    write(studies)


def write(studies: int) -> None:
    """So many studies, written as rows: what the verbs would leave of them."""
    chance = Random(2004)
    prompt = db.session.scalars(select(Prompt).where(Prompt.slug == "your-practice")).one().id
    components = {row.slug: row.id for row in db.session.scalars(select(Component))}
    people = [make_person(f"Example Person {n}").id for n in range(50)]
    story = render(words.text(chance))
    for start in range(0, studies, BATCH):
        rows = [_study(chance, n, components) for n in range(start, min(start + BATCH, studies))]
        at = now() - timedelta(minutes=studies - start)
        of_thread = {"prompt_id": prompt, "kind": "case-study", "posts_count": 1, "created_at": at}
        threads = db.session.scalars(
            insert(Thread).returning(Thread.id, sort_by_parameter_order=True),
            [
                {**of_thread, "author_id": chance.choice(people), "title": row["title"], "slug": row["slug"]}
                for row in rows
            ],
        ).all()
        db.session.execute(
            insert(Post),
            [_post(id, row, prompt, people[0], story) for id, row in zip(threads, rows, strict=True)],
        )
        db.session.execute(
            insert(ThreadComponent),
            [
                {"thread_id": id, "component_id": components[slug], "last_post_at": at}
                for id, row in zip(threads, rows, strict=True)
                for slug in row["components"]
            ],
        )
        kept = {column.name for column in CaseStudy.__table__.columns}
        db.session.execute(
            insert(CaseStudy),
            [
                {
                    **{name: value for name, value in row.items() if name in kept},
                    "thread_id": id,
                    "story": story,
                }
                for id, row in zip(threads, rows, strict=True)
            ],
        )
        db.session.commit()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("ANALYZE"))
        db.session.commit()
    _something_changes()


def _study(chance: Random, number: int, components: dict[str, int]) -> dict[str, Any]:
    title = words.title(chance, number)
    told = words.text(chance)
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


def _drawn(chance: Random) -> Asked:
    chosen = {}
    for facet in facets():
        if chance.random() < 0.25:
            chosen[facet.name] = tuple(chance.sample(list(facet.choices), min(2, len(facet.choices) - 1)))
    return Asked(chosen, chance.choice(list(SORTS)))


def _timed(
    do: Callable[[Asked], None], asked: list[Asked], before: Callable[[], None] = lambda: None
) -> list[float]:
    """Milliseconds of each, after one that is not counted."""
    do(asked[0])
    times = []
    for each in asked:
        before()
        began = time.perf_counter()
        do(each)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _something_changes() -> None:
    """Somewhere on the site, so that every page is a new one."""
    Conversation.touch()
    db.session.commit()


def _sites() -> Iterator[tuple[str, Flask]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-library-")))
        yield "SQLite", _app(folder / "sqlite", "")
        server = stack.enter_context(postgresql_server())
        yield "PostgreSQL", _app(folder / "postgresql", stack.enter_context(server.database()))


def _app(instance: Path, url: str) -> Flask:
    env = {"FORUM_ENV": "development", "INSTANCE": str(instance), "DATABASE_URL": url, "SITE_URL": HOST}
    return create_app(Config.from_environment(env))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.library", description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES, help=f"how many ({STUDIES})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs of each figure ({ROUNDS})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
