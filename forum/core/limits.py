"""Limits on tries and writes. Counts live outside the request's transaction, so a refused or failed request
still counts. The store is the database (`tally://`, see accounts), or Redis where one is set."""

from __future__ import annotations

from flask import session
from flask_limiter import Limiter

from forum.core.security import address


def person() -> str:
    """The key of a limit per person: the account where there is one, else the network address.
    Read from the session, since counting comes before the first query."""
    signed_in = str(session.get("_user_id", "")).partition(".")[0]
    return f"person {signed_in}" if signed_in else f"address {address()}"


limiter = Limiter(key_func=address, default_limits=[], headers_enabled=False, swallow_errors=False)
