"""A mail as it came, and what can be asked of it."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses

from config import Config
from forum.core.plus import About, about
from forum.postbox.stripping import own_words

LARGEST = 10 * 1024 * 1024  # bytes
LOGO = 50 * 1024  # bytes of a picture that belongs to a signature
TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
HARMLESS = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
HARMLESS |= {"text/calendar", "text/vcard", "text/x-vcard", "application/ms-tnef"}
AWAY = re.compile(
    r"^\s*(automatic reply|auto(matic)?[- ]?(reply|response)|out of (the )?office|away from)\b", re.I
)
MACHINES = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+-].*)?@", re.I)


@dataclass(frozen=True)
class Mail:
    """One mail. Every header of it may be made up by whoever sent it."""

    message: EmailMessage
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> Mail:
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        return cls(parsed, raw)

    @property
    def id(self) -> str:
        found = re.search(r"<[^<>\s]{1,280}>", self.header("Message-ID"))
        return found[0] if found else ""

    @property
    def digest(self) -> str:
        """What tells this mail from every other."""
        named = f"{self.id}\0{self.sender.casefold()}".encode("utf-8", "replace") if self.id else self.raw
        return hashlib.sha256(named).hexdigest()

    @property
    def sender(self) -> str:
        """The one address in From, or "" where there is none, or several."""
        found = [address for _, address in getaddresses([self.header("From")]) if "@" in address]
        return found[0][:320] if len(found) == 1 else ""

    @property
    def subject(self) -> str:
        return " ".join(self.header("Subject").split())[:200]

    def header(self, name: str) -> str:
        """A header's text, however badly it is written."""
        return " ".join(self._all(name))

    def about(self, config: Config, to: str = "") -> About | None:
        """What the address of ours that it came to is about; `to` is what the mail server says that was."""
        for _, address in getaddresses([to, *(text for name in TO for text in self._all(name))]):
            if (found := about(config, address)) is not None:
                return found
        return None

    @property
    def by_machine(self) -> str:
        """Why it seems that no person wrote it, or ""."""
        if self.header("Auto-Submitted").lower().strip() not in ("", "no"):
            return "sent by a machine (Auto-Submitted)"
        if self.header("Precedence").lower().strip() in ("bulk", "junk", "list", "auto_reply"):
            return "sent by a machine (Precedence)"
        for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "List-Id", "X-Loop"):
            if self.header(name):
                return f"sent by a machine ({name})"
        if (
            self.header("Return-Path").strip() == "<>"
            or self.message.get_content_type() == "multipart/report"
        ):
            return "a report of a mail server"
        if MACHINES.match(self.sender):
            return "sent by a machine (From)"
        return "an automatic reply, by its subject" if AWAY.match(self.subject) else ""

    @property
    def forged(self) -> str:
        """Why its sender is not believed, as far as the server that took it in tells (RFC 8601); or ""."""
        said = " ".join(self._all("Authentication-Results")).lower()
        if re.search(r"\bdmarc=fail\b", said):
            return "its sender is not proven (dmarc=fail)"
        if re.search(r"\bspf=fail\b", said) and not re.search(r"\b(dkim|dmarc)=pass\b", said):
            return "its sender is not proven (spf=fail)"
        return ""

    @property
    def attachments(self) -> list[str]:
        """The names of files that somebody wanted to send; signatures, and small pictures in them, are none."""
        return [part.get_filename() or part.get_content_type() for part in self._files()]

    def words(self) -> str:
        """What its writer wrote; see stripping.py. Raises Unreadable."""
        body = self.message.get_body(("plain", "html"))
        if body is None:
            return ""
        try:
            text = str(body.get_content())
        except (LookupError, UnicodeError):  # a character set that nobody knows
            payload = body.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        return own_words(text, html=body.get_content_subtype() == "html")

    def _files(self) -> Iterator[EmailMessage]:
        for part in self.message.walk():
            if part.is_multipart() or part.get_content_type() in HARMLESS:
                continue
            kind, type = part.get_content_disposition(), part.get_content_type()
            payload = part.get_payload(decode=True) or b""
            if type.startswith("text/") and kind != "attachment":
                continue
            if type.startswith("image/") and kind != "attachment" and len(payload) <= LOGO:
                continue
            yield part

    def _all(self, name: str) -> list[str]:
        try:
            return [str(value) for value in self.message.get_all(name, [])]
        except (
            ValueError,
            IndexError,
            AttributeError,
            TypeError,
        ):  # what the parser of headers stumbles over
            raw = [value for key, value in self.message.raw_items() if key.lower() == name.lower()]
            return [str(value) for value in raw]
