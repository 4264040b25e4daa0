"""Case studies by the dozen: what they say is drawn by lot, and means nothing."""

from __future__ import annotations

from random import Random
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
)

COMPONENTS = (
    "assessment-for-learning",
    "effective-teaching-and-learning-strategies",
    "curriculum-entitlement-and-choice",
    "school-organisation",
    "strong-partnership-beyond-the-school",
)


def setting(chance: Random) -> dict[str, str]:
    """Where it was. All but the phase may be left blank."""
    return {
        "phase": chance.choice(list(PHASES)),
        "school": chance.choice(("", "Example School")),
        "school_type": chance.choice(["", *SCHOOL_TYPES]),
        "school_size": chance.choice(["", *SCHOOL_SIZES]),
        "region": chance.choice(["", *REGIONS]),
    }


def answers(chance: Random, title: str = "A study", **more: Any) -> dict[str, Any]:
    """What a case study says, as `CaseStudy.publish` takes it."""
    marks = {f"{mark.name}_mark": str(chance.choice(list(mark.scale))) for mark in MARKS}
    return {
        "title": title,
        "disclosure": chance.choice(("named", "role-only")),
        **setting(chance),
        "components": chance.sample(COMPONENTS, chance.randint(1, 4)),
        "pupils": "Year 5.",
        "aims": "More talk.",
        "did": "We talked.",
        "time_band": chance.choice(list(TIME_BANDS)),
        "cost_band": chance.choice(list(COST_BANDS)),
        "happened": "They talked.",
        **marks,
        **{f"{mark.name}_reason": "We think so." for mark in MARKS},
        "quote": chance.choice(("yes", "no")),
        "licence": chance.choice(list(LICENCES)),
        "contact": chance.choice(("yes", "no")),
        **more,
    }


def trial(chance: Random) -> dict[str, str]:
    """What somebody says who tried it, as `Trial.report` takes it."""
    return {
        **setting(chance),
        "outcome": str(chance.choice(list(OUTCOMES))),
        "changed": "",
        "saw": "The same.",
    }
