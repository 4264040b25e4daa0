"""Two suggestions that ask for the same become one: supporters are united, and the earlier clock goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, literal, select

from forum.accounts.models import User
from forum.core.db import db, see_anew
from forum.core.errors import Refused
from forum.discussion.models import Thread
from forum.discussion.models.drafts import Draft
from forum.discussion.models.merging import hold_both, merge, merged
from forum.discussion.models.words import Kind
from forum.suggestions.models.answers import AnswerDraft
from forum.suggestions.models.composition import Wording
from forum.suggestions.models.outcomes import UNANSWERED
from forum.suggestions.models.steps import Step
from forum.suggestions.models.suggestions import Suggestion, Supporter
from forum.suggestions.models.telling import Telling

ROWS: Any = Supporter.__table__


def unite(duplicate: Suggestion, into: Suggestion, by: User, note: str = "") -> None:
    """Merge `duplicate` into another suggestion. What has been answered is never merged away, so that no promise is
    lost from sight. Raises Refused where that cannot be, Moved where a colleague was quicker."""
    hold_both(duplicate.thread, into.thread)
    see_anew(duplicate)
    if duplicate.status not in UNANSWERED or duplicate.answered_at is not None:
        raise Refused("This suggestion has an answer. Merge the other one into it.")
    if db.session.scalar(AnswerDraft.open_for(duplicate.thread_id)) is not None:
        raise Refused("There is a draft of an answer to this suggestion. Publish it or drop it first.")
    merge(duplicate.thread, into.thread, by, note)


@merged.connect
def _go_on_together(into: Thread, duplicate: Thread, posts: list[int], after: int) -> None:
    """The supporters of both, once each; the earlier date on which an answer is owed; and where an answer was given
    already, the newcomers are told of it. The rows of the duplicate stay, as a record."""
    if into.kind != Kind.SUGGESTION:
        return
    here, there = db.session.get_one(Suggestion, into.id), db.session.get_one(Suggestion, duplicate.id)
    for each in (here, there):
        see_anew(each)
    here.supporters = into.supporters_count = here.supporters + _take_over(duplicate.id, into.id)
    _earlier_clock(here, there)
    _tell_newcomers(into.id)
    _keep_draft(duplicate, posts[0])


def _take_over(duplicate: int, into: int) -> int:
    """How many people are new among the supporters."""
    known = select(ROWS.c.user_id).where(ROWS.c.thread_id == into)
    new = select(literal(into), ROWS.c.user_id, ROWS.c.since).where(
        ROWS.c.thread_id == duplicate, ROWS.c.user_id.not_in(known)
    )
    adding = insert(ROWS).from_select(["thread_id", "user_id", "since"], new)
    done: Any = db.session.connection().execute(adding, execution_options={"preserve_rowcount": True})
    return int(done.rowcount)


def _earlier_clock(here: Suggestion, there: Suggestion) -> None:
    theirs = there.owed_on if here.status in UNANSWERED else None
    if theirs is not None and (here.owed_on is None or theirs < here.owed_on):
        here.owed_on, here.owed_since = theirs, there.owed_since
    there.owed_on = there.owed_since = there.turns_on = None
    here.reckon()
    here.watch_the_calendar()


def _tell_newcomers(into: int) -> None:
    """Of the last step that people were told about."""
    told = select(Telling).join(Step, Step.id == Telling.step_id).where(Step.thread_id == into)
    telling = db.session.scalars(told.order_by(Telling.step_id.desc()).limit(1)).first()
    if telling is not None:
        telling.go_on()


def _keep_draft(duplicate: Thread, opening: int) -> None:
    """What its author was changing in the suggestion's form goes on as an edit of the post that it is now."""
    query = select(Draft).where(
        Draft.user_id == duplicate.author_id, Draft.key == f"suggestion:{duplicate.id}"
    )
    draft = db.session.scalars(query).first()
    if draft is None:
        return
    words = Wording(*(draft.fields.get(name, "") for name in ("title", "body", "why", "helps")))
    draft.key, draft.path = f"edit:{opening}", f"/posts/{opening}/edit"
    draft.fields = {"body": words.composed(), "disclosure": draft.fields.get("disclosure", "named")}
