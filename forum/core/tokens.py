"""Random tokens: the person holds the token, we hold only its digest. And seals, which show that a text is ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from flask import current_app


def new_token() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database keeps of a token: SHA-256 in hexadecimal. Enough, since the token is random."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def sealed(purpose: str, text: str) -> str:
    """32 characters (160 bits, lower case) that only we can make of `text`, for one `purpose`."""
    key = hashlib.sha256(f"{purpose}\0{current_app.config['SECRET_KEY']}".encode()).digest()
    made = hmac.new(key, text.encode(), hashlib.sha256).digest()[:20]
    return base64.b32encode(made).decode().lower()
