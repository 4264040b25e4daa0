"""The key of a page of results: where the batch of candidates begins, and after which thread of it to go on."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

Order = tuple[float, ...]
HIGHEST = 2**31


@dataclass(frozen=True)
class Key:
    """`first` and `below` are ids of posts: the search began below the first, this batch begins below the second.
    `last` is the place in order of the last thread that was shown, or None at the start of a batch."""

    first: int
    below: int
    last: Order | None = None

    def __str__(self) -> str:
        said = json.dumps([self.first, self.below, self.last], separators=(",", ":"))
        return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str | None) -> Key | None:
        """The key that `text` is; None where it is none."""
        if not text or len(text) > 200 or not text.isascii():
            return None
        try:
            first, below, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            key = cls(int(first), int(below), None if last is None else tuple(float(part) for part in last))
        except (binascii.Error, OverflowError, RecursionError, TypeError, ValueError):
            return None
        return key if 0 < key.below <= key.first <= HIGHEST and len(key.last or (0.0,)) <= 4 else None
