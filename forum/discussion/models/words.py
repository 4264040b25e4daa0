"""The discussion's own words: what a record may be, and why the team takes one out of sight."""

from __future__ import annotations

from enum import StrEnum

LONGEST_BODY = 50_000  # characters of a post


class Kind(StrEnum):
    DISCUSSION = "discussion"
    CASE_STUDY = "case-study"
    RESOURCE = "resource"
    SUGGESTION = "suggestion"


class Publication(StrEnum):
    """Has its author made it public?"""

    DRAFT = "draft"
    HELD = "held"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"  # of a thread: its posts go on in another


class Moderation(StrEnum):
    """Has the team taken it out of sight?"""

    CLEAR = "clear"
    HIDDEN = "hidden"
    REMOVED = "removed"


KINDS = {
    Kind.DISCUSSION: "Discussion",
    Kind.CASE_STUDY: "Case study",
    Kind.RESOURCE: "Resource",
    Kind.SUGGESTION: "Suggestion",
}
REASONS = {
    "child": "A child may be at risk",
    "pupil": "A pupil could be identified",
    "personal": "Personal information about someone",
    "illegal": "May be against the law",
    "harassment": "Harassment or hate",
    "spam": "Spam or advertising",
    "off-topic": "Not about this conversation",
    "other": "Another reason",
}
GONE: dict[str, str] = {
    Publication.WITHDRAWN: "Withdrawn by its author",
    Publication.MERGED: "Merged into another thread",
}

URGENT = ("child", "pupil")  # out of sight as soon as it is reported, and never told one by one in public
CHECKING, CHANGE = "checking", "change"
NOT_YET = {CHECKING: "Being checked by the team", CHANGE: "Waiting for its author to change it"}
WAITING = "Waiting for the team"
SPLIT_OFF = "Moved into another thread"


def gone_because(publication: str, moderation: str, reason: str | None) -> str | None:
    """Why a post's or a thread's place is empty, for anyone to read; None where it is not."""
    if moderation != Moderation.CLEAR:
        if reason in NOT_YET:
            return NOT_YET[reason]
        did = "Removed" if moderation == Moderation.REMOVED else "Hidden"
        return f"{did} by the team: {REASONS.get(reason or '', REASONS['other']).lower()}"
    if publication == Publication.HELD:
        return NOT_YET.get(reason or "", WAITING)
    return GONE.get(publication)
