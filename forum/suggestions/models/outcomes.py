"""What may become of a suggestion: the steps, in which order they may follow, and the reasons for a no."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What has become of a suggestion; apart from whether it is shown."""

    HEARD = "heard"
    CONSIDERED = "considered"
    WILL_DO = "will-do"
    TRIED = "tried"
    EXISTS = "exists"
    WILL_NOT = "will-not"
    NOT_OURS = "not-ours"
    UNDER_WAY = "under-way"
    DONE = "done"
    CHECKED = "checked"


STATUSES: dict[str, str] = {
    Status.HEARD: "Heard",
    Status.CONSIDERED: "Under consideration",
    Status.WILL_DO: "Will do",
    Status.TRIED: "Being tried",
    Status.EXISTS: "Already exists",
    Status.WILL_NOT: "Will not do",
    Status.NOT_OURS: "Not ours to do",
    Status.UNDER_WAY: "Under way",
    Status.DONE: "Done",
    Status.CHECKED: "Checked with those who asked",
}
COLOURS: dict[str, str] = {
    Status.HEARD: "grey",
    Status.CONSIDERED: "yellow",
    Status.WILL_DO: "purple",
    Status.TRIED: "purple",
    Status.EXISTS: "green",
    Status.WILL_NOT: "grey",
    Status.NOT_OURS: "grey",
    Status.UNDER_WAY: "purple",
    Status.DONE: "green",
    Status.CHECKED: "green",
}

# From where to where. A commitment may be followed by itself: a new date, and why. What was refused, or was there
# already, may be taken up again.
STEPS: dict[str, tuple[Status, ...]] = {
    Status.HEARD: (Status.CONSIDERED,),
    Status.CONSIDERED: (Status.WILL_DO, Status.TRIED, Status.EXISTS, Status.WILL_NOT, Status.NOT_OURS),
    Status.WILL_DO: (Status.WILL_DO, Status.UNDER_WAY, Status.WILL_NOT),
    Status.TRIED: (Status.TRIED, Status.WILL_DO, Status.UNDER_WAY, Status.WILL_NOT),
    Status.UNDER_WAY: (Status.UNDER_WAY, Status.DONE, Status.WILL_NOT),
    Status.DONE: (Status.CHECKED, Status.UNDER_WAY),
    Status.CHECKED: (),
    Status.EXISTS: (Status.CHECKED, Status.CONSIDERED),
    Status.WILL_NOT: (Status.CONSIDERED,),
    Status.NOT_OURS: (Status.CONSIDERED,),
}
UNANSWERED = (Status.HEARD, Status.CONSIDERED)
PROMISED = (Status.WILL_DO, Status.TRIED, Status.UNDER_WAY)  # what is still to be done, by a date
KEPT = (Status.DONE, Status.CHECKED)
REFUSED = (Status.WILL_NOT, Status.NOT_OURS)
LAST = Status.CHECKED  # nothing follows it, so it needs no date

REASONS = {
    "cost": "It would cost more than there is money for",
    "law": "The law does not allow it, or would have to change first",
    "evidence": "The evidence does not support it",
    "work": "It would make more work than it saves",
    "schools": "It is for each school to decide",
    "others": "It is for somebody else to decide",
    "contrary": "It is against something else that was decided",
}


def may_follow(status: str, next_one: str) -> bool:
    return next_one in STEPS[status]


def answers_to(status: str) -> list[Status]:
    """What the team may publish next, drafted by one and read by another. To take up is a step of its own."""
    return [step for step in STEPS[status] if step != Status.CONSIDERED]
