"""What the author of a case study is told by mail: at the address that they have confirmed, and at no other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect, select
from sqlalchemy.orm import Mapper, joinedload, object_session

from forum.accounts.models import User
from forum.accounts.models.letters import write
from forum.case_studies.models.facts import FACT, words
from forum.case_studies.models.studies import CaseStudy
from forum.case_studies.models.trials import Trial
from forum.core.db import Session, db
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Publication

RELEASED = "released posts"


def tell_author(thread: Thread, trial: Trial) -> None:
    """Another school has tried it: said once, when the report can be read."""
    author = db.session.get_one(User, thread.author_id)
    if not trial.told and author.id != trial.author_id and author.is_confirmed and author.email:
        outcome = words(FACT["outcome"], trial.outcome)
        subject = f"A school has tried “{thread.title}”"
        write(author.email, subject[:200], "study_tried", thread=thread, outcome=outcome, post=trial.post_id)
    trial.told = True


def ask_author(thread: Thread, study: CaseStudy) -> bool:
    """Is it still true? False where its author cannot be asked by mail."""
    author = db.session.get_one(User, thread.author_id)
    if not (author.is_confirmed and author.email):
        return False
    subject = f"Is it still true? “{thread.title}”"
    write(author.email, subject[:200], "study_renewal", thread=thread, study=study)
    return True


@event.listens_for(Post, "after_update")
def _released(mapper: Mapper[Post], connection: Connection, post: Post) -> None:
    """A report that waited for the team can be read now: its session remembers to tell."""
    state: Any = inspect(post)
    session = object_session(post)
    if session is not None and Publication.HELD in (state.attrs.publication.history.deleted or ()):
        session.info.setdefault(RELEASED, set()).add(post.id)


@event.listens_for(Session, "before_commit")
def _tell_of_what_was_released(session: Session) -> None:
    for post in session.info.pop(RELEASED, ()):
        query = select(Trial).where(Trial.post_id == post)
        trial = session.scalar(query.options(joinedload(Trial.post).joinedload(Post.thread)))
        if trial is not None and trial.post.is_shown:
            tell_author(trial.post.thread, trial)
