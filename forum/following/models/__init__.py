"""What people follow and what they are told, and the door by which other packages come in."""

from forum.following.models.choices import MailChoice, Pace
from forum.following.models.fanning import fan_out
from forum.following.models.fanouts import Fanout
from forum.following.models.follows import Follow, Kind, Level
from forum.following.models.keys import FeedKey
from forum.following.models.notices import Notice, Reason, may_see
from forum.following.models.owned import Follower
from forum.following.models.reading import Reading

__all__ = [
    "Fanout",
    "FeedKey",
    "Follow",
    "Follower",
    "Kind",
    "Level",
    "MailChoice",
    "Notice",
    "Pace",
    "Reading",
    "Reason",
    "fan_out",
    "may_see",
]
