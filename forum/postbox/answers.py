"""Letters to those who wrote to us by mail: that what they wrote waits, or why it goes back to them."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from flask import Flask, current_app, render_template

from forum.accounts.models import Letter, User
from forum.accounts.models.letters import made_by, write
from forum.core.mail import compose, dressed
from forum.postbox.reading import Mail

KIND = "answer"


def answer(mail: Mail, to: User, subject: str, template: str, **values: Any) -> Letter:
    """From templates/mail/<template>.txt, in the thread of their own mail."""
    letter = write(to.email or "", subject, template, **values)
    letter.kind, letter.answers = KIND, mail.id
    return letter


def make(letter: Letter) -> EmailMessage:
    """Its text, and the same in HTML."""
    config = current_app.config["FORUM"]
    words, _, foot = letter.text.rpartition("\n--\n")
    html = render_template("mail/answer.html", subject=letter.subject, words=words, foot=foot)
    name = f"letter-{letter.id}"
    return compose(config, letter.to, letter.subject, letter.text, dressed(config, html), name=name)


def init_app(app: Flask) -> None:
    made_by(app, KIND, make)
