"""What could not be delivered or taken in, for administrators; and whether the work is done."""

from __future__ import annotations

from datetime import timedelta

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select

from forum.accounts.models import DeadAddress, Letter
from forum.activity.models import record
from forum.core.db import db, first_or_404, now
from forum.core.forms import Form
from forum.core.guards import me, team_room
from forum.feeds.models import Announcement
from forum.postbox.models import Outcome, Received
from forum.worker.models import Chore, Heartbeat

SHOWN = 50
LATE = timedelta(minutes=15)
bp = team_room("postbox_team", __name__)


@bp.before_request
def _administrators_only() -> None:
    """Addresses of people are here."""
    if not me().is_administrator:
        abort(403)


@bp.get("/letters")
def letters() -> ResponseReturnValue:
    untaken = Received.latest().where(Received.outcome.in_((Outcome.DROPPED, Outcome.REFUSED)))
    return render_template(
        "team/letters.html",
        workers=Heartbeat.all(),
        alive=Heartbeat.alive(),
        chores=Chore.all(),
        late=Letter.overdue(now() - LATE),
        repeats=db.session.scalar(select(func.count()).select_from(_repeated().subquery())),
        letters=db.session.scalars(Letter.given_up().limit(SHOWN)).all(),
        dead=db.session.scalars(DeadAddress.latest().limit(SHOWN)).all(),
        received=db.session.scalars(untaken.limit(SHOWN)).all(),
        unannounced=db.session.scalars(Announcement.given_up().limit(SHOWN)).all(),
        form=Form(),
        shown=SHOWN,
    )


@bp.post("/letters/<int:id>/again")
def again(id: int) -> ResponseReturnValue:
    """Try once more, from the first pause on. Twice is harmless: what is due or gone already stays so."""
    letter = first_or_404(select(Letter).where(Letter.id == id).with_for_update())
    if Form().validate_on_submit() and letter.given_up_at is not None:
        letter.given_up_at, letter.due_at, letter.tries, letter.error = None, now(), 0, ""
        record("team.letter-again", by=me(), detail={"letter": id})
    flash("The letter is tried again.")
    return redirect(url_for("postbox_team.letters"))


def _repeated() -> Select[int]:
    return select(Letter.id).where(Letter.lost > 0).limit(1001)
