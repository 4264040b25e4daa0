"""Answers by mail: from whom they say, once, by the same rules as on the site, and never lost without a word."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import current_app
from imap_tools import AND, MailBoxUnencrypted
from sqlalchemy import func, select

from forum.accounts.models import DeadAddress, Letter, User
from forum.accounts.models.letters import post as write_letter
from forum.core.db import db, now
from forum.core.mail import message_id
from forum.core.plus import Plus, about, plus_address
from forum.discussion.models import Post, Thread
from forum.postbox import stripping
from forum.postbox.imap import fetch
from forum.postbox.models import Received
from forum.postbox.stripping import Unreadable, own_words
from forum.postbox.taking import take
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.servers import free_port

SECRET = "a-secret-of-the-mail-provider"


@pytest.fixture
def told(site: Site) -> Iterator[Site]:
    """A site that takes mail."""
    before = site.app.config["FORUM"]
    site.app.config["FORUM"] = dataclasses.replace(
        before, reply_address="reply@conversation.example", mail_secret=SECRET
    )
    yield site
    site.app.config["FORUM"] = before


def answer(person: User, post: Post, text: str = "I **agree**.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    config = _config()
    message["From"] = headers.pop("From", f"{person.name} <{person.email}>")
    message["To"] = headers.pop("To", plus_address(config, Plus.REPLY, person.id, post.id))
    message["Subject"] = headers.pop("Subject", "Re: Talking about marking")
    message["Message-ID"] = headers.pop("Message-ID", f"<{time.monotonic_ns()}@school.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def _config() -> Any:
    return current_app.config["FORUM"]


def taken(message: EmailMessage) -> tuple[str, str]:
    received = take(message.as_bytes())
    return received.outcome, received.reason


def posts_in(thread: Thread) -> list[str]:
    found = db.session.scalars(select(Post.source).where(Post.thread_id == thread.id).order_by(Post.id)).all()
    db.session.rollback()
    return list(found)


def test_an_answer_becomes_one_post_by_its_writer(told: Site) -> None:
    ada = make_person("Ada Obi")
    thread = make_thread()
    first = post_of(thread)
    message = answer(
        ada, first, "I **agree**.\n\n-- \nAda Obi\nHillview\n\nOn Mon, 23 Nov 2026, A forum wrote:\n> What?"
    )
    assert taken(message) == ("posted", "")
    assert taken(message) == ("posted", "")
    assert posts_in(thread)[1:] == ["I **agree**."]
    post = post_of(thread, 2)
    assert (post.author_id, post.in_reply_to, post.disclosure) == (ada.id, 1, "named")
    assert "<strong>agree</strong>" in told.visitor().get(f"/threads/{thread.id}-{thread.slug}").text
    again = answer(
        ada, first, "I **agree**.", **{"Message-ID": message["Message-ID"], "Subject": "Otherwise"}
    )
    assert taken(again) == ("posted", "") and len(posts_in(thread)) == 2


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"From": "Somebody <else@example.org>"}, "another address"),
        ({"From": "a@example.org, b@example.org"}, "another address"),
        ({"Authentication_Results": "mx.example; spf=pass; dkim=none; dmarc=fail (p=reject)"}, "dmarc=fail"),
        ({"Authentication_Results": "mx.example; spf=fail smtp.mailfrom=x.example"}, "spf=fail"),
        ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted"),
        ({"Precedence": "bulk"}, "Precedence"),
        ({"X_Autoreply": "yes"}, "X-Autoreply"),
        ({"List_Id": "<staff.example.org>"}, "List-Id"),
        ({"Return_Path": "<>"}, "mail server"),
        ({"Subject": "Automatic reply: Talking about marking"}, "automatic reply"),
        ({"To": "reply+raaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@conversation.example"}, "no address of ours"),
        ({"To": "reply@conversation.example"}, "no address of ours"),
    ],
)  # fmt: skip
def test_machines_and_forged_senders_are_dropped_with_a_reason(
    told: Site, headers: dict[str, str], reason: str
) -> None:
    ada = make_person()
    thread = make_thread()
    outcome, why = taken(answer(ada, post_of(thread), **headers))
    assert outcome == "dropped" and reason in why
    assert len(posts_in(thread)) == 1
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.to == ada.email)) == 0


def test_what_cannot_be_taken_goes_back_with_its_words(told: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    thread = make_thread()
    message = answer(ada, post_of(thread), "Words that must not be <b>lost</b>.")
    thread = post_of(thread).thread
    thread.lock(team)
    db.session.commit()
    assert taken(message)[0] == "refused"
    (letter,) = [mail for mail in told.mail() if mail["To"] == ada.email]
    assert letter["Subject"] == "Not published: Re: Talking about marking"
    assert letter["In-Reply-To"] == message["Message-ID"] and letter["Auto-Submitted"] == "auto-replied"
    for kind in ("plain", "html"):
        part = letter.get_body((kind,))
        assert part is not None and "This thread is locked" in part.get_content()
        assert "Words that must not be <b>lost</b>." in unescape(part.get_content())
    assert "<b>" not in part.get_content() and f"/posts/{post_of(thread).id}</a>" in part.get_content()
    assert len(posts_in(thread)) == 1


def test_each_rule_of_the_site_holds_for_mail(told: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    ada_id = ada.id
    thread = make_thread()
    first = post_of(thread)
    with_file = answer(ada, first, "With a picture.")
    with_file.add_attachment(b"x" * 100, maintype="application", subtype="pdf", filename="plan.pdf")
    logo = answer(ada, first, "With a logo.")
    logo.add_attachment(b"x" * 100, maintype="image", subtype="png", disposition="inline", cid="<logo@x>")
    empty = answer(ada, first, "> only what was quoted\n")
    old = answer(ada, first, "Too late.")
    suspended = answer(ada, first, "Suspended.")
    held, hidden = answer(ada, first, "Held."), answer(ada, first, "Hidden.")
    assert "plan.pdf" in taken(with_file)[1]
    assert taken(logo) == ("posted", "")
    assert "no words of your own" in taken(empty)[1]
    with time_machine.travel(now() + timedelta(days=62), tick=False):
        assert "60 days" in taken(old)[1]
    ada = db.session.get_one(User, ada_id)
    ada.held_until = now() + timedelta(days=1)
    db.session.commit()
    assert taken(held)[0] == "held"
    assert [mail["Subject"] for mail in told.mail()][-1] == "Received: Talking about marking"
    ada = db.session.get_one(User, ada_id)
    ada.held_until, ada.suspended_until = None, now() + timedelta(days=1)
    db.session.commit()
    assert "suspended" in taken(suspended)[1]
    ada = db.session.get_one(User, ada_id)
    ada.suspended_until = None
    db.session.commit()
    post_of(thread).thread.hide(team, "other")
    db.session.commit()
    assert "no longer on the site" in taken(hidden)[1]
    assert posts_in(thread)[1:] == ["With a logo.", "Held."]


def test_the_limit_on_writing_is_one_for_site_and_mail(told: Site) -> None:
    ada = make_person()
    thread = make_thread()
    first = post_of(thread)
    browser = told.browser(ada)
    for _ in range(58):
        browser.post(f"/threads/{thread.id}/posts", {"body": "", "disclosure": "named"}, status=422)
    outcomes = [taken(answer(ada, first, f"Answer {n}"))[0] for n in range(4)]
    assert outcomes == ["posted", "posted", "refused", "refused"]


@pytest.mark.parametrize(
    ("text", "html", "said"),
    [
        ("Yes.\r\n\r\nSent from my iPhone\r\n\r\n> On 23 Nov, A wrote:\r\n> bla\r\n", False, "Yes."),
        ("On Mon, 23 Nov 2026 at 14:05, A <a@b.example> wrote:\n> bla\n\nBelow.\n", False, "Below."),
        ("Two:\n- one\n- two\n\n> said so\n\nThe end.", False, "Two:\n- one\n- two\n\n> said so\n\nThe end."),
        ("Words.\n\n-----Original Message-----\nFrom: A\nSent: today\n\nOld", False, "Words."),
        ('<div>Some <b>bold</b> words</div><p class="gmail_quote">On Mon:<i>old</i></p>', True, "Some **bold** words"),
        ("<p>One</p><script>x()</script><ul><li>a</li></ul><blockquote type=cite>old</blockquote>", True, "One\n\n- a"),
    ],
)  # fmt: skip
def test_quotations_and_signatures_are_left_out(text: str, html: bool, said: str) -> None:
    assert own_words(text, html) == said


def test_a_text_that_would_take_for_ever_is_sent_back(told: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripping, "SECONDS", 1)
    with pytest.raises(Unreadable):
        own_words("On " * 20_000)
    ada = make_person()
    assert taken(answer(ada, post_of(make_thread()), "On " * 20_000))[0] == "refused"


def test_an_address_says_what_it_is_for_and_cannot_be_made_up(told: Site) -> None:
    address = plus_address(_config(), Plus.REPLY, 2**32 - 1, 2**31)
    assert len(address.partition("@")[0]) <= 64 and address == address.lower()
    found = about(_config(), address.upper())
    assert found is not None and (found.one, found.other) == (2**32 - 1, 2**31) and not found.is_old
    for place in range(len("reply+"), address.index("@")):
        other = "a" if address[place] != "a" else "b"
        assert about(_config(), address[:place] + other + address[place + 1 :]) is None


REPORT = """From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered
MIME-Version: 1.0
Message-ID: <{id}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It failed.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@example.org
Action: failed
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--
"""


def test_mail_that_comes_back_for_good_stops_mail(told: Site) -> None:
    ada = make_person(email="ada@example.org")
    letter = write_letter("ada@example.org", "Hello", "Words")
    db.session.commit()
    to, ours = plus_address(_config(), Plus.BOUNCE, letter.id), message_id(_config(), f"letter-{letter.id}")
    said = {"to": to, "ours": "<x@y>"}
    assert take(REPORT.format(id="1", status="4.2.2", **said).encode()).outcome == "noted"
    assert DeadAddress.of("ada@example.org") is None
    forged = {
        "to": "reply@conversation.example",
        "ours": f"<letter-{letter.id}.aaaaaaaaaaaaaaaa@conversation.example.org>",
    }
    assert take(REPORT.format(id="2", status="5.1.1", **forged).encode()).outcome == "dropped"
    assert DeadAddress.of("ada@example.org") is None
    by_id = {"to": "reply@conversation.example", "ours": ours}
    assert take(REPORT.format(id="3", status="5.1.1", **by_id).encode()).outcome == "noted"
    dead = DeadAddress.of("ada@example.org")
    assert dead is not None and (dead.why, dead.told_by) == ("bounced", "mail")
    assert [mail for mail in told.mail() if mail["To"] == "ada@example.org"] == [], "nothing more goes there"
    browser = told.browser(ada)
    assert "came back on" in browser.get("/account/settings/address").words
    assert "came back" in browser.get("/account/settings").words
    browser.follow(browser.post("/account/settings/address"))
    (link,) = [mail for mail in told.mail() if mail["To"] == "ada@example.org"]
    path = link.get_content().partition("/account/settings/address/")[2].split()[0]
    page = told.visitor().get(f"/account/settings/address/{path}")
    assert DeadAddress.of("ada@example.org") is not None, "a GET changes nothing"
    visitor = told.visitor()
    visitor.post(f"/account/settings/address/{path}", status=200)
    assert "Press the button" in page.words
    db.session.rollback()
    assert DeadAddress.of("ada@example.org") is None
    visitor.get(f"/account/settings/address/{path}", status=410)


def test_the_provider_calls_with_its_secret(told: Site) -> None:
    visitor = told.visitor()
    good = {"Authorization": f"Bearer {SECRET}"}
    events = {"events": [{"type": "complaint", "address": "Ada@Example.org", "detail": "spam"}]}
    for headers, said, status in (
        ({}, events, 401),
        ({"Authorization": "Bearer wrong"}, events, 401),
        (good, {"events": [{"type": "other", "address": "a@b"}]}, 422),
        (good, ["x"], 422),
        (good, events, 200),
        (good, events, 200),
    ):
        visitor._answer("POST", "/mail/events", status, json=said, headers=headers)
        db.session.rollback()
        assert (DeadAddress.of("ada@example.org") is not None) == (status == 200)
        db.session.rollback()
    told.app.config["FORUM"] = dataclasses.replace(told.app.config["FORUM"], mail_secret="")
    visitor._answer("POST", "/mail/events", 404, json=events, headers=good)


def test_a_mailbox_is_emptied_and_each_mail_taken_once(told: Site) -> None:
    """A real IMAP server. What cannot be an answer goes too; the team can see why."""
    port = free_port()
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("pymap")),
            *f"--host 127.0.0.1 --port {port} --no-tls dict --demo-data".split(),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        ada = make_person()
        thread = make_thread()
        message = answer(ada, post_of(thread), "By IMAP – with a dash.")
        with MailBoxUnencrypted("127.0.0.1", port).login("demouser", "demopass") as box:
            for each in (message, message, answer(ada, post_of(thread), "x", From="else@example.org")):
                box.append(each.as_bytes(), "INBOX")
        url = f"imap://demouser:demopass@127.0.0.1:{port}/INBOX"
        told.app.config["FORUM"] = dataclasses.replace(told.app.config["FORUM"], imap_url=url)
        fetch()
        assert posts_in(thread)[1:] == ["By IMAP – with a dash."]
        fetch()
        with MailBoxUnencrypted("127.0.0.1", port).login("demouser", "demopass") as box:
            assert list(box.uids(AND(flagged=False))) == [], "only what was flagged before is left"
        mine = select(func.count(Received.id)).where(Received.subject.startswith("Re: Talking"))
        assert db.session.scalar(mine) == 2
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            MailBoxUnencrypted("127.0.0.1", port).client.shutdown()
            return
        except OSError:
            time.sleep(0.1)


def test_a_pipe_takes_one_mail(told: Site) -> None:
    ada = make_person()
    thread = make_thread()
    message = answer(ada, post_of(thread), "By pipe.", To="undisclosed-recipients:;")
    to = plus_address(_config(), Plus.REPLY, ada.id, post_of(thread).id)
    db.session.rollback()
    result = told.app.test_cli_runner().invoke(args=["mail", "receive", "--to", to], input=message.as_bytes())
    assert result.output.endswith("posted\n")
    assert posts_in(thread)[1:] == ["By pipe."]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xff\xfe\x00", b"From: \nTo: <<>>\n\nx", b"eHg" * 300])
def test_whatever_comes_is_taken_without_a_fault(told: Site, raw: bytes) -> None:
    assert take(raw).outcome == "dropped"


def test_administrators_see_what_failed_and_try_again(told: Site) -> None:
    letter = write_letter("ada@example.org", "A subject", "Words")
    letter.due_at, letter.given_up_at, letter.tries, letter.error = None, now(), 6, "554 go away"
    db.session.commit()
    make_reply(make_thread())
    take(answer(make_person(), post_of(make_thread()), From="Forged <else@example.org>").as_bytes())
    admin = told.browser(make_person(role="administrator"))
    page = admin.get("/team/letters")
    assert "A subject" in page.words and "554 go away" in page.words and "from another address" in page.words
    told.browser(make_person(role="team")).get("/team/letters", status=403)
    for _ in range(2):
        admin.post(f"/team/letters/{letter.id}/again")
    assert "A subject" in [mail["Subject"] for mail in told.mail()]
