"""Addresses of ours that say, sealed, what a mail to them is about: reply+<what>@our.domain."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from config import Config
from forum.core.db import now
from forum.core.tokens import sealed

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
LASTS = timedelta(days=60)
_SEAL = (
    20  # characters, 100 bits: with all else within the 64 characters of a local part (RFC 5321 §4.5.3.1.1)
)


class Plus(StrEnum):
    """What comes to the address."""

    REPLY = "r"  # of person `one` to post `other`
    BOUNCE = "b"  # letter `one` has come back


@dataclass(frozen=True)
class About:
    """What an address is about. An old one is still ours, and `is_old`."""

    kind: Plus
    one: int
    other: int
    until: datetime

    @property
    def is_old(self) -> bool:
        return self.until < now()


def plus_address(config: Config, kind: Plus, one: int, other: int = 0) -> str:
    """The address, or "" where the site takes no mail. Lower case only, since some servers know no other."""
    if not config.reply_address:
        return ""
    name, _, domain = config.reply_address.partition("@")
    days = (now() + LASTS - EPOCH).days
    said = kind + base64.b32encode(struct.pack(">IIH", one, other, days)).decode().lower().rstrip("=")
    return f"{name}+{said}{sealed('address', said)[:_SEAL]}@{domain}"


def about(config: Config, address: str) -> About | None:
    """What an address of ours is about; None for every other, and for one that somebody made up."""
    name, _, domain = config.reply_address.lower().partition("@")
    pattern = rf"{re.escape(name)}\+([rb][a-z2-7]{{16}})([a-z2-7]{{{_SEAL}}})@{re.escape(domain)}"
    found = re.fullmatch(pattern, address.strip().lower()) if name else None
    if found is None or not hmac.compare_digest(sealed("address", found[1])[:_SEAL], found[2]):
        return None
    try:
        one, other, days = struct.unpack(">IIH", base64.b32decode(found[1][1:].upper()))
    except (binascii.Error, struct.error):
        return None
    return About(Plus(found[1][0]), one, other, EPOCH + timedelta(days=days + 1))
