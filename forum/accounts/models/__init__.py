"""The records of accounts, and the door by which other packages come in."""

from forum.accounts.models.addresses import DeadAddress
from forum.accounts.models.bylines import PHASES, POSITIONS, ROLE_ONLY, Role, byline
from forum.accounts.models.finding import Found, find_schools
from forum.accounts.models.letters import Letter
from forum.accounts.models.links import LASTS, EmailedLink, Purpose
from forum.accounts.models.people import Taken, User, Visitor, described, email_key
from forum.accounts.models.picking import PicksSchool
from forum.accounts.models.schools import LARGEST_URN, School, SchoolWord
from forum.accounts.models.second_factors import RecoveryCode, SecondFactor
from forum.accounts.models.tallies import Tally

__all__ = [
    "LARGEST_URN",
    "LASTS",
    "PHASES",
    "POSITIONS",
    "ROLE_ONLY",
    "DeadAddress",
    "EmailedLink",
    "Found",
    "Letter",
    "PicksSchool",
    "Purpose",
    "RecoveryCode",
    "Role",
    "School",
    "SchoolWord",
    "SecondFactor",
    "Taken",
    "Tally",
    "User",
    "Visitor",
    "byline",
    "described",
    "email_key",
    "find_schools",
]
