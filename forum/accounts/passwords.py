"""Passwords: argon2id, an offline list of common ones."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 1024
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    return HASHER.hash(_normal(password))


def matches(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def spend_the_same_time(password: str) -> None:
    """Do for nobody what `matches` does for somebody."""
    matches(_nobody(), password)


def weakness(password: str, *about: str | None) -> str | None:
    """Why `password` may not be chosen, in words to show, or None. `about` is what others know of them."""
    if len(password) < SHORTEST:
        return f"Password must be at least {SHORTEST} characters long"
    if len(password) > LONGEST:
        return f"Password must be {LONGEST:,} characters or fewer"
    if _bare(password) in {_bare(known) for known in about if known}:
        return "Password must not be your name or your email address"
    if is_common(password):
        return "Password is too easy to guess. Try three words that do not belong together"
    return None


def is_common(password: str) -> bool:
    """True for a password on the list, also when it is only repeated, cased or numbered differently."""
    folded = _normal(password).casefold()
    if len(set(folded)) < 4:
        return True
    return any(form in _common() for form in (folded, folded.rstrip("0123456789!?.,@#$*"), _halved(folded)))


def _bare(text: str) -> str:
    return "".join(_normal(text).casefold().split())


def _halved(word: str) -> str:
    half = word[: len(word) // 2]
    return half if half * 2 == word else word


def _normal(password: str) -> str:
    """The same typed word is the same bytes on every keyboard (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()


@cache
def _nobody() -> str:
    return HASHER.hash("nobody has this password")


@cache
def _common() -> frozenset[str]:
    """zxcvbn's list, read when it is first asked for: the whole package would hold 13 MB in every worker."""
    package = find_spec("zxcvbn")
    folders = (package.submodule_search_locations if package else None) or []
    return frozenset(run_path(str(Path(folders[0]) / "frequency_lists.py"))["FREQUENCY_LISTS"]["passwords"])
