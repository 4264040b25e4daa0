"""The records of resources, and the door by which other packages come in."""

from forum.resources.models.changes import ResourceChange
from forum.resources.models.counts import Figures, ReviewCount
from forum.resources.models.requests import RequestStep, RequestSupporter, ResourceRequest
from forum.resources.models.resources import Resource
from forum.resources.models.reviews import Review
from forum.resources.models.scorecard import Scorecard
from forum.resources.models.words import Answers

__all__ = [
    "Answers",
    "Figures",
    "RequestStep",
    "RequestSupporter",
    "Resource",
    "ResourceChange",
    "ResourceRequest",
    "Review",
    "ReviewCount",
    "Scorecard",
]
