"""Plain text, as mail is written, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forum.core.characters import clean_text

DEEPEST_QUOTE = 10
NARROW, WIDE, RAGGED = 65, 100, 8

_QUOTED = re.compile(rf"(?: {{0,3}}> ?){{1,{DEEPEST_QUOTE}}}")
_GAP = re.compile(r"\S {3,}\S")
_DRAWN = re.compile(r"[^\w\s.,;:'\"?!()>-]")
_OWN_LINE = re.compile(r"[-+*#|:}%=~$]|\w{1,3}[.)]\s|\w{0,4}>")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")
_MAY_MARK = re.compile(r"[*`_\\\]<&~!]")
_MARK = re.compile(
    r"https?://[^\s<>\"\\]+"
    r"|[*`]|(?<![^\W_])_|_(?![^\W_])|\\(?=[!-/:-@\[-`{-~]|$)|\](?=[(\[:])|<(?=[^\s<>]*[:@])|&(?=#?\w{1,31};)"
    r"|~(?=~)|(?<=~)~|!(?=\[)"
)


def from_plain_text(text: str) -> str:
    """Markdown that shows plain text, as in mail, the way it was meant to be read.

    Quotes (`>`) stay quotes. Everything else that Markdown would take for a mark is shown as it was typed. A
    paragraph flows, except where its writer ended a line early; what was laid out in columns, or drawn, keeps
    its spaces. So a signature's `-- ` is a line of its own and not the underline of a heading.
    """
    blocks = list(_blocks(text))
    lines: list[str] = []
    for position, (level, block) in enumerate(blocks):
        if position:
            lines.append("> " * min(level, blocks[position - 1][0]))
        shown = _as_laid_out(block) if _laid_out(block) else _as_prose(block)
        lines += ["> " * level + line for line in shown]
    return "\n".join(line if line.strip(" >") else line.rstrip() for line in lines)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Paragraphs of `text`: how deep each is quoted, and its lines without the quote marks."""
    level, block = 0, list[str]()
    for line in [*clean_text(text).split("\n"), ""]:
        line = line.expandtabs(8).rstrip()
        quoted = _QUOTED.match(line)
        depth = quoted[0].count(">") if quoted else 0
        rest = line[quoted.end() :] if quoted else line
        if block and (depth != level or not rest.strip()):
            yield level, block
            block = []
        if rest.strip():
            level = depth
            block.append(rest)


def _laid_out(block: list[str]) -> bool:
    """Is this a table, a drawing, code: something whose spaces matter?"""
    if len(block) < 2:
        return False
    words = "".join(block).replace(" ", "")
    if len(block) > 2 and len(_DRAWN.findall(words)) > len(words) / 5:
        return True
    if all(line.startswith("    ") for line in block):
        return True
    return sum(bool(_GAP.search(line.strip())) for line in block) >= max(2, len(block) / 3)


def _as_laid_out(block: list[str]) -> list[str]:
    return [f"    {line}" for line in block]


def _as_prose(block: list[str]) -> list[str]:
    """The lines of a paragraph, each with a hard break after it unless it was only full: the next line's
    first word would have had no room on it, within what a ragged margin varies."""
    lines = [line.strip() for line in block]
    widest = max(len(line) for line in lines)
    shown = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        room = len(line) + 1 + len(after.partition(" ")[0]) <= max(widest, NARROW) - RAGGED
        ends = bool(after) and (room or widest > WIDE or bool(_OWN_LINE.match(after)))
        shown.append(_escaped(line) + "  " * ends)
    return shown


def _escaped(line: str) -> str:
    """`line` with a backslash before each mark that Markdown would take for its own; not in web addresses."""
    marked = _MARK.sub(_escape, line) if _MAY_MARK.search(line) else line
    number = _NUMBER.match(marked)
    if number:
        return f"{number[0]}\\{marked[number.end() :]}"
    return "\\" + marked if marked[0] in "-+=#|:~>" else marked


def _escape(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else "\\" + found[0]
