"""Which characters a text may hold."""

import re

_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)
ISOLATE = re.compile("[\u2066-\u2069]")


def clean_text(text: str) -> str:
    """`text` with line ends as \\n and nothing in it that XML 1.0 forbids or that reorders what is around it.

    Control characters, lone surrogates and noncharacters go; so do bidirectional embeddings and overrides
    (U+202A to U+202E). Direction marks stay, and isolates (U+2066 to U+2069) are closed on their own line.
    """
    text = str(text)  # what is escaped already would escape the pieces too
    if text.replace("\n", "").isprintable():
        return text  # nearly every text; none of those characters is printable
    text = _FORBIDDEN.sub("", _BREAKS.sub("\n", text))
    if not ISOLATE.search(text):
        return text
    return "\n".join(_close_isolates(line) for line in text.split("\n"))


def trimmed(text: str | None) -> str:
    """What was typed into a field, clean, without space around it."""
    return clean_text(text or "").strip()


def one_line(text: str | None) -> str:
    """What was typed into a field, clean, in one line with single spaces."""
    return " ".join(clean_text(text or "").split())


def whole_number(text: str | None) -> int | None:
    """The number, of at most nine digits, that a form or a URL holds; None for nonsense and for nothing."""
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


def version(text: str | None) -> int:
    """The version of a thing that a form was opened with; -1, which nothing has, for nonsense."""
    number = whole_number(text)
    return -1 if number is None else number


def _close_isolates(line: str) -> str:
    """`line` with each isolate closed and no closing without an opening (Unicode UAX #9, BD9)."""
    open_ = 0
    kept = []
    for character in line:
        if character == "\u2069":
            if not open_:
                continue
            open_ -= 1
        elif "\u2066" <= character <= "\u2068":
            open_ += 1
        kept.append(character)
    return "".join(kept) + "\u2069" * open_
