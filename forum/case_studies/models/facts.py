"""What a case study says, as data: the one list that the form, the page, the Markdown, the library and the exports
read. Names are the columns', the form fields' and the keys of the exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forum.accounts.models import PHASES
from forum.case_studies.models.scales import (
    COST_BANDS,
    LICENCES,
    MARKS,
    OUTCOMES,
    REGIONS,
    SCHOOL_SIZES,
    SCHOOL_TYPES,
    TIME_BANDS,
    YES_OR_NO,
    Mark,
)

NOT_PROVIDED = "Not provided"
LIKE_OURS = "A school like ours"
LONGEST = 8000  # characters of one section of the story
Answers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a study says: `label` names it on the page, `question` and `hint` ask for it. With `choices`
    its value is one of their keys; `many` is a list of slugs that are looked up elsewhere; `told` is part of the
    story: Markdown under a heading of its own. What has `missing` is required, and that says so."""

    name: str
    label: str
    question: str
    hint: str = ""
    choices: dict[str, str] | None = None
    many: bool = False
    told: bool = False
    missing: str = ""
    longest: int = 0


def marking(mark: Mark) -> tuple[Fact, Fact]:
    """A mark, and the reason for it."""
    steps = {str(step): words for step, words in mark.scale.items()}
    return (
        Fact(
            f"{mark.name}_mark",
            mark.label,
            mark.question,
            choices=steps,
            missing=f"Select a mark: {mark.label.lower()}",
        ),
        Fact(
            f"{mark.name}_reason",
            f"{mark.label}: why",
            f"Why that mark for {mark.label.lower()}?",
            missing=f"Enter a reason for the mark: {mark.label.lower()}",
            longest=500,
        ),
    )


