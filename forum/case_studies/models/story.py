"""The words of a study or a trial, composed of its fields: Markdown for the post, and its HTML.

Each field is rendered by itself, so that what is left open in one (a code fence, say) cannot run into the next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from forum.case_studies.models.facts import (
    FACT,
    FACTS,
    NOT_PROVIDED,
    SETTING,
    TOLD,
    Answers,
    school_of,
    words,
)
from forum.case_studies.models.scales import MARKS
from forum.core.markup import clean_text, render

Line = tuple[str, str]
MARKS_OF_MARKDOWN = re.compile(r"[\\`*_\[\]<>&~!|]")


@dataclass(frozen=True, slots=True)
class Composed:
    """`source` is the whole as Markdown, `html` the whole rendered, `story` the HTML of the sections alone."""

    source: str
    html: Markup
    story: Markup


def composed(answers: Answers, components: list[str], resources: list[str]) -> Composed:
    """The words of a study. `components` and `resources` are the names of what its slugs stand for."""
    named = {"components": components, "resources": resources}
    lines = [("School", school_of(answers))]
    lines += [
        (fact.label, "; ".join(named[fact.name]) if fact.many else words(fact, answers.get(fact.name)))
        for fact in FACTS[len(SETTING) :]
        if not fact.told and not fact.name.endswith(("_mark", "_reason"))
    ]
    lines += [(f"{label}, in the author’s own eyes", said) for label, said in own_marks(answers)]
    return compose(lines, [(fact.label, str(answers.get(fact.name) or "")) for fact in TOLD])


def compose(lines: Iterable[Line], sections: Iterable[Line], lead: str = "") -> Composed:
    """Facts as a list, then sections under headings; what is blank says so. `lead` is Markdown of our own."""
    facts = "\n".join(f"- **{label}:** {_plain(value) or f'*{NOT_PROVIDED}*'}" for label, value in lines)
    opening = f"{lead}\n\n{facts}" if lead else facts
    source, story = [opening], render("")
    for label, told in sections:
        heading, text = f"# {label}", told.strip("\n") or f"*{NOT_PROVIDED}*"
        source += [heading, text]
        story += render(heading) + render(text)
    return Composed("\n\n".join(source), render(opening) + story, story)


def own_marks(answers: Answers) -> list[Line]:
    """Each mark with its words and the reason for it."""
    found = []
    for mark in MARKS:
        step = words(FACT[f"{mark.name}_mark"], answers.get(f"{mark.name}_mark"))
        reason = " ".join(str(answers.get(f"{mark.name}_reason") or "").split())
        found.append((mark.label, f"{step}. {reason}" if step and reason else step))
    return found


def _plain(text: str) -> str:
    """One line of Markdown that shows `text` as it is, whatever marks are in it."""
    return MARKS_OF_MARKDOWN.sub(r"\\\g<0>", " ".join(clean_text(text).split()))
