"""A view of the library to take away, as CSV and as JSON: the same studies in the same order, on all its pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from forum.case_studies.library import EXPORTED, PATH, address
from forum.case_studies.models.facets import Asked
from forum.case_studies.models.facts import FACT, words
from forum.case_studies.models.library import StudyRow, study_rows
from forum.case_studies.models.scales import LICENCE_TEXTS, MARKS, Outcome
from forum.case_studies.models.shelf import shelf
from forum.case_studies.views import bp
from forum.core.freshness import fresh
from forum.core.limits import limiter
from forum.discussion.models.lists import site_version

PER_MINUTE = 30
# What a spreadsheet takes for the beginning of a formula, in ASCII and in full width.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Taken = list[dict[str, Any]]


@bp.get(f"{PATH}.csv", endpoint="export_csv")
@fresh(site_version, public=True)
def as_csv() -> ResponseReturnValue:
    """UTF-8 with a byte order mark, so that Excel reads it as such. Where there are more, the file's name says so."""
    count, taken = _taken()
    text = io.StringIO()
    sheet = csv.DictWriter(text, fieldnames=columns())
    sheet.writeheader()
    sheet.writerows({name: cell(value) for name, value in row.items()} for row in taken)
    name = f"case-studies-first-{EXPORTED}-of-{count}.csv" if count > EXPORTED else "case-studies.csv"
    return Response(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.get(f"{PATH}.json", endpoint="export_json")
@fresh(site_version, public=True)
def as_json() -> ResponseReturnValue:
    count, taken = _taken()
    asked = Asked.of(request.args)
    document = {
        "url": _absolute(address(asked)),
        "chosen": asked.chosen,
        "sort": asked.sort,
        "count": count,
        "most": EXPORTED,
        "complete": count <= EXPORTED,
        "studies": taken,
    }
    return Response(msgspec.json.encode(document), content_type="application/json")


def columns() -> list[str]:
    """The names of what is told of each study, in order."""
    marks = [f"{who}{mark.name}_mark" for mark in MARKS for who in ("", "team_")]
    return [
        *("id", "url", "title", "byline", "published", "confirmed", "needs_renewal"),
        *("phase", "school", "school_type", "school_size", "region", "components", "time_band", "cost_band"),
        *marks,
        *("tried_count", *(f"tried_{outcome}" for outcome in Outcome)),
        *("quote", "licence", "licence_text", "contact"),
    ]


def cell(value: Any) -> Any:
    """A value as a cell of a sheet, where no text is ever taken for a formula."""
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


@limiter.shared_limit(f"{PER_MINUTE} per minute", scope="case study exports")
def _taken() -> tuple[int, Taken]:
    """How many there are, and the first EXPORTED of them."""
    found = shelf().ids_of(Asked.of(request.args))
    return len(found), list(_told(study_rows(found[:EXPORTED])))


def _told(rows: Iterable[StudyRow]) -> Iterable[dict[str, Any]]:
    for row in rows:
        told = {
            "id": row.id,
            "url": _absolute(row.url),
            "title": row.title,
            "byline": row.byline,
            "published": row.published_at.isoformat(timespec="seconds"),
            "confirmed": row.confirmed_at.isoformat(timespec="seconds"),
            "needs_renewal": "Yes" if row.needs_renewal else "No",
            "phase": row.phase,
            "school": row.school,
            "school_type": row.school_type,
            "school_size": row.school_size,
            "region": row.region,
            "components": row.components,
            "time_band": row.time_band,
            "cost_band": row.cost_band,
        }
        for mark, shown in zip(MARKS, row.marks, strict=True):
            told |= {f"{mark.name}_mark": shown.words, f"team_{mark.name}_mark": shown.team_words}
        told["tried_count"] = row.tried_count
        told |= {f"tried_{outcome}": n for outcome, (_, n) in zip(Outcome, row.tried, strict=True)}
        told |= {name: words(FACT[name], getattr(row, name)) for name in ("quote", "licence", "contact")}
        told["licence_text"] = LICENCE_TEXTS.get(row.licence, "")
        yield {name: told[name] for name in columns()}


def _absolute(path: str) -> str:
    return str(current_app.config["FORUM"].site_url) + path
