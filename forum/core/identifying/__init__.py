"""What in a text says who a person is: pupils by name with a class or an age, dates of birth, pupil numbers, telephone
numbers, postcodes of homes and e-mail addresses. Pure functions of the text, linear in its length, and careful to let
teachers, authors, schools and offices be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from forum.core.folding import plain, plain_places
from forum.core.identifying import names, numbers

MOST = 50  # found in one text; nobody reads more


@dataclass(frozen=True, slots=True)
class Kind:
    """`what` was found, why it matters, and what to write `instead`."""

    what: str
    why: str
    instead: str


KINDS = {
    "pupil": Kind(
        "A pupil’s name",
        "A name with a class, a year or an age tells anyone who the child is.",
        "Leave the name out: “a pupil in Year 4”, “a seven-year-old”.",
    ),
    "birth": Kind(
        "A date of birth",
        "A date of birth points at one child.",
        "Write the age or the year group instead.",
    ),
    "upn": Kind(
        "A unique pupil number",
        "The number belongs to one child, and opens their record.",
        "Leave it out. Nobody needs it here.",
    ),
    "phone": Kind(
        "A telephone number",
        "Everyone can read it here, for years.",
        "Leave it out, or give the number of your school’s office.",
    ),
    "postcode": Kind(
        "A postcode",
        "A postcode leads to a few front doors.",
        "Write the town, or the part of the country.",
    ),
    "email": Kind(
        "An e-mail address",
        "Everyone can read it here, and programs collect it.",
        "Leave it out, or give the address of your school’s office.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Words from `start` to `end` that say who somebody is; `kind` is one of KINDS."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[Finding]:
    """What says who somebody is, in the order of the text; none lies within another of its kind. It is looked for in
    plain letters, and found where it was typed."""
    said = plain(text)
    found = [Finding(*each) for part in (numbers, names) for each in islice(part.found(said), 2 * MOST)]
    found.sort(key=lambda each: (each.start, -each.end))
    kept: list[Finding] = []
    for each in found:
        if not any(each.kind == other.kind and each.start < other.end for other in kept[-4:]):
            kept.append(each)
    if not kept or said == text:
        return kept[:MOST]
    at = plain_places(text)
    return [Finding(each.kind, at[each.start], at[each.end - 1] + 1) for each in kept[:MOST]]
