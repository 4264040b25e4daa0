"""The discussion's records, and the door by which other packages come in."""

from forum.discussion.models.prompts import Component, Conversation, Prompt
from forum.discussion.models.threads import (
    MovedPost,
    Post,
    Revision,
    Thread,
    ThreadComponent,
    listed,
    slug_of,
)

__all__ = [
    "Component",
    "Conversation",
    "MovedPost",
    "Post",
    "Prompt",
    "Revision",
    "Thread",
    "ThreadComponent",
    "listed",
    "slug_of",
]
