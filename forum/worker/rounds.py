"""The worker: does, after the request and never in its way, all that need not happen in one.

What is due is a row, committed with the act that caused it; the worker only goes round and looks. So nothing is lost
when it is killed, and several may go round at once."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from forum.core.db import db
from forum.worker.models import Chore, Heartbeat

log = structlog.get_logger("forum.worker")

Round = Callable[[], bool]
BEATS = 10.0  # seconds
IDLE = 5.0  # seconds between rounds that found nothing; a commit in this process rings besides


@dataclass(frozen=True)
class Standing:
    """One chore: done in each round, or by the clock every so often."""

    name: str
    do: Round
    every: timedelta | None = None


class Worker:
    """Goes round from chore to chore. Each chore does a bounded piece, commits it, and says whether more waits."""

    def __init__(self, app: Flask) -> None:
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(3)}"
        self._app = app
        self._bell = threading.Event()
        self._off_duty = threading.Event()
        self._thread: threading.Thread | None = None
        self._chores: list[Standing] = []
        self._last_beat = 0.0

    def also(self, chore: Round, name: str = "", every: timedelta | None = None) -> None:
        """See to `chore` in each round, or `every` so often; one worker at a time does what is done by the clock."""
        self._chores.append(Standing(name or f"{chore.__module__}.{chore.__qualname__}", chore, every))

    def start(self) -> None:
        """Work in a thread, beside the server's own."""
        self._thread = threading.Thread(target=self.work, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand and go home."""
        self.go_home()
        if self._thread is not None:
            self._thread.join()

    def go_home(self) -> None:
        self._off_duty.set()
        self._bell.set()

    @property
    def is_going_home(self) -> bool:
        return self._off_duty.is_set()

    def wake(self) -> None:
        self._bell.set()

    def work_until_told(self) -> None:
        """Work in this very thread until SIGTERM or SIGINT: what is in hand is finished first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.go_home())
        self.work()

    def go_round(self) -> bool:
        """Each chore once; True where more waits. What fails is logged, and its row tried again in its time: one
        chore that fails keeps none of the others from being done."""
        more = False
        for chore in self._chores:
            more = (not self.is_going_home and self._see_to(chore)) or more
        return more

    def work(self) -> None:
        while not self._off_duty.is_set():
            self._bell.clear()
            more = False
            with self._app.app_context():
                try:
                    self._beat()
                    more = self.go_round()
                except SQLAlchemyError as error:
                    log.error("work waits: the database did not answer", error=str(error))
                    self._off_duty.wait(1.0)
            if not more:
                self._bell.wait(timeout=IDLE)
        with self._app.app_context():
            Heartbeat.stop(self.name)
            db.session.commit()

    def _see_to(self, chore: Standing) -> bool:
        if chore.every is not None and not _taken(chore.name, chore.every):
            return False
        self._beat()
        try:
            more = chore.do()
        except (
            Exception
        ) as error:  # the worker's one place for what nobody foresaw, as Flask has one for a request
            db.session.rollback()
            log.exception("a chore failed", chore=chore.name)
            if chore.every is not None:
                Chore.settle(chore.name, f"{type(error).__name__}: {error}")
                db.session.commit()
            return False
        if chore.every is not None:
            Chore.settle(chore.name)
            db.session.commit()
        return more

    def _beat(self) -> None:
        if not self._last_beat or time.monotonic() - self._last_beat > BEATS:
            Heartbeat.beat(self.name)
            db.session.commit()
            self._last_beat = time.monotonic()


def _taken(name: str, every: timedelta) -> bool:
    """True for the one worker whose turn it is; the others see so at once."""
    taken = Chore.take(name, every)
    db.session.commit()
    return taken
