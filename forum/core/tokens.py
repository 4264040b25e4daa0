"""Random tokens: the person holds the token, we hold only its digest."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database keeps of a token: SHA-256 in hexadecimal. Enough, since the token is random."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
