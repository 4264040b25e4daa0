"""`python -m tests.bench`: fill two scratch sites, serve them, drive them, print the table."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from config import Config
from forum import create_app
from tests.bench.cases import Case, Site
from tests.bench.fill import Size, fill
from tests.bench.load import CONNECTIONS, HOST, Request, Run, ask, drive, generator
from tests.bench.servers import Server, hello, serving
from tests.bench.table import Figures, Row
from tests.servers import PostgreSQLServer

HELLO = [Request("GET", "/", {"Accept-Encoding": "gzip"})]
WARM = 3


def main() -> None:
    options = _options()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        large, small = (
            stack.enter_context(_site(posts, scratch, options))
            for posts in (options.posts, options.posts // 10)
        )
        threads = large[0].app.config["FORUM"].threads
        bare = stack.enter_context(hello(threads))
        before = os.getloadavg()[0]
        figures = measure(bare, large, small, options)
        figures.memory = large[1].memory()
    print(
        f"{options.rounds} rounds of {options.seconds} s, driven by {generator()} over {CONNECTIONS} connections;"
    )
    print(f"one worker of {threads} threads; the machine's load was {before:.1f} before the first.\n")
    print("\n".join(figures.lines()))


def measure(
    bare: Server, large: tuple[Site, Server], small: tuple[Site, Server], options: argparse.Namespace
) -> Figures:
    """Rounds of short runs: each case at both sizes, one after the other, and hello before, between and after."""
    cases = list(zip(large[0].cases(), small[0].cases(), strict=True))
    rows = [
        Row(many.name, many.wanted, (large[0].statements(many), small[0].statements(few)))
        for many, few in cases
    ]
    figures = Figures(options.posts, options.posts // 10, rows)
    for round in range(1, options.rounds + 1):
        hellos = [_run(bare, HELLO, 200, options.seconds, True)]
        for number, (row, (many, few)) in enumerate(zip(rows, cases, strict=True)):
            row.large.append(_run_case(large[1], many, options.seconds))
            row.small.append(_run_case(small[1], few, options.seconds))
            _tell(f"round {round} of {options.rounds}: {row.name}, {row.large[-1].rate:,.0f} a second")
            if number == len(rows) // 2:
                hellos.append(_run(bare, HELLO, 200, options.seconds, True))
        hellos.append(_run(bare, HELLO, 200, options.seconds, True))
        figures.hello_runs += hellos
        figures.hellos.append(median(run.rate for run in hellos))
    return figures


def _run_case(server: Server, case: Case, seconds: int) -> Run:
    return _run(server, case.requests(), case.status, seconds, case.again)


def _run(server: Server, requests: list[Request], status: int, seconds: int, again: bool) -> Run:
    """Some requests to look at the answers and to warm up, then the run."""
    for number in range(WARM):
        ask(server.port, requests[number % len(requests)], status)
    before = server.cpu()
    run = drive(server.port, requests if again else requests[WARM:], seconds, again)
    return replace(run, cpu=server.cpu() - before)


@contextlib.contextmanager
def _site(posts: int, scratch: Path, options: argparse.Namespace) -> Iterator[tuple[Site, Server]]:
    """A filled site, served as in production."""
    instance = scratch / str(posts)
    instance.mkdir()
    environment = {
        "FORUM_ENV": "production",
        "FIRST_POSTS_HELD": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_URL": f"https://{HOST}",
        "INSTANCE": str(instance),
        "DATABASE_URL": "",
        **{name: os.environ[name] for name in ("THREADS", "KEPT_BYTES") if name in os.environ},
    }
    with contextlib.ExitStack() as stack:
        if options.database:
            environment["DATABASE_URL"] = stack.enter_context(PostgreSQLServer(options.database).database())
        app = create_app(Config.from_environment(environment))
        kept = options.folder / f"{posts}.db" if options.folder else None
        if kept and kept.exists():
            _copy(kept, instance / "conversation.db")
        else:
            began = time.perf_counter()
            fill(app, Size(posts))
            _tell(f"filled {posts:,} posts in {time.perf_counter() - began:.0f} s")
            if kept and not options.database:
                _copy(instance / "conversation.db", kept)
        yield Site(app, options.rounds), stack.enter_context(serving(environment))


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000, help="posts of the larger site (100000)")
    parser.add_argument("--seconds", type=int, default=2, help="how long a run is (2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each figure (5)")
    parser.add_argument(
        "--quick", action="store_true", help="10,000 posts, two rounds of one second: only to see it work"
    )
    parser.add_argument(
        "--database", metavar="URL", help="a PostgreSQL server where scratch databases may be made"
    )
    parser.add_argument(
        "--folder", type=Path, help="where filled SQLite databases are kept for the next time"
    )
    options = parser.parse_args()
    if options.quick:
        options.posts, options.seconds, options.rounds = 10_000, 1, 2
    return options


if __name__ == "__main__":
    main()