TITLE = Fact(
    "title",
    "Title",
    "What is your case study called?",
    "Say in a few words what you did, for example “Ten minutes of talk before any marking”.",
    missing="Enter a title",
    longest=150,
)
DISCLOSURE = Fact(
    "disclosure",
    "How your name appears",
    "How should your name appear?",
    choices={
        "named": "With my name",
        "role-only": "With my role only, such as “A teacher, primary”",
    },
    missing="Select how your name should appear",
)
SETTING = (
    Fact(
        "phase",
        "Phase",
        "Which phase is the school?",
        choices=PHASES,
        missing="Select a phase",
    ),
    Fact(
        "school",
        "School",
        "What is the school called? (optional)",
        "Leave this empty to show it as “a school like ours”: its phase, and what you say of it below.",
        longest=160,
    ),
    Fact(
        "school_type",
        "Type of school",
        "What type of school is it? (optional)",
        choices=SCHOOL_TYPES,
    ),
    Fact(
        "school_size",
        "Size of school",
        "How many pupils does it have? (optional)",
        choices=SCHOOL_SIZES,
    ),
    Fact("region", "Region", "Which region is it in? (optional)", choices=REGIONS),
)
FACTS = (
    *SETTING,
    Fact(
        "components",
        "Parts of personalised learning",
        "Which parts of personalised learning is it about?",
        "Choose at least one.",
        many=True,
        missing="Choose at least one part of personalised learning",
    ),
    Fact(
        "pupils",
        "Pupils or need it was for",
        "Which pupils, or which need, was it for?",
        "Describe a group, never a child: for example “Year 5 pupils who wrote little and gave up early”.",
        missing="Enter which pupils or which need it was for",
        longest=500,
    ),
    Fact(
        "aims",
        "What we wanted to change",
        "What did you want to change?",
        told=True,
        missing="Enter what you wanted to change",
        longest=LONGEST,
    ),
    Fact(
        "start",
        "Where we started from",
        "Where did you start from? (optional)",
        "What was it like before? Say what you had counted, seen or been told.",
        told=True,
        longest=LONGEST,
    ),
    Fact(
        "did",
        "What we did",
        "What did you do?",
        told=True,
        missing="Enter what you did",
        longest=LONGEST,
    ),
    Fact(
        "time_band",
        "Time",
        "How much staff time did it take, over the first year?",
        choices=TIME_BANDS,
        missing="Select how much staff time it took",
    ),
    Fact(
        "time_words",
        "More about the time",
        "Anything to add about the time? (optional)",
        "Whose time it was, and what was given up for it.",
        longest=500,
    ),
    Fact(
        "cost_band",
        "Money",
        "How much money did it take, over the first year?",
        choices=COST_BANDS,
        missing="Select how much money it took",
    ),
    Fact(
        "cost_words",
        "More about the money",
        "Anything to add about the money? (optional)",
        "What it was spent on, and where it came from.",
        longest=500,
    ),
    Fact(
        "happened",
        "What happened",
        "What happened?",
        told=True,
        missing="Enter what happened",
        longest=LONGEST,
    ),
    Fact(
        "evidence",
        "How we know",
        "How do you know? (optional)",
        "What you counted or compared, over how long, and for how many pupils.",
        told=True,
        longest=LONGEST,
    ),
    Fact(
        "not_worked",
        "What did not work",
        "What did not work? (optional)",
        told=True,
        longest=LONGEST,
    ),
    Fact(
        "advice",
        "What we would tell a school that wants to try it",
        "What would you tell a school that wants to try it? (optional)",
        told=True,
        longest=LONGEST,
    ),
    Fact(
        "resources",
        "Resources for progress that helped",
        "Which of the resources for progress helped? (optional)",
        "Choose all that helped, or none.",
        many=True,
    ),
    *(fact for mark in MARKS for fact in marking(mark)),
    Fact(
        "quote",
        "May be quoted with credit",
        "May others quote from it, with credit to you?",
        choices=YES_OR_NO,
        missing="Select whether others may quote from it",
    ),
    Fact(
        "licence",
        "May be used again with credit",
        "May others use it again, with credit to you?",
        "For example in training, or as the start of a case study of their own.",
        choices=LICENCES,
        missing="Select whether others may use it again",
    ),
    Fact(
        "contact",
        "Schools may be put in touch",
        "May the team put schools in touch with you?",
        "The team asks you each time. Nobody is given your address without your word.",
        choices=YES_OR_NO,
        missing="Select whether the team may put schools in touch with you",
    ),
)
TRIED = (
    *SETTING,
    Fact(
        "outcome",
        "What came of it",
        "What came of it?",
        choices={str(value): label for value, label in OUTCOMES.items()},
        missing="Select what came of it",
    ),
    Fact(
        "changed",
        "What we changed",
        "What did you change? (optional)",
        "What you did otherwise than this study tells, and why.",
        told=True,
        longest=LONGEST,
    ),
    Fact(
        "saw",
        "What we saw, and how we know",
        "What did you see, and how do you know? (optional)",
        "Where it did not work, this is what helps others most.",
        told=True,
        longest=LONGEST,
    ),
)
ASKED = (TITLE, DISCLOSURE, *FACTS)
FACT = {fact.name: fact for fact in (*ASKED, *TRIED)}
TOLD = tuple(fact for fact in FACTS if fact.told)
COLUMNS = tuple(fact.name for fact in FACTS if not fact.many)
NUMBERS = frozenset(f"{mark.name}_mark" for mark in MARKS)
SWITCHES = frozenset({"quote", "contact"})


def words(fact: Fact, value: Any) -> str:
    """The value of a fact that is not `many` as a person reads it; empty where it was left blank."""
    if fact.choices is None:
        return str(value or "")
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return fact.choices.get(str(value) if value is not None else "", "")


def school_of(said: Answers) -> str:
    """The school of a study or a trial in one line: its name, or “a school like ours”, and what else is said of it."""
    name, about = school_and_about(said)
    return f"{name} ({about})" if about else name


def school_and_about(said: Answers) -> tuple[str, str]:
    parts = [words(FACT[name], said.get(name)) for name in ("phase", "school_type", "school_size")]
    parts = [part[:1].lower() + part[1:] for part in parts] + [words(FACT["region"], said.get("region"))]
    return said.get("school") or LIKE_OURS, ", ".join(filter(None, parts))


def whole(answers: Answers) -> Answers:
    """`answers` with every name there is, each of its column's type; blank where nothing was said."""
    made: Answers = {"title": answers["title"], "disclosure": answers.get("disclosure") or "named"}
    for fact in FACTS:
        value: Any = answers.get(fact.name)
        if fact.many:
            made[fact.name] = list(value or [])
        elif fact.name in NUMBERS:
            made[fact.name] = int(value)
        elif fact.name in SWITCHES:
            made[fact.name] = value is True or value == "yes"
        else:
            made[fact.name] = str(value or "")
    return made
