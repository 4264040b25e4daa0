"""How people are shown: their role on the site, their position and phase, and the line they make."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    PARTICIPANT = "participant"
    TEAM = "team"
    ADMINISTRATOR = "administrator"


POSITIONS = {
    "headteacher": "Headteacher",
    "teacher": "Teacher",
    "support-staff": "Support staff",
    "governor": "Governor",
    "local-authority": "Local authority",
    "parent-or-carer": "Parent or carer",
    "other": "Other",
}
PHASES = {
    "early-years": "Early years",
    "primary": "Primary",
    "middle": "Middle",
    "secondary": "Secondary",
    "16-plus": "16 plus",
    "all-through": "All-through",
    "special": "Special or alternative provision",
}
ROLE_ONLY = {
    "headteacher": "A headteacher",
    "teacher": "A teacher",
    "support-staff": "A member of support staff",
    "governor": "A governor",
    "local-authority": "Someone from a local authority",
    "parent-or-carer": "A parent or carer",
}


def byline(
    name: str,
    position: str | None,
    phase: str | None,
    school: str | None,
    role: str,
    disclosure: str = "named",
) -> str:
    """How an author is shown. Named: name, position and school; role-only: position and phase, no more."""
    if disclosure == "role-only":
        parts = [ROLE_ONLY.get(position or "", "A participant"), PHASES.get(phase or "", "").lower()]
    elif role != Role.PARTICIPANT:
        parts = [name, "personalised learning team"]
    else:
        shown = POSITIONS.get(position or "", "").lower() if position != "other" else ""
        parts = [name, shown, school or ""]
    return ", ".join(part for part in parts if part)
