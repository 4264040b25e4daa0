"""`python -m tests.bench.search`: how long a search takes in a large forum, and what the index costs a post.

Both databases, unless one is named. What the figures mean is in docs/performance.md."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import text

from config import Config
from forum import create_app
from forum.accounts.models import User
from forum.core.db import db
from forum.search.models import Query, search
from tests.bench.cases import FORM, SignedIn, signed_in
from tests.bench.load import HOST
from tests.bench.table import drawn
from tests.bench.zipf import Forum, fill
from tests.servers import postgresql_server

WANTED, WANTED_PHRASE = 50.0, 150.0  # ms, p95
SLOWER = 1.2
ASKED = 100  # different questions of each class
BLOCKS, POSTS = 40, 10  # replies are sent in blocks, with the index and without in turn


@dataclass(frozen=True)
class Class:
    """Questions of one kind; each call makes another."""

    name: str
    ask: Callable[[], dict[str, str]]
    wanted: float = WANTED


@dataclass
class Figures:
    engine: str
    posts: int
    filled: float
    rows: list[tuple[Class, list[tuple[float, float]]]] = field(default_factory=list)
    replies: dict[str, list[float]] = field(default_factory=lambda: {"with": [], "without": []})

    def lines(self) -> Iterator[str]:
        yield f"{self.engine}, {self.posts:,} posts, filled and indexed in {self.filled:.0f} s"
        yield ""
        head = ["search", "p50 ms", "p95 ms", "wanted", "reached", "CPU p50", "CPU p95"]
        yield from drawn([head, *([each.name, *_figures(times, each.wanted)] for each, times in self.rows)])
        with_index, without = (median(self.replies[which]) for which in ("with", "without"))
        ratio = with_index / without
        yield ""
        reached = "yes" if ratio <= SLOWER else "no"
        yield f"A reply takes {with_index:.1f} ms with the index, {without:.1f} without: {ratio:.2f}."
        yield f"At most {SLOWER}: {reached}"
        yield ""


def main() -> None:
    options = _options()
    for engine in options.engines:
        with _site(engine, options) as app:
            forum, filled = _filled(app, options.posts)
            figures = Figures(engine, options.posts, filled)
            _tell(f"{engine}: filled in {filled:.0f} s")
            measure(app, forum, figures, options.asked)
            measure_replies(app, forum, figures)
            print("\n".join(figures.lines()), flush=True)


def measure(app: Flask, forum: Forum, figures: Figures, asked: int) -> None:
    """Ask different questions of each class, all classes in turn, as GET requests do."""
    known = classes(forum)
    times: list[list[tuple[float, float]]] = [[] for _ in known]
    for turn in range(-3, asked):  # the first few only warm up
        for number, each in enumerate(known):
            args = each.ask()
            with app.test_request_context("/search"):
                cpu = _processor()
                began, used = time.perf_counter(), cpu()
                search(Query.from_args(args))
                took = (time.perf_counter() - began) * 1000, cpu() - used
            if turn >= 0:
                times[number].append(took)
    figures.rows = list(zip(known, times, strict=True))


def classes(forum: Forum) -> list[Class]:
    chance = Random(7)
    words = forum.words
    rare = itertools.cycle(chance.sample(words[12_000:40_000], 500))
    middling = itertools.cycle(chance.sample(words[150:1_500], 500))
    common = itertools.cycle(words[1:40])
    day = date.today() - timedelta(days=400)
    year = {"since": str(day - timedelta(days=365)), "until": str(day)}
    month = {"since": str(day - timedelta(days=30)), "until": str(day)}

    def one(word: Iterator[str], **more: str) -> Callable[[], dict[str, str]]:
        return lambda: {"q": next(word), **more}

    def two(first: Iterator[str], second: Iterator[str], **more: str) -> Callable[[], dict[str, str]]:
        return lambda: {"q": f"{next(first)} {next(second)}", **more}

    def phrase(**more: str) -> Callable[[], dict[str, str]]:
        return lambda: {"q": '"{} {}"'.format(*chance.sample(words[:40], 2)), **more}

    def by(word: Iterator[str]) -> Callable[[], dict[str, str]]:
        return lambda: {"q": next(word), "author": words[1000 + chance.randint(1, 2000)]}

    narrow = {"component": "assessment-for-learning", "phase": "primary", "position": "teacher"}
    commonest = itertools.repeat(words[0])
    return [
        Class("one rare word", one(rare)),
        Class("one rare word, filters", one(rare, **narrow)),
        Class("one middling word", one(middling)),
        Class("one middling word, filters", one(middling, **narrow)),
        Class("two words, both middling", two(middling, middling)),
        Class("two words, both common", two(common, common)),
        Class("two words, common and rare", two(common, rare)),
        Class("two words, filters", two(common, middling, **narrow)),
        Class("a name with others (SEN)", one(itertools.cycle(("SEN", "TA", "SEND")))),
        Class("a name with others, filters", one(itertools.cycle(("SEN", "TA", "SEND")), **narrow)),
        Class("the commonest word", one(commonest)),
        Class("the commonest word, one prompt", one(commonest, prompt="what-more")),
        Class("the commonest word, filters", one(commonest, **narrow)),
        Class("the commonest word, one author", by(commonest)),
        Class("the commonest word, one old year", one(commonest, **year)),
        Class("a common word, one old month", one(common, **month)),
        Class("a common word, newest first", one(common, sort="newest")),
        Class("a common word, in titles", one(common, title="1")),
        Class("a phrase of common words", phrase(), WANTED_PHRASE),
        Class("a phrase of common words, filters", phrase(**narrow), WANTED_PHRASE),
        Class("one wrong letter", lambda: {"q": _misspelled(chance, words)}, WANTED_PHRASE),
    ]


def measure_replies(app: Flask, forum: Forum, figures: Figures) -> None:
    """Send replies as a browser does, a block with the index and a block without, in turn."""
    chance = Random(8)
    with app.app_context():
        people = [signed_in(app, db.session.get_one(User, 1 + number)) for number in range(80)]
        db.session.remove()
    client = app.test_client(use_cookies=False)
    count, run = itertools.count(1), secrets.token_hex(4)

    def reply(who: SignedIn) -> float:
        number = next(count)
        fields = {
            "csrf_token": who.token,
            "disclosure": "named",
            "submission": f"{run}-{number}",
            "in_reply_to": "",
        }
        fields["body"] = " ".join(["The SEN register, and TAs:", *forum.some(80, 120)])
        began = time.perf_counter()
        answer = client.post(
            f"/threads/{chance.randint(2, forum.threads)}/posts",
            base_url=f"https://{HOST}",
            headers={**FORM, "Cookie": who.cookie},
            data=urlencode(fields),
        )
        took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 302, answer.status
        return took

    turns = itertools.cycle(people)
    for block in range(2 * BLOCKS):
        which = "without" if block % 2 else "with"
        with app.app_context():
            _set_index(which == "with")
        reply(next(turns))
        figures.replies[which] += [reply(next(turns)) for _ in range(POSTS)]
    with app.app_context():
        _set_index(True)


FOLLOWS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'posts' AND name LIKE 'search%'"
_TRIGGERS: dict[str, str] = {}


def _set_index(on: bool) -> None:
    """Let the index follow the posts, or not."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(
            text(f"ALTER TABLE posts {'ENABLE' if on else 'DISABLE'} TRIGGER search_posts_follow")
        )
    elif on:
        for statement in _TRIGGERS.values():
            db.session.connection().exec_driver_sql(statement)
        _TRIGGERS.clear()
    else:
        _TRIGGERS.update(dict(db.session.execute(text(FOLLOWS)).all()))
        for name in _TRIGGERS:
            db.session.execute(text(f"DROP TRIGGER {name}"))
    db.session.commit()


