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
    """`first` and `below` are places of posts: the search began below the first, this batch begins below the second.
    `thread` is the id that threads are below: what has been written since changes nothing. `last` is the place in order
    of the last thread that was shown, or None at the start of a batch."""

    first: int
    thread: int
    below: int
    last: Order | None = None

    @property
    def is_in_first_batch(self) -> bool:
        return self.below == self.first

    def __str__(self) -> str:
        said = json.dumps([self.first, self.thread, self.below, self.last], separators=(",", ":"))
        return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str | None) -> Key | None:
        """The key that `text` is; None where it is none."""
        if not text or len(text) > 200 or not text.isascii():
            return None
        try:
            first, thread, below, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            order = None if last is None else tuple(float(part) for part in last)
            key = cls(int(first), int(thread), int(below), order)
        except (binascii.Error, OverflowError, RecursionError, TypeError, ValueError):
            return None
        good = 0 < key.below <= key.first <= HIGHEST and 0 < key.thread <= HIGHEST
        return key if good and len(key.last or (0.0,)) <= 4 else None
