"""The records of suggestions, and the door by which other packages come in."""

from forum.suggestions.models.answers import AnswerDraft
from forum.suggestions.models.composition import Outcome, Wording
from forum.suggestions.models.outcomes import Status
from forum.suggestions.models.steps import Step, StepPost
from forum.suggestions.models.suggestions import Suggestion, Supporter
from forum.suggestions.models.telling import Telling, Told
from forum.suggestions.models.uniting import unite

__all__ = [
    "AnswerDraft",
    "Outcome",
    "Status",
    "Step",
    "StepPost",
    "Suggestion",
    "Supporter",
    "Telling",
    "Told",
    "Wording",
    "unite",
]
