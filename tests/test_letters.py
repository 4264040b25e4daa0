"""Letters: due rows that a real SMTP server receives, once each, whatever fails on the way."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from forum.accounts.letters import PAUSES, deliver_a_turn, deliver_due
from forum.accounts.models import Letter
from forum.core.db import db, now
from forum.worker.rounds import Worker
from tests.browser import Site
from tests.servers import free_port


class Receiver:
    """Keeps what it is sent; answers `reply` where that is set."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.reply = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.reply:
            return self.reply
        self.messages.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def receiver(site: Site) -> Iterator[Receiver]:
    """A real SMTP server, and a site that sends its mail there."""
    handler, before = Receiver(), site.app.config["FORUM"]
    server = Controller(handler, hostname="127.0.0.1", port=free_port())
    server.start()
    site.app.config["FORUM"] = dataclasses.replace(before, smtp_url=f"smtp://127.0.0.1:{server.port}")
    yield handler
    site.app.config["FORUM"] = before
    server.stop()


def due(to: str = "ada@example.org", subject: str = "Subject", text: str = "Words – with a dash") -> int:
    letter = Letter(to=to, subject=subject, text=text)
    db.session.add(letter)
    db.session.commit()
    return letter.id


def test_a_letter_arrives_whole_and_once(site: Site, receiver: Receiver) -> None:
    id = due()
    assert deliver_due() == 1
    assert deliver_due() == 0
    (message,) = receiver.messages
    assert (message["To"], message["Subject"]) == ("ada@example.org", "Subject")
    assert message["From"] == site.app.config["FORUM"].mail_from and message["Message-ID"] and message["Date"]
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes) and body.decode("utf-8").strip() == "Words – with a dash"
    letter = db.session.get_one(Letter, id)
    assert letter.sent_at and letter.due_at is None and letter.text == ""


def test_a_refusal_is_tried_again_with_growing_pauses_and_then_given_up(
    site: Site, receiver: Receiver
) -> None:
    id = due()
    receiver.reply = "451 try later"
    at = now()
    for pause in [timedelta(0), *PAUSES]:
        at += pause + timedelta(seconds=1)
        with time_machine.travel(at, tick=False):
            assert deliver_due() == 0
            assert deliver_due() == 0, "not before its time"
    db.session.expire_all()
    letter = db.session.get_one(Letter, id)
    assert letter.due_at is None and letter.sent_at is None and letter.tries == 1 + len(PAUSES)
    assert letter.text, "what could not be sent is kept"


def test_a_server_that_is_away_costs_no_letter(site: Site) -> None:
    before = site.app.config["FORUM"]
    site.app.config["FORUM"] = dataclasses.replace(before, smtp_url=f"smtp://127.0.0.1:{free_port()}")
    try:
        id = due()
        assert deliver_due() == 0
        assert db.session.get_one(Letter, id).due_at is not None
    finally:
        site.app.config["FORUM"] = before


def test_two_at_work_send_nothing_twice(site: Site, receiver: Receiver) -> None:
    for n in range(30):
        due(subject=f"Letter {n}")
    db.session.rollback()

    def work(_: int) -> int:
        with site.app.app_context():
            return deliver_due()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 30
    assert sorted(str(message["Subject"]) for message in receiver.messages) == sorted(
        f"Letter {n}" for n in range(30)
    )


def test_a_claim_whose_holder_died_runs_out(site: Site, receiver: Receiver) -> None:
    id = due()
    letter = db.session.get_one(Letter, id)
    letter.due_at, letter.tries = now() + timedelta(minutes=5), 1
    site.commit()
    assert deliver_due() == 0
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert deliver_due() == 1


def test_a_subject_cannot_smuggle_a_header(site: Site, receiver: Receiver) -> None:
    due(subject="Hello\r\nBcc: everyone@example.org")
    deliver_due()
    assert receiver.messages[0]["Bcc"] is None


def test_a_letter_is_written_only_if_its_act_is_committed(site: Site) -> None:
    form = {
        "name": "",
        "email": "ada@example.org",
        "password": "nine green fields",
        "position": "teacher",
        "adult": "y",
    }
    site.visitor().post("/account/register", form, status=422)
    assert db.session.scalar(select(func.count(Letter.id))) == 0
    site.visitor().post("/account/register", {**form, "name": "Ada Obi"})
    assert db.session.scalar(select(func.count(Letter.id))) == 1


def test_the_worker_delivers_while_the_site_serves(site: Site, receiver: Receiver) -> None:
    worker = Worker(site.app)
    worker.also(deliver_a_turn)
    due()
    db.session.rollback()
    worker.start()
    for _ in range(200):
        if receiver.messages:
            break
        time.sleep(0.05)
    worker.stop()
    assert len(receiver.messages) == 1
