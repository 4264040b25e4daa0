"""Mails of ours that come back (RFC 3464), and complaints about them (RFC 5965)."""

from __future__ import annotations

import re
from typing import Any

from flask import current_app

from forum.accounts.models import DeadAddress, Letter
from forum.accounts.models.addresses import Why
from forum.core.db import db
from forum.core.mail import named_in
from forum.postbox.models import Outcome
from forum.postbox.reading import Mail

FOR_GOOD = re.compile(r"^5\.\d+\.\d+")
OURS = re.compile(rb"^Message-ID:\s*(<[^<>\s]+>)", re.I | re.M)


def take_report(mail: Mail, letter: int | None) -> tuple[Outcome, str]:
    """What to note of it. `letter` is known where it came back to the letter's own address; else the Message-ID in
    it must be one that we have sealed."""
    found = db.session.get(Letter, letter or _quoted(mail) or 0)
    if found is None:
        return Outcome.DROPPED, "a report about no letter of ours"
    kind = mail.message.get_param("report-type", failobj="")
    if kind == "feedback-report":
        DeadAddress.note(found.to, Why.COMPLAINED, "mail", "a complaint about a letter")
        return Outcome.NOTED, "a complaint"
    status, detail = _status(mail)
    if FOR_GOOD.match(status):
        DeadAddress.note(found.to, Why.BOUNCED, "mail", f"{status} {detail}")
        return Outcome.NOTED, f"came back for good ({status})"
    return Outcome.NOTED, f"came back for now ({status or 'no status'})"


def _status(mail: Mail) -> tuple[str, str]:
    """The status of the recipient that failed, and what the other server said."""
    for part in mail.message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        groups: Any = part.get_payload()
        for group in groups if isinstance(groups, list) else []:
            if str(group.get("Action", "")).strip().lower() == "failed":
                return str(group.get("Status", "")).strip(), str(group.get("Diagnostic-Code", ""))
    return "", ""


def _quoted(mail: Mail) -> int | None:
    """The letter of ours whose head the report has in it."""
    config = current_app.config["FORUM"]
    for id in OURS.findall(mail.raw):
        name = named_in(config, id.decode("ascii", "replace")) or ""
        if re.fullmatch(r"letter-\d{1,9}", name):
            return int(name.removeprefix("letter-"))
    return None
