"""`python -m tests.bench.schools`: load a register of 27,332 schools on both databases, and time finding in it."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median, quantiles

import flask_migrate
from flask import Flask

from config import Config
from forum import create_app
from forum.accounts.models import find_schools
from forum.core.db import db
from forum.seed.lines import lines_of
from forum.seed.schools import Load
from tests.servers import postgresql_server

REAL = Path(__file__).parents[3] / "shared" / "data" / "schools.csv"
SCHOOLS = 27_332
QUESTIONS = {
    "a name": (
        "hillview",
        "xavier",
        "manchester gram",
        "queen elizabeths",
        "king edward",
        "co-op academy",
        "ecole",
    ),
    "a name and a town": (
        "st mary leeds",
        "hill top gates",
        "st johns bath",
        "oak london",
        "jnr wolverhampton",
    ),
    "a common name": (
        "st mary",
        "st peters ce primary",
        "all saints c of e",
        "st josephs rc",
        "holy trinity",
    ),
    "a postcode or URN": ("ls12", "LS12 4NB", "m13 0", "sw1", "100000", "1000"),
    "common words alone": (
        "primary school",
        "church of england primary",
        "catholic",
        "academy",
        "st primary",
        "the",
    ),
    "one or two letters": ("s", "p", "st", "m", "ch", "st m", "z"),
    "made to be slow": ("a b c d e f", "e s p c a b", "ch of en pr sc", "st ma pr sc ac ca", "s p c"),
    "nothing": ("zzzz", "hillview zzzz", "\u65e5\u672c", "primary zzzz"),
}
ROUNDS = 20

# For an invented register: how often each begins or ends a name, about as in the real one.
FIRST = [
    "St Mary's",
    "St John's",
    "St Peter's",
    "All Saints",
    "Holy Trinity",
    "Christ Church",
    "The",
    "Great",
    "Park",
]
MIDDLE = [
    "",
    "",
    "",
    "",
    "Church of England",
    "CofE",
    "Catholic",
    "Community",
    "RC",
    "Infant",
    "Junior",
    "High",
]
LAST = (
    ["Primary School"] * 12
    + ["School"] * 5
    + ["Academy"] * 3
    + ["Primary Academy", "Nursery School", "College"]
)
SOUNDS = "ab and ash bro cam dal den el fair ford green ham hill holm ing ley mill nor oak over ton wick wood".split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.schools", description=__doc__)
    parser.add_argument(
        "--file", type=Path, help="a register (the real one where it is at hand, else an invented one)"
    )
    register = parser.parse_args().file or (REAL if REAL.exists() else None)
    content = register.read_bytes() if register else invented(SCHOOLS)
    print(
        f"Register: {register.name if register else 'invented'}; each question {ROUNDS} times, ranked and read.\n"
    )
    with contextlib.ExitStack() as stack:
        measure("SQLite", stack.enter_context(_site("")), content)
        url = stack.enter_context(stack.enter_context(postgresql_server()).database())
        measure("PostgreSQL", stack.enter_context(_site(url)), content)


def measure(kind: str, app: Flask, content: bytes) -> None:
    run = Load(lambda number, why: None)
    began = time.perf_counter()
    for what in (run.look, run.take):
        for _ in what(lines_of(io.BytesIO(content))):
            pass
    print(f"{kind}: {run.good:,} schools loaded in {time.perf_counter() - began:.1f} s\n")
    print("| question | p50 ms | p95 ms | slowest |")
    print("|---|---:|---:|---|")
    every: list[float] = []
    for name, questions in QUESTIONS.items():
        times = {question: [_ask(question) for _ in range(ROUNDS)] for question in questions}
        taken = [each for some in times.values() for each in some]
        slowest = max(times, key=lambda question: median(times[question]))
        print(
            f"| {name} | {_p(taken, 50):.1f} | {_p(taken, 95):.1f} | {slowest!r}, {median(times[slowest]):.1f} |"
        )
        every += taken
    print(f"| all | {_p(every, 50):.1f} | {_p(every, 95):.1f} | |\n")


def invented(count: int) -> bytes:
    """A register of that many schools that do not exist."""
    chance = Random(14)
    towns = sorted({_word(chance).title() for _ in range(2500)})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["URN", "EstablishmentName", "LA_name", "Phase", "Town", "Postcode", "Status"])
    for number in range(count):
        begins = chance.choice(FIRST) if chance.random() < 0.4 else _word(chance).title()
        name = " ".join(filter(None, (begins, chance.choice(MIDDLE), chance.choice(LAST))))
        town = towns[min(int(chance.expovariate(1 / 200)), len(towns) - 1)]
        postcode = f"{town[:2].upper()}{chance.randint(1, 30)} {chance.randint(1, 9)}{chance.choice('AB')}Y"
        authority = towns[number % 150]
        writer.writerow([100_000 + number, name, authority, "Primary", town, postcode, "Open"])
    return out.getvalue().encode()


@contextlib.contextmanager
def _site(url: str) -> Iterator[Flask]:
    with tempfile.TemporaryDirectory(prefix="bench-schools-") as instance:
        env = {"FORUM_ENV": "development", "INSTANCE": instance, "DATABASE_URL": url}
        app = create_app(Config.from_environment(env))
        with app.app_context():
            flask_migrate.upgrade()
            yield app
            db.session.remove()
            db.engine.dispose()


def _ask(question: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    find_schools(question)
    return (time.perf_counter() - began) * 1000


def _p(times: list[float], percent: int) -> float:
    return quantiles(times, n=100)[percent - 1]


def _word(chance: Random) -> str:
    return "".join(chance.choice(SOUNDS) for _ in range(chance.randint(2, 3)))


if __name__ == "__main__":
    main()
