"""Words that were written for machines of another time, as text."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header, make_header

from forum.core.characters import clean_text

# Windows' quotes and dashes, read by somebody as Latin-1, are control characters.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def decoded(raw: bytes) -> str:
    """A line as text: UTF-8, or else Latin-1, which every byte is."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decoded_words(header: str) -> str:
    """`header` with RFC 2047's `=?iso-8859-1?Q?...?=` as the words they stand for."""
    if "=?" not in header:
        return header
    try:
        return str(make_header(decode_header(header)))
    except (HeaderParseError, LookupError, ValueError):
        return header


def mended(text: str) -> str:
    """`text` with the quotes and dashes its writer meant, and without what no text may hold."""
    return clean_text(text if text.isascii() else text.translate(_WINDOWS))
