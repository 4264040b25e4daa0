"""`python -m tests.bench.library`: the library of case studies at 20,000 studies, on both databases.

In this process, without a server: what is measured is the work, not the sockets."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import urlencode

import flask_migrate
from flask import Flask
from sqlalchemy import func, select, text, update

from config import Config
from forum import create_app
from forum.case_studies.models.facets import SORTS, Asked, facets
from forum.case_studies.models.shelf import shelf
from forum.core.db import db
from forum.core.limits import limiter
from forum.discussion.models import Conversation, Thread
from forum.discussion.models.words import Kind
from forum.seed.load import load_conversation
from tests.bench.studies import write
from tests.servers import postgresql_server

STUDIES = 20_000
WANTED = 50.0  # ms for the facets with their counts, whatever has changed
ROUNDS = 40
HOST = "https://conversation.example"


@dataclass(frozen=True, slots=True)
class Timed:
    """Runs of one thing: how long each took, and the processor time of one, the database's own included, in ms."""

    what: str
    times: list[float]
    cpu: float

    def row(self, database: str) -> str:
        reached = "" if not self.what.startswith("Facets") else "yes" if median(self.times) < WANTED else "no"
        figures = (min(self.times), median(self.times), max(self.times), self.cpu)
        cells = (self.what, database, *(f"{figure:.1f}" for figure in figures), reached)
        return f"| {' | '.join(cells)} |"


def main() -> None:
    options = _options()
    limiter.enabled = False
    print(f"The machine's load was {os.getloadavg()[0]:.1f} before the first run.\n")
    print(f"| what | database | best ms | median ms | worst ms | CPU ms | under {WANTED:.0f} |")
    print("|---|---|---:|---:|---:|---:|---|")
    for name, app in _sites():
        with app.app_context():
            began = time.perf_counter()
            fill(options.studies)
            _tell(f"{name}: {options.studies:,} studies in {time.perf_counter() - began:.0f} s")
            for timed in measure(app, options.rounds):
                print(timed.row(name), flush=True)
            db.session.remove()


def measure(app: Flask, rounds: int) -> Iterator[Timed]:
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

    changes: dict[str, Callable[[], None]] = {
        "": lambda: None,
        ", the site having changed": _something_changes,
        ", a study having changed": _a_study_changes,
    }
    for what, do in (
        ("Facets, counts and order", facets_of),
        ("The page", fetched("/case-studies")),
        ("The feed of a view", fetched("/case-studies/feed.atom")),
        ("The CSV of a view", fetched("/case-studies.csv")),
    ):
        for which, change in changes.items():
            yield _timed(what + which, do, asked, change)


def fill(studies: int) -> None:
    """An empty database becomes one of so many studies."""
    flask_migrate.upgrade()
    list(load_conversation())
    write(studies)


def _drawn(chance: Random) -> Asked:
    chosen = {}
    for facet in facets():
        if chance.random() < 0.25:
            chosen[facet.name] = tuple(chance.sample(list(facet.choices), min(2, len(facet.choices) - 1)))
    return Asked(chosen, chance.choice(list(SORTS)))


def _timed(what: str, do: Callable[[Asked], None], asked: list[Asked], before: Callable[[], None]) -> Timed:
    """After one that is not counted."""
    do(asked[0])
    times, cpu, servers = [], 0.0, _servers()
    for each in asked:
        before()
        used, began = _cpu(servers), time.perf_counter()
        do(each)
        times.append((time.perf_counter() - began) * 1000)
        cpu += (_cpu(servers) - used) * 1000
    return Timed(what, times, cpu / len(asked))


def _servers() -> list[Path]:
    """What Linux tells of PostgreSQL's processes that work for this site."""
    if db.engine.dialect.name == "sqlite":
        return []
    pids = db.session.scalars(
        text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    ).all()
    db.session.rollback()
    return [Path(f"/proc/{pid}/stat") for pid in pids]


def _cpu(servers: list[Path]) -> float:
    """Seconds of processor time: of this process, and of these in ticks of a hundredth."""
    taken = time.process_time()
    for stat in servers:
        fields = stat.read_text().rpartition(")")[2].split()
        taken += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return taken


def _something_changes() -> None:
    """Somewhere, so that every page is a new one."""
    Conversation.touch()
    db.session.commit()


def _a_study_changes() -> None:
    first = select(func.min(Thread.id)).where(Thread.kind == Kind.CASE_STUDY).scalar_subquery()
    db.session.execute(update(Thread).where(Thread.id == first).values(version=Thread.version + 1))
    _something_changes()


def _sites() -> Iterator[tuple[str, Flask]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-library-")))
        yield "SQLite", _app(folder / "sqlite", "")
        server = stack.enter_context(postgresql_server())
        yield "PostgreSQL", _app(folder / "postgresql", stack.enter_context(server.database()))


def _app(instance: Path, url: str) -> Flask:
    env = {
        "FORUM_ENV": "development",
        "INSTANCE": str(instance),
        "DATABASE_URL": url,
        "SITE_URL": HOST,
        "FIRST_POSTS_HELD": "0",
    }
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
