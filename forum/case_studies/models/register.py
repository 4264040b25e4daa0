"""What the register of schools says of one, as a case study says it. It does not know the size."""

from __future__ import annotations

import tomllib
from pathlib import Path

from forum.accounts.models import PHASES, School
from forum.case_studies.models.scales import REGIONS, SCHOOL_TYPES

_BY_REGION = tomllib.loads(Path(__file__).with_name("regions.toml").read_text("utf-8"))
REGION_OF = {authority: region for region, authorities in _BY_REGION.items() for authority in authorities}

# The first of these words that is in the name of a type of establishment tells which of SCHOOL_TYPES it is.
KINDS = {
    "special": "special",
    "referral": "alternative",
    "alternative": "alternative",
    "nursery": "nursery",
    "technical college": "academy",
    "technology college": "academy",
    "academy": "academy",
    "free school": "academy",
    "studio": "academy",
    "college": "college",
    "further education": "college",
    "sixth form": "college",
    "voluntary": "voluntary",
    "community": "community",
    "foundation": "community",
    "independent": "independent",
}


def setting_of(school: School) -> dict[str, str]:
    """Its phase, type and region, as far as they are known, by the names of the facts."""
    name = (school.type or "").casefold()
    known = {
        "phase": school.phase if school.phase in PHASES else None,
        "school_type": next((kind for word, kind in KINDS.items() if word in name), None),
        "region": REGION_OF.get(school.local_authority or ""),
    }
    return {fact: value for fact, value in known.items() if value}


def in_words(setting: dict[str, str]) -> str:
    """What was taken from the register, for its reader."""
    labels = {"phase": PHASES, "school_type": SCHOOL_TYPES, "region": REGIONS}
    said = ", ".join(labels[fact][value] for fact, value in setting.items())
    return f"From the register of schools: {said}. Change it if it is not right." if said else ""
