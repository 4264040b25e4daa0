"""The team's rooms, behind one door: what waits, what was done, and what is hidden.

The rooms for one kind of work each have a file of their own: reports.py, acts.py and texts.py.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.guards import team_room
from forum.core.paging import id_asked
from forum.core.security import own_path
from forum.moderation.models import MANY, Line
from forum.moderation.models.days import Colleague, Waiting
from forum.moderation.models.items import WHYS

LINES = 50

bp = team_room("team", __name__)


@bp.get("")
def home() -> str:
    return render_template(
        "team/home.html",
        waiting=Waiting.now(),
        colleagues=Colleague.all(),
        whys=WHYS,
        many=MANY,
        lines=Line.log(limit=10),
    )


@bp.get("/log")
def log() -> str:
    lines, onwards = _page(Line.log(id_asked("before"), LINES + 1))
    return render_template("team/log.html", lines=lines, onwards=onwards, earlier=bool(id_asked("before")))


@bp.get("/hidden")
def hidden() -> str:
    lines, onwards = _page(Line.of_what_is_hidden(id_asked("before"), LINES + 1))
    return render_template("team/hidden.html", lines=lines, onwards=onwards, earlier=bool(id_asked("before")))


def done(message: str, default: str) -> ResponseReturnValue:
    """Say so, and go back to where the person was."""
    flash(message)
    return redirect(own_path(request.values.get("then")) or default)


def _page(found: list[Line]) -> tuple[list[Line], dict[str, int]]:
    """The lines of this page, and what the URL of the next says."""
    return found[:LINES], {"before": found[LINES - 1].id} if len(found) > LINES else {}
