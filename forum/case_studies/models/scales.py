"""The scales on which a study and a trial say things: each a small ordered list of values and their words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
YES_OR_NO = {"yes": "Yes", "no": "No"}
LICENCES = {
    "none": "No",
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
