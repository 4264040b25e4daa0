"""What a case study says, as data: the one list that the form, the page, the Markdown, the library and the exports
read. Names are the columns', the form fields' and the keys of the exports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forum.accounts.models import PHASES

NOT_PROVIDED = "Not provided"
Answers = dict[str, Any]

SCHOOL_TYPES = {
    "community": "Community or foundation school",
    "voluntary": "Voluntary aided or controlled school",
    "academy": "Academy or free school",
    "special": "Special school",
    "alternative": "Pupil referral unit or alternative provision",
    "nursery": "Nursery or early years setting",
    "college": "College",
    "independent": "Independent school",
    "other": "Another type",
}
SCHOOL_SIZES = {
    "under-100": "Fewer than 100 pupils",
    "100-299": "100 to 299 pupils",
    "300-699": "300 to 699 pupils",
    "700-1199": "700 to 1,199 pupils",
    "1200-plus": "1,200 pupils or more",
}
REGIONS = {
    "north-east": "North East",
    "north-west": "North West",
    "yorkshire-and-the-humber": "Yorkshire and the Humber",
    "east-midlands": "East Midlands",
    "west-midlands": "West Midlands",
    "east-of-england": "East of England",
    "london": "London",
    "south-east": "South East",
    "south-west": "South West",
    "elsewhere": "Outside England",
}
TIME_BANDS = {
    "under-a-day": "Less than a day of staff time",
    "days": "1 to 5 days of staff time",
    "weeks": "1 to 4 weeks of staff time",
    "months": "1 to 6 months of staff time",
    "longer": "More than 6 months of staff time",
}
COST_BANDS = {
    "nothing": "Nothing beyond staff time",
    "under-500": "Less than £500",
    "500-1999": "£500 to £1,999",
    "2000-9999": "£2,000 to £9,999",
    "10000-plus": "£10,000 or more",
}
LICENCES = {
    "": "No",
    "cc-by-4.0": "Yes, under Creative Commons Attribution 4.0 (CC BY 4.0)",
    "ogl-3.0": "Yes, under the Open Government Licence 3.0 (OGL)",
}
LICENCE_TEXTS = {
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "ogl-3.0": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}


class Outcome(StrEnum):
    """What came of it where somebody else tried it."""

    SAME = "same"
    PARTLY = "partly"
    NOT = "not"
    EARLY = "early"


OUTCOMES = {
    Outcome.SAME: "It worked the same for us",
    Outcome.PARTLY: "It worked in part",
    Outcome.NOT: "It did not work for us",
    Outcome.EARLY: "It is too early to say",
}
OUTCOMES_IN_SHORT = {
    Outcome.SAME: "Worked the same",
    Outcome.PARTLY: "Worked in part",
    Outcome.NOT: "Did not work",
    Outcome.EARLY: "Too early to say",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One of three marks that are never added up. `scale` goes from 1 up; its words are what each step claims."""

    name: str
    label: str
    question: str
    scale: dict[int, str]


MARKS = (
    Mark(
        "effect",
        "Effect",
        "How much difference did it make?",
        {
            1: "Worse than before",
            2: "No clear difference",
            3: "Some improvement",
            4: "Great improvement",
        },
    ),
    Mark(
        "cost",
        "Cost",
        "How much did it take, in time and money together?",
        {1: "Very little", 2: "Little", 3: "A fair amount", 4: "A great deal"},
    ),
    Mark(
        "evidence",
        "Strength of evidence",
        "How strong is your evidence?",
        {
            1: "Our impression",
            2: "What pupils or staff told us",
            3: "Records from before and after",
            4: "Compared with others, or checked from outside",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a study says. With `choices` its value is one of their keys; `many` is a list of slugs that
    are looked up elsewhere; `told` is part of the story: Markdown under a heading of its own."""

    name: str
    label: str
    choices: dict[str, str] | None = None
    many: bool = False
    told: bool = False
    required: bool = False


SETTING = (
    Fact("phase", "Phase", PHASES, required=True),
    Fact("school", "School"),
    Fact("school_type", "Type of school", SCHOOL_TYPES),
    Fact("school_size", "Size of school", SCHOOL_SIZES),
    Fact("region", "Region", REGIONS),
)
FACTS = (
    *SETTING,
    Fact("components", "Parts of personalised learning", many=True, required=True),
    Fact("pupils", "Pupils or need it was for", required=True),
    Fact("aims", "What we wanted to change", told=True, required=True),
    Fact("start", "Where we started from", told=True),
    Fact("did", "What we did", told=True, required=True),
    Fact("time_band", "Time", TIME_BANDS, required=True),
    Fact("time_words", "More about the time"),
    Fact("cost_band", "Money", COST_BANDS, required=True),
    Fact("cost_words", "More about the money"),
    Fact("happened", "What happened", told=True, required=True),
    Fact("evidence", "How we know", told=True),
    Fact("not_worked", "What did not work", told=True),
    Fact("advice", "What we would tell a school that wants to try it", told=True),
    Fact("resources", "Resources for progress that helped", many=True),
    *(
        fact
        for mark in MARKS
        for fact in (
            Fact(
                f"{mark.name}_mark",
                mark.label,
                {str(n): words for n, words in mark.scale.items()},
                required=True,
            ),
            Fact(f"{mark.name}_reason", f"{mark.label}: why", required=True),
        )
    ),
    Fact("quote", "May be quoted with credit", {"yes": "Yes", "no": "No"}, required=True),
    Fact("licence", "May be used again with credit", LICENCES),
    Fact(
        "contact", "Schools may ask the team to put them in touch", {"yes": "Yes", "no": "No"}, required=True
    ),
)
TRIED = (
    *SETTING,
    Fact(
        "outcome", "What came of it", {str(value): label for value, label in OUTCOMES.items()}, required=True
    ),
    Fact("changed", "What we changed", told=True),
    Fact("saw", "What we saw, and how we know", told=True),
)
FACT = {fact.name: fact for fact in FACTS}
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
