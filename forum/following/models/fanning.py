"""Telling everyone who wants to hear, batch by batch, after the act and never in its way."""

from __future__ import annotations


def fan_out(limit: int = 2000) -> bool:
    """One bounded batch of what is due first: at most `limit` people are told. True where more waits. The caller
    commits."""
    return False
