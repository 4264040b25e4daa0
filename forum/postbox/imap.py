"""Fetching mail from a mailbox (IMAP), where IMAP_URL names one."""

from __future__ import annotations

import imaplib
from datetime import timedelta
from email.errors import MessageError
from urllib.parse import unquote, urlsplit

import structlog
from flask import Flask, current_app
from imap_tools import AND, BaseMailBox, MailBox, MailBoxUnencrypted, MailMessageFlags
from imap_tools.errors import ImapToolsError

from forum.postbox.taking import take

log = structlog.get_logger("forum.postbox")
OFTEN = timedelta(minutes=1)
AT_ONCE = 50  # mails


def fetch() -> bool:
    """Take in what waits. A mail is deleted there only when what became of it is committed here; one that cannot be
    read at all is flagged, and stays for somebody to look at. Taken twice, it changes nothing."""
    url = current_app.config["FORUM"].imap_url
    if not url:
        return False
    taken = 0
    try:
        with _mailbox(url) as box:
            for uid in box.uids(AND(flagged=False))[:AT_ONCE]:
                for found in box.fetch(AND(uid=uid), mark_seen=False):
                    _take(box, uid, found.obj.as_bytes())
                    taken += 1
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        log.warning("the mailbox was not read", error=str(error))
    return taken == AT_ONCE


def _take(box: BaseMailBox, uid: str, raw: bytes) -> None:
    try:
        take(raw)
    except (MessageError, UnicodeError, ValueError) as error:
        log.warning("a mail cannot be read", uid=uid, error=str(error))
        box.flag(uid, MailMessageFlags.FLAGGED, True)
    else:
        box.delete(uid)


def _mailbox(url: str) -> BaseMailBox:
    """`imaps://user:password@host:port/mailbox`, or `imap://…` on the same machine."""
    parts = urlsplit(url)
    box: BaseMailBox
    if parts.scheme == "imaps":
        box = MailBox(parts.hostname or "", parts.port or 993, timeout=30)
    else:
        box = MailBoxUnencrypted(parts.hostname or "", parts.port or 143, timeout=30)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return box.login(unquote(parts.username or ""), unquote(parts.password or ""), initial_folder=folder)


def init_app(app: Flask) -> None:
    if app.config["FORUM"].imap_url:
        app.extensions["worker"].also(fetch, "mailbox", every=OFTEN)
