"""The records of accounts, and the door by which other packages come in."""

from forum.accounts.models.bylines import PHASES, POSITIONS, ROLE_ONLY, Role, byline
from forum.accounts.models.letters import Letter
from forum.accounts.models.links import LASTS, EmailedLink, Purpose
from forum.accounts.models.people import Taken, User, Visitor, described, email_key
from forum.accounts.models.second_factors import RecoveryCode, SecondFactor
from forum.accounts.models.tallies import Tally

__all__ = [
    "LASTS",
    "PHASES",
    "POSITIONS",
    "ROLE_ONLY",
    "EmailedLink",
    "Letter",
    "Purpose",
    "RecoveryCode",
    "Role",
    "SecondFactor",
    "Taken",
    "Tally",
    "User",
    "Visitor",
    "byline",
    "described",
    "email_key",
]
