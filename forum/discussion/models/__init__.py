"""The discussion's records, and the door by which other packages come in."""

from forum.discussion.models.prompts import Component, Conversation, Prompt
from forum.discussion.models.threads import Post, Revision, Thread, ThreadComponent, listed, slug_of

__all__ = [
    "Component",
    "Conversation",
    "Post",
    "Prompt",
    "Revision",
    "Thread",
    "ThreadComponent",
    "listed",
    "slug_of",
]
