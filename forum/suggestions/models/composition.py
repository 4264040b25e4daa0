"""Markdown made of the fields of a form, so that feeds, search and mail have every word of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from forum.suggestions.models.outcomes import LAST, PROMISED, REASONS, STATUSES, Status

WHY, WHO = "Why it matters", "Who it would help"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


@dataclass(frozen=True)
class Wording:
    """What a suggestion says, in its own fields; each but the title is Markdown."""

    title: str
    body: str
    why: str
    helps: str

    def composed(self) -> str:
        return f"{closed(self.body)}\n\n# {WHY}\n\n{closed(self.why)}\n\n# {WHO}\n\n{closed(self.helps)}"


@dataclass(frozen=True)
class Outcome:
    """What is said in one step: `owner` is a named unit, `due_on` the day by which it will be done or looked at again,
    `reason` one of REASONS where the answer is no, `note` Markdown, `posts` the ids of those it rests on."""

    status: str
    owner: str
    note: str
    due_on: date | None = None
    reason: str | None = None
    posts: tuple[int, ...] = ()

    def composed(self, numbers: dict[int, int]) -> str:
        """The post that says it; `numbers` are those of `posts`, by id."""
        facts = [f"Who: {plain(self.owner)}"]
        if self.due_on is not None:
            facts.append(f"{date_label(self.status)}: {spoken(self.due_on)}")
        if self.reason:
            facts.append(f"Why: {REASONS[self.reason].lower()}")
        if numbers:
            links = (f"[post {numbers[id]}](/posts/{id})" for id in self.posts if id in numbers)
            facts.append("It rests on: " + ", ".join(links))
        return f"**{STATUSES[self.status]}**\n\n{closed(self.note)}\n\n" + "\n".join(
            f"- {fact}" for fact in facts
        )


def date_label(status: str) -> str:
    """What the date of a step is: the day by which it is done, answered, or looked at again."""
    if status in PROMISED:
        return "By"
    return "Answer by" if status == Status.CONSIDERED else "To be looked at again on"


def needs_date(status: str) -> bool:
    return status != LAST


def spoken(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown takes for a sign."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def closed(text: str) -> str:
    """`text` with the code fence ended that it left open, so that what follows is not taken for code."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if found is None:
            continue
        if not fence:
            fence = "" if found[1][0] == "`" and "`" in found[2] else found[1]
        elif found[1].startswith(fence) and not found[2].strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text
