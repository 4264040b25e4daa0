"""Text as it is compared: no capitals, accents, full-width letters or characters that do not show; one space between
words, whatever was typed."""

from __future__ import annotations

import re
import unicodedata

FULL_STOPS = {0x3002: ".", 0xFF61: "."}  # browsers take these for the dots of an address too
SPACED = dict.fromkeys((0x09, 0xA0, 0x2007, 0x2009, 0x202F), " ") | {0x2010: "-", 0x2011: "-"}
UNSEEN = ("Mn", "Me", "Cf")
LOOKS_LIKE = ("<wide>", "<narrow>", "<font>", "<circle>")  # a letter or digit in another dress
_SPACES = re.compile(r"\s+")


class _Fold(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isspace():
            plain = " "
        else:
            parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
            plain = "".join(c for c in parts if unicodedata.category(c) not in UNSEEN)
        self[code] = plain
        return plain


class _Plain(dict[int, str]):
    """The same where capitals and accents say something."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = "" if unicodedata.category(character) in UNSEEN else character
        if unicodedata.decomposition(character).startswith(LOOKS_LIKE):
            plain = unicodedata.normalize("NFKC", character)
        self[code] = plain
        return plain


FOLD = _Fold(FULL_STOPS)
PLAIN = _Plain(SPACED)


def folded(text: str) -> str:
    return _SPACES.sub(" ", text.lower() if text.isascii() else text.translate(FOLD))


def places(text: str) -> list[int]:
    """Of each character of `folded(text)`, and of its end, where it stands in `text`."""
    found: list[int] = []
    spaced = False
    for at, character in enumerate(text):
        for plain in FOLD[ord(character)]:
            if plain != " " or not spaced:
                found.append(at)
            spaced = plain == " "
    found.append(len(text))
    return found


def plain(text: str) -> str:
    """`text` in plain letters, digits and spaces, without what does not show; capitals and accents stay."""
    return text.translate(PLAIN)


def plain_places(text: str) -> list[int]:
    """Of each character of `plain(text)` where it stands in `text`."""
    return [at for at, character in enumerate(text) for _ in PLAIN[ord(character)]]
