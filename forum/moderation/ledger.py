"""The public ledger of what the team decided: a page, a table to take away."""

from __future__ import annotations

import csv
import io

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.db import now
from forum.core.dress import iso
from forum.core.freshness import fresh
from forum.core.paging import id_asked
from forum.moderation.models.ledger import Entry, Figures, Month, ledger_version
from forum.moderation.views import bp

LINES = 50
MOST = 10_000
COLUMNS = ("number", "date", "prompt", "kind", "decision", "reason", "appeal")


@bp.get("/moderation")
@fresh(ledger_version)
def ledger() -> ResponseReturnValue:
    month, before = _month(), id_asked("before")
    entries = Entry.of_month(month, before, LINES + 1)
    return render_template(
        "moderation/ledger.html",
        month=month,
        figures=Figures.of(month),
        entries=entries[:LINES],
        earlier=entries[LINES - 1].id if len(entries) > LINES else None,
        before=before,
    )


@bp.get("/moderation.csv")
@fresh(ledger_version)
def ledger_csv() -> Response:
    """A month's lines. Nothing in it was written by a person, so no cell can be a formula."""
    month = _month()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(COLUMNS)
    for entry in Entry.of_month(month, None, MOST):
        rows.writerow(
            (entry.id, iso(entry.at), entry.prompt, entry.thing, entry.done, entry.reason, entry.appeal)
        )
    response = Response("\ufeff" + table.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="moderation-{month.name}.csv"'
    return response


def _month() -> Month:
    asked = request.args.get("month")
    return Month.of(now()) if asked is None else Month.named(asked) or abort(404)
