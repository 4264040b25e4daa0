"""The steps in which a case study is written, in order: the one list that the task list, the questions and the check
of all answers go by. Another step is another entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from forum.case_studies.forms import AskingForm, asking, facts_named
from forum.case_studies.models.bundles import Bundle
from forum.case_studies.models.facts import SETTING, Answers, Fact
from forum.case_studies.models.files import StudyFile
from forum.case_studies.models.scales import MARKS

SCHOOL, WORK, RESULT, LAST = (
    "The school and the pupils",
    "What you did",
    "What came of it",
    "Before you publish",
)


class State(StrEnum):
    """How far a step is."""

    DONE = "Completed"
    BEGUN = "Incomplete"
    WAITS = "Not yet started"
    OPTIONAL = "Optional"


@dataclass(frozen=True, slots=True)
class Step:
    """A page of questions at `slug`, and its `guidance` in plain sentences. A step that asks for more than facts has
    a view of its own at the same address, and says for itself how far it is (`state`) and what the check of all
    answers shows of it (`shown`, lines of label and text); both are given the Writing."""

    slug: str
    title: str
    group: str
    facts: tuple[Fact, ...] = ()
    guidance: tuple[str, ...] = ()
    state: Callable[[Any], State] | None = None
    shown: Callable[[Any], list[tuple[str, str]]] | None = None

    @property
    def optional(self) -> bool:
        return not any(fact.missing for fact in self.facts)

    @property
    def in_words(self) -> bool:
        """It asks for words in which a pupil could be named."""
        return any(fact.longest and fact.name not in ("title", "school") for fact in self.facts)

    @property
    def form(self) -> type[AskingForm]:
        """What asks for its facts."""
        return _form(self.slug)

    def state_of(self, answers: Answers) -> State:
        """How far the facts of this step are in what was answered so far."""
        said = {fact.name: answers.get(fact.name) for fact in self.facts}
        if not any(said.values()):
            return State.OPTIONAL if self.optional else State.WAITS
        form = self.form(formdata=None, data=said, meta={"csrf": False})
        return State.DONE if form.validate() else State.BEGUN


def _files(writing: Any) -> list[StudyFile]:
    return Bundle.of(writing.draft, writing.study).all()


def _state_of_files(writing: Any) -> State:
    have = _files(writing)
    if not have:
        return State.OPTIONAL
    return State.DONE if all(file.is_ready for file in have) else State.BEGUN


def _shown_of_files(writing: Any) -> list[tuple[str, str]]:
    """A line for each of them."""
    lines = [
        ("Picture" if file.is_picture else "Paper", f"{file.said} ({file.name})") for file in _files(writing)
    ]
    return lines or [("Pictures and papers", "")]


STEPS = (
    Step(
        "title",
        "Title",
        SCHOOL,
        facts_named("title"),
        ("A title that says what was done is found more often than one that says why.",),
    ),
    Step(
        "setting",
        "The school",
        SCHOOL,
        (*SETTING, *facts_named("disclosure")),
        (
            "Others look for schools like their own. The more you say here, the more of them will find you.",
            "The name of a small school can be enough to tell which pupils are meant. Leave it empty where it could.",
        ),
    ),
    Step("components", "Parts of personalised learning", SCHOOL, facts_named("components")),
    Step(
        "pupils",
        "Pupils or need",
        SCHOOL,
        facts_named("pupils"),
        ("Say how many there were if there were ten or more; if fewer, say “a few”.",),
    ),
    Step(
        "aims",
        "Aims, and where you started",
        WORK,
        facts_named("aims", "start"),
        (
            "What was the problem, and who noticed it?",
            "What would have to be different for you to say that it had worked?",
        ),
    ),
    Step(
        "did",
        "What you did",
        WORK,
        facts_named("did"),
        (
            "Tell it in the order in which it happened, so that someone else could do the same on Monday.",
            "Who did what, with whom, how often and for how long?",
            "What did you prepare, and what did you stop doing to make room?",
        ),
    ),
    Step(
        "cost",
        "Time and cost",
        WORK,
        facts_named("time_band", "time_words", "cost_band", "cost_words"),
        ("A fair guess is better than none. Count meetings, preparation and supply cover.",),
    ),
    Step(
        "happened",
        "What happened",
        RESULT,
        facts_named("happened", "evidence"),
        (
            "Say what changed, for how many, and by when.",
            "Say what did not change, too. It is as useful, and it makes the rest easier to believe.",
            "Give numbers for groups of ten or more only.",
        ),
    ),
    Step(
        "not-worked",
        "What did not work",
        RESULT,
        facts_named("not_worked"),
        ("What did you try and give up? For whom did it not work? This saves other schools most time.",),
    ),
    Step(
        "advice",
        "Advice to another school",
        RESULT,
        facts_named("advice"),
        ("What would you do first? What would you leave out? What must be in place before it can work?",),
    ),
    Step("resources", "Resources that helped", RESULT, facts_named("resources")),
    Step(
        "files",
        "Pictures and papers",
        RESULT,
        guidance=(
            "A picture of the work, the wall or the record sheet says in a second what takes a page to tell.",
            "Papers are what another school can print and use: prompt cards, plans, record sheets.",
            "A member of the team looks at each before others can see it.",
            "Where and when a picture was taken, and who made a paper, is removed from the file.",
        ),
        state=_state_of_files,
        shown=_shown_of_files,
    ),
    Step(
        "marks",
        "Your own marks",
        RESULT,
        facts_named(*(f"{mark.name}_{part}" for mark in MARKS for part in ("mark", "reason"))),
        (
            "There are three marks, and they are never added up to one.",
            "A low mark is no shame: a study that cost a great deal and changed little tells others what to leave.",
        ),
    ),
    Step(
        "consent",
        "What others may do with it",
        LAST,
        facts_named("quote", "licence", "contact"),
        (
            "Whatever you choose, it stays yours, and anyone can read it here.",
            "A licence cannot be taken back from those who have used it already.",
        ),
    ),
)


def step_with(slug: str) -> Step | None:
    return next((step for step in STEPS if step.slug == slug), None)


def step_after(step: Step) -> Step | None:
    """The next one, or None where the check of all answers comes next."""
    place = STEPS.index(step)
    return STEPS[place + 1] if place + 1 < len(STEPS) else None


@cache
def _form(slug: str) -> type[AskingForm]:
    return asking(next(step.facts for step in STEPS if step.slug == slug))
