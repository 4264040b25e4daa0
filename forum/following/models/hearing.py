"""Which acts people may want to hear of. The log sends each line as it is written; what is due is a row of the same
transaction, so that posting never waits for those who follow."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import delete, select

from forum.activity.models import Activity, recorded
from forum.core.db import after_commit, db
from forum.discussion.models import Post
from forum.following.models.fanouts import Fanout
from forum.following.models.follows import Follow

STARTED = "thread.started"
REPLIED = "post.published"
RELEASED = "team.post-published"
POSTED = frozenset({STARTED, REPLIED, RELEASED})
ANSWERED = frozenset({"team.answer-published", "team.suggestion-taken-up", "team.request-answered"})
DECIDED = frozenset(
    {
        "team.post-hidden",
        "team.post-removed",
        "team.post-sent-back",
        "team.post-restored",
        "team.thread-hidden",
        "team.thread-restored",
        "team.thread-moved",
        "team.thread-merged",
        "team.thread-locked",
        "team.appeal-upheld",
        "team.appeal-reversed",
        "team.person-warn",
        "team.person-limit",
        "team.person-suspend",
    }
)
TOLD = POSTED | ANSWERED | DECIDED


@recorded.connect
def _hear(line: Activity) -> None:
    if line.verb not in TOLD:
        return
    if line.verb in (STARTED, REPLIED) and line.actor and line.thread:
        Follow.by_taking_part(line.actor, line.thread, started=line.verb == STARTED)
    elif line.verb == RELEASED:
        _follow_what_was_released(line)
    elif line.verb in ANSWERED and line.post:
        _told_as_an_answer(line.post)
    db.session.add(Fanout(activity=line))
    after_commit(current_app.extensions["worker"].wake)


def _follow_what_was_released(line: Activity) -> None:
    number = db.session.scalar(select(Post.number).where(Post.id == line.post))
    if line.subject and line.thread:
        Follow.by_taking_part(line.subject, line.thread, started=number == 1)


def _told_as_an_answer(post: int) -> None:
    """An answer is a post, too: of the two lines in the log, people are told of the one that says more."""
    lines = select(Activity.id).where(Activity.post == post, Activity.verb == REPLIED)
    gone = delete(Fanout).where(Fanout.activity_id.in_(lines))
    db.session.execute(gone, execution_options={"synchronize_session": "fetch"})
