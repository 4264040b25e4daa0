"""The register of schools as a file: the columns of Get Information About Schools, under its own long names or the
short ones of a public copy, in UTF-8 or Windows-1252."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from forum.accounts.models import LARGEST_URN
from forum.core.characters import clean_text

LONGEST_LINE = 100_000  # bytes
LONGEST_RECORD = 10  # lines, where a field has breaks in it

# Ours -> the register's names for it, in small letters.
COLUMNS = {
    "urn": ("urn",),
    "name": ("establishmentname",),
    "local_authority": ("la (name)", "la_name"),
    "type": ("typeofestablishment (name)", "typeofestablishment"),
    "phase": ("phaseofeducation (name)", "phaseofeducation", "phase"),
    "town": ("town",),
    "postcode": ("postcode",),
    "constituency": ("parliamentaryconstituency (name)", "parliamentaryconstituency", "constituency"),
    "status": ("establishmentstatus (name)", "establishmentstatus", "status"),
    "closed_on": ("closedate",),
}
NEEDED = {"urn": "URN", "name": "EstablishmentName"}
LONGEST = {"name": 200, "postcode": 10}
LONGEST_OTHER = 100
PHASES = {
    "nursery": "early-years",
    "primary": "primary",
    "middle deemed primary": "middle",
    "middle deemed secondary": "middle",
    "secondary": "secondary",
    "16 plus": "16-plus",
    "all-through": "all-through",
    "all through": "all-through",
}
SPECIAL = ("special", "alternative provision", "pupil referral")
OPEN = ("", "open", "open, but proposed to close", "proposed to open")
CLOSED = ("closed",)


class NotARegister(ValueError):
    """A file that cannot be the register; the message says why."""


class BadRow(ValueError):
    """A row that is left out; the message says why. `urn` is its number where that could be read."""

    def __init__(self, why: str, urn: int | None = None) -> None:
        super().__init__(why)
        self.urn = urn


@dataclass(frozen=True, slots=True)
class Row:
    """One school. `fields` are the columns of School; closed_on is None in them where a closed school has no date."""

    urn: int
    is_closed: bool
    fields: dict[str, Any]


def rows_of(lines: Iterable[bytes]) -> Iterator[tuple[int, Row | BadRow]]:
    """The rows below the header of a file, each with the number of its line, from 1. Raises NotARegister."""
    records = _records(lines)
    columns, width = _columns(next(records, None))
    seen: set[int] = set()
    for number, record in records:
        try:
            if isinstance(record, BadRow):
                raise record
            if not any(field.strip() for field in record):
                continue
            row = _row(columns, width, record)
            if row.urn in seen:
                raise BadRow(f"URN {row.urn} again", row.urn)
        except BadRow as error:
            yield number, error
        else:
            seen.add(row.urn)
            yield number, row


def _columns(header: tuple[int, list[str] | BadRow] | None) -> tuple[dict[str, int], int]:
    """Where each of our columns stands, and how many there are."""
    if header is None:
        raise NotARegister("The file is empty.")
    names = header[1]
    if isinstance(names, BadRow):
        raise NotARegister(f"This is not the register of schools: its first line is {names}.")
    places = {name.strip().casefold(): place for place, name in reversed(list(enumerate(names)))}
    found = {
        ours: next(places[each] for each in theirs if each in places)
        for ours, theirs in COLUMNS.items()
        if any(each in places for each in theirs)
    }
    missing = [name for ours, name in NEEDED.items() if ours not in found]
    if missing:
        begins = "".join(each for each in ",".join(names) if each.isprintable())[:60]
        raise NotARegister(
            f"This is not the register of schools: its first line has no column {' and no column '.join(missing)}. "
            f"It begins “{begins}”."
        )
    return found, len(names)


def _records(lines: Iterable[bytes]) -> Iterator[tuple[int, list[str] | BadRow]]:
    """What CSV makes of `lines`. A quote that is never closed costs its own line, not the rest of the file."""
    source = enumerate(lines, 1)
    waiting: deque[tuple[int, bytes]] = deque()
    while (here := _next(waiting, source)) is not None:
        number, line = here
        record = _record(line)
        later: list[tuple[int, bytes]] = []
        while record is None and len(later) < LONGEST_RECORD - 1 and (following := _next(waiting, source)):
            later.append(following)
            record = _record(line + b"".join(each for _, each in later))
        if later and not isinstance(record, list):
            waiting.extendleft(reversed(later))
            record = None
        yield number, BadRow("a quotation mark that is not closed") if record is None else record


def _next(waiting: deque[tuple[int, bytes]], source: Iterator[tuple[int, bytes]]) -> tuple[int, bytes] | None:
    return waiting.popleft() if waiting else next(source, None)


def _record(line: bytes) -> list[str] | BadRow | None:
    """The fields of `line`; None where a quotation mark is open at its end."""
    if len(line) > LONGEST_LINE:
        return BadRow(f"longer than {LONGEST_LINE:,} bytes")
    try:
        text = _decoded(line)
    except UnicodeDecodeError:
        return BadRow("neither UTF-8 nor Windows-1252")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        return None if "end of data" in str(error) else BadRow(f"not CSV: {error}")


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("cp1252")


def _row(columns: dict[str, int], width: int, record: list[str]) -> Row:
    """What `record` says. Raises BadRow."""
    said = {
        ours: " ".join(clean_text(record[place]).split())
        for ours, place in columns.items()
        if place < len(record)
    }
    urn = _urn(said.get("urn", ""))
    if len(record) != width:
        raise BadRow(f"{len(record)} fields where the first line has {width}", urn)
    for ours, text in said.items():
        most = LONGEST.get(ours, LONGEST_OTHER)
        if len(text) > most:
            raise BadRow(f"{_title(ours)} is longer than {most} characters", urn)
    if not any(each.isalnum() for each in said["name"]):
        raise BadRow("no name", urn)
    status = said.pop("status", "").casefold()
    if status not in OPEN + CLOSED:
        raise BadRow(f"status not understood: {status!r}", urn)
    kind, phase = said.get("type", "").casefold(), said.get("phase", "").casefold()
    special = any(each in kind for each in SPECIAL)
    fields: dict[str, Any] = {ours: said.get(ours) or None for ours in COLUMNS if ours != "status"}
    fields |= {
        "urn": urn,
        "phase": "special" if special else PHASES.get(phase),
        "postcode": said.get("postcode", "").upper() or None,
        "closed_on": _date(said.get("closed_on", ""), urn) if status in CLOSED else None,
    }
    return Row(urn, status in CLOSED, fields)


def _urn(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 0 < int(text) <= LARGEST_URN:
        raise BadRow(f"the URN is not a number of up to seven digits: {text[:20]!r}")
    return int(text)


def _date(text: str, urn: int) -> date | None:
    for form in ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d") if text else ():
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    if text:
        raise BadRow(f"close date not understood: {text[:20]!r}", urn)
    return None


def _title(ours: str) -> str:
    return ours.replace("_", " ").replace("closed on", "close date")
