"""What a review and a request may say, and how it reads as a post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PROMPT = "resources"  # what resources are talked about under

KNOWN = {
    "never": "I had never heard of it",
    "heard": "I have heard of it, but I have not used it",
    "used": "I have used it",
}
HELPED = {
    "great-deal": "A great deal",
    "somewhat": "Somewhat",
    "not-much": "Not much",
    "not-at-all": "Not at all",
}
HAS_HELPED = ("great-deal", "somewhat")
SAID = {
    "great-deal": "It helped a great deal",
    "somewhat": "It helped somewhat",
    "not-much": "It did not help much",
    "not-at-all": "It did not help at all",
}
ASKED = "asked"
STATES = {
    ASKED: "Waiting for an answer",
    "considering": "Being considered",
    "planned": "Planned",
    "made": "Made",
    "exists": "Exists already",
    "not-planned": "Not planned",
}

THERE = ("made", "exists")  # states in which nobody misses it any more


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a person says of a resource. `helped` is a key of HELPED, and is there only where `known` is "used";
    the rest is words, each of them optional. The first three words are of one line."""

    known: str
    helped: str | None = None
    helped_with: str = ""
    helped_whom: str = ""
    missing: str = ""
    body: str = ""

    @property
    def has_words(self) -> bool:
        return any((self.helped_with, self.helped_whom, self.missing, self.body))

    @property
    def sentence(self) -> str:
        """The answers without the words."""
        return ". ".join(filter(None, [KNOWN[self.known], SAID.get(self.helped or "", "")])) + "."

    def as_post(self) -> str:
        """The Markdown of the post, or nothing where there are no words for one. A label stands before the first
        character of each line, so that no line can begin a block which would swallow what follows."""
        if not self.has_words:
            return ""
        facts = (
            ("With what", self.helped_with),
            ("For whom", self.helped_whom),
            ("What is missing", self.missing),
        )
        lines = [f"**{self.sentence}**", *(f"**{label}:** {_ended(said)}" for label, said in facts if said)]
        return "\n\n".join(filter(None, [*lines, self.body]))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the team says of a resource. `components` are slugs; `archived_address` may be empty."""

    name: str
    provider: str
    group: str
    audience: str
    components: list[str]
    address: str
    archived_address: str
    summary: str

    def as_post(self, slug: str) -> str:
        """The Markdown of the first post of its thread. The address is code, so that no link is made of it: what
        stood there is gone, and somebody else may be there now."""
        lines = [f"**From:** {self.provider}", f"**For:** {self.audience}" if self.audience else ""]
        lines.append(f"**Address then:** `{self.address.replace('`', '')}`")
        review = (
            f"Have you used it, and did it help? [Review it](/resources/{slug}/review), or say more here."
        )
        return "\n\n".join([self.summary, "\\\n".join(filter(None, lines)), review])


def request_as_post(for_whom: str, why: str) -> str:
    return f"**For whom:** {for_whom}\n\n{why}"


def step_as_post(state: str, owner: str, due: date | None, note: str) -> str:
    by_when = f", by {in_words(due)}" if due else ""
    return f"**{STATES[state]}** ({_unbroken(owner)}{by_when}).\n\n{note}"


def change_as_post(on: date, what: str, rests_on: list[tuple[int, int]]) -> str:
    """`rests_on` is (id, number) of posts."""
    links = ", ".join(f"[post {number}](/posts/{id})" for id, number in rests_on)
    because = f" It rests on {links}." if links else ""
    return f"**What changed because of you on {in_words(on)}.**{because}\n\n{what}"


def in_words(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def _ended(said: str) -> str:
    """With a full stop, so that it reads on where a list shows it without its lines."""
    return said if said[-1] in ".!?…:;)”’'*_`" else f"{said}."


def _unbroken(words: str) -> str:
    return " ".join(words.split())
