"""The worker: goes round, lives visibly, does each thing by the clock once, and goes home when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import time_machine
from sqlalchemy import select

from forum.accounts.models import Letter
from forum.case_studies import upkeep
from forum.core.db import db, now
from forum.core.storage import storage
from forum.worker.models import Chore, Heartbeat
from forum.worker.rounds import Worker
from tests.bench import kills
from tests.browser import Site
from tests.factories import make_study


def test_ready_tells_when_no_worker_lives(site: Site) -> None:
    assert "worker" in site.visitor().get("/ready", status=503).text
    Heartbeat.beat("one")
    db.session.commit()
    assert site.visitor().get("/ready").text == "ready\n"
    with time_machine.travel(now() + timedelta(minutes=3), tick=False):
        site.visitor().get("/ready", status=503)
        Heartbeat.beat("one")
        db.session.commit()
        site.visitor().get("/ready")
        Heartbeat.stop("one")
        db.session.commit()
        site.visitor().get("/ready", status=503)


def test_a_chore_that_fails_keeps_none_of_the_others_from_being_done(site: Site) -> None:
    worker, done = Worker(site.app), []

    def fails() -> bool:
        raise ZeroDivisionError("as nobody foresaw")

    def counts() -> bool:
        done.append(1)
        return len(done) == 1

    worker.also(fails, "fails", every=timedelta(hours=1))
    worker.also(counts)
    assert worker.go_round() is True
    assert worker.go_round() is False
    assert "nobody foresaw" in db.session.get_one(Chore, "fails").error


def test_what_is_done_by_the_clock_is_done_once_by_whoever_comes(site: Site) -> None:
    done: list[str] = []
    workers = [Worker(site.app), Worker(site.app)]
    for worker in workers:
        worker.also(lambda: bool(done.append("x")), "daily", every=timedelta(days=1))
    for worker in workers:
        worker.go_round()
    assert done == ["x"]
    with time_machine.travel(now() + timedelta(days=1, minutes=1), tick=False):
        for worker in workers:
            worker.go_round()
    assert done == ["x", "x"]


def test_the_command_works_until_sigterm_and_goes_home_cleanly(site: Site) -> None:
    db.session.add(Letter(to="ada@example.org", subject="Due", text="Words"))
    db.session.commit()
    config = site.app.config["FORUM"]
    env = {
        **os.environ,
        "FORUM_ENV": "development",
        "FLASK_APP": "wsgi",
        "INSTANCE": str(config.instance),
        "DATABASE_URL": config.database_url,
    }
    worker = subprocess.Popen([sys.executable, "-m", "flask", "worker"], env=env, cwd=config.root)
    try:
        for _ in range(300):
            sent, alive = db.session.scalar(select(Letter.sent_at)), Heartbeat.alive()
            db.session.rollback()
            if sent is not None:
                break
            time.sleep(0.1)
        assert alive
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
    finally:
        worker.kill()
    assert sent is not None
    assert not Heartbeat.alive()


def test_a_worker_killed_at_any_moment_loses_nothing() -> None:
    """Small; `python -m tests.bench.kills` does it two hundred times, and says more."""
    outcome = kills.run(kills=3, posts=6, followers=5)
    assert outcome.is_good, outcome


def test_the_days_chores_are_done_once_by_two_workers(site: Site) -> None:
    """Old case studies are asked about, and stored files that nothing refers to go, though two workers come by."""
    study = make_study()
    study.confirmed_at = now() - timedelta(days=800)
    name = storage().put(b"nobody speaks of these bytes")
    site.commit()
    workers = []
    for _ in range(2):
        worker = Worker(site.app)
        site.app.extensions["worker"], kept = worker, site.app.extensions["worker"]
        upkeep.init_app(site.app)
        site.app.extensions["worker"] = kept
        workers.append(worker)
    with time_machine.travel(now() + timedelta(days=2), tick=False):
        for worker in (*workers, *workers):
            assert worker.go_round() is False
        assert {each.name: each.error for each in Chore.all()} == {"files": "", "renewals": ""}
    letters = db.session.scalars(select(Letter).where(Letter.subject.contains("Is it still true?"))).all()
    assert len(letters) == 1
    assert not storage().exists(name)
