"""What is done for case studies once a day: authors are asked whether theirs are still true, and files that nobody
speaks of any more go. The worker does it by the clock; the commands do it now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from flask import Flask, current_app

from forum.case_studies.models.renewals import ask_about, due
from forum.case_studies.models.strays import forget_strays, is_spoken_of
from forum.core.db import db, now
from forum.core.storage import storage

DAILY = timedelta(days=1)
ASKED_A_DAY = 200  # studies: the rest is asked about on the next days
A_WHILE = 60.0  # seconds: the worker has other work


def renewals() -> Iterator[bool]:
    """Ask about each study that is due, and commit it; whether its author could be written to."""
    lasts = timedelta(days=current_app.config["FORUM"].study_lasts_days)
    for thread in list(db.session.scalars(due(lasts, now()))):
        asked = ask_about(thread, lasts)
        db.session.commit()
        if asked is not None:
            yield asked


def forget_drafts_files() -> int:
    """The files of discarded drafts, forgotten; how many. What they rested on goes with the next sweep."""
    strays = forget_strays(now() - DAILY)
    db.session.commit()
    return strays


def stored_files() -> Iterator[bool]:
    """Look at each stored file that is more than a day old; True where it was removed, as nothing refers to it."""
    before = now() - DAILY
    for name in storage().older_than(before):
        removed = not is_spoken_of(name) and storage().delete(name, before)
        db.session.rollback()
        yield bool(removed)


def ask() -> bool:
    list(islice(renewals(), ASKED_A_DAY))
    return False


def sweep() -> bool:
    forget_drafts_files()
    until = time.monotonic() + A_WHILE
    for _ in stored_files():
        if time.monotonic() > until:
            break
    return False


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(ask, "renewals", every=DAILY)
    app.extensions["worker"].also(sweep, "files", every=DAILY)
