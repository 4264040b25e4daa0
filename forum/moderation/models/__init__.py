"""Moderation's records, and the door by which other packages come in."""

from forum.moderation.models import pictures
from forum.moderation.models.appeals import Appeal
from forum.moderation.models.bans import Ban
from forum.moderation.models.days import WeeklyLetter
from forum.moderation.models.decisions import Act, Decision
from forum.moderation.models.items import Item
from forum.moderation.models.log import ACTS, Line
from forum.moderation.models.reports import Report
from forum.moderation.models.rules import Rules, Wording
from forum.moderation.models.sanctions import Sanction, Swept
from forum.moderation.models.watched import Watched

MANY = 1000

__all__ = [
    "ACTS",
    "MANY",
    "Act",
    "Appeal",
    "Ban",
    "Decision",
    "Item",
    "Line",
    "Report",
    "Rules",
    "Sanction",
    "Swept",
    "Watched",
    "WeeklyLetter",
    "Wording",
    "pictures",
]