def _misspelled(chance: Random, words: list[str]) -> str:
    word = chance.choice([word for word in chance.sample(words[100:5_000], 50) if len(word) > 5])
    place = chance.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _processor() -> Callable[[], float]:
    """Milliseconds of processor time so far: ours, and that of the PostgreSQL process that works for us."""
    if db.engine.dialect.name == "sqlite":
        return lambda: time.thread_time() * 1000
    pid = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    server = Path(f"/proc/{pid}/schedstat")  # nanoseconds first
    return lambda: time.thread_time() * 1000 + int(server.read_text().split()[0]) / 1e6


def _figures(times: list[tuple[float, float]], wanted: float) -> list[str]:
    took, used = zip(*times, strict=True)
    p95 = quantiles(took, n=20)[-1]
    reached = "yes" if p95 <= wanted else "no"
    cpu = [f"{median(used):.1f}", f"{quantiles(used, n=20)[-1]:.1f}"]
    return [f"{median(took):.1f}", f"{p95:.1f}", f"{wanted:.0f}", reached, *cpu]


def _filled(app: Flask, posts: int) -> tuple[Forum, float]:
    """The site as it was filled earlier, or filled now; and the seconds that took."""
    done, began = app.config["FORUM"].instance / "filled", time.perf_counter()
    if done.exists():
        return Forum(posts), float(done.read_text())
    forum = fill(app, posts)
    done.write_text(str(time.perf_counter() - began))
    return forum, float(done.read_text())


@contextlib.contextmanager
def _site(engine: str, options: argparse.Namespace) -> Iterator[Flask]:
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-search-"))
        )
        yield stack.enter_context(_served(engine, folder, f"{engine}-{options.posts}", bool(options.keep)))


@contextlib.contextmanager
def _served(engine: str, folder: Path, name: str, kept: bool) -> Iterator[Flask]:
    instance = folder / name
    instance.mkdir(parents=True, exist_ok=True)
    environment = {
        "FORUM_ENV": "production",
        "FIRST_POSTS_HELD": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_URL": f"https://{HOST}",
        "INSTANCE": str(instance),
    }
    with contextlib.ExitStack() as stack:
        if engine == "postgresql":
            data = folder / "postgresql" if kept else None
            server = stack.enter_context(postgresql_server(data))
            database = server.kept(name.replace("-", "_")) if kept else stack.enter_context(server.database())
            environment["DATABASE_URL"] = database
        app = create_app(Config.from_environment(environment))
        yield app
        with app.app_context():
            db.engine.dispose()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000, help="posts (100000)")
    parser.add_argument("--keep", type=Path, help="a folder: sites filled there are kept, and used again")
    parser.add_argument("--asked", type=int, default=ASKED, help=f"questions of each class ({ASKED})")
    parser.add_argument(
        "--quick", action="store_true", help="10,000 posts, 20 questions: only to see it work"
    )
    parser.add_argument("--engine", dest="engines", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    options.engines = options.engines or ["sqlite", "postgresql"]
    if options.quick:
        options.posts, options.asked = 10_000, 20
    return options


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    main()
