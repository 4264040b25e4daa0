"""Finding a school in the register: as a page, and for the script of the forms that ask for one."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum.accounts.models import School, find_schools
from forum.accounts.models.spellings import MOST_TYPED
from forum.core.characters import clean_text
from forum.core.freshness import Rests, fresh
from forum.core.guards import me
from forum.core.security import own_path

bp = Blueprint("schools", __name__, url_prefix="/schools")


class Match(msgspec.Struct):
    """A school as the script is told of it. `shown` is what a byline says."""

    urn: int
    name: str
    about: str
    closed: str
    shown: str


def register_version() -> Rests:
    """When a load last changed a school."""
    return Rests("SELECT id, loaded_at FROM schools ORDER BY loaded_at DESC LIMIT 1")


def page_version() -> Rests:
    """The page rests on the conversation's name too."""
    return Rests(
        "SELECT CAST(sum(version) AS INTEGER), max(changed_at) FROM (SELECT version, changed_at FROM conversation"
        " UNION ALL SELECT id, loaded_at FROM (SELECT id, loaded_at FROM schools ORDER BY loaded_at DESC LIMIT 1)"
        " AS latest) AS everything"
    )


@bp.get("")
@fresh(page_version)
def index() -> ResponseReturnValue:
    """Find a school, pick it, and go on to the form that asks for one: `then`, or the person's own."""
    words = " ".join(clean_text(request.args.get("q", "")[:MOST_TYPED]).split())
    then = own_path(request.args.get("then"))
    return render_template(
        "accounts/schools.html",
        words=words,
        found=find_schools(words),
        known=School.are_known(),
        then=then,
        form=then or url_for("accounts.settings" if me().is_signed_in else "accounts.register"),
    )


@bp.get("/find")
@fresh(register_version, public=True)
def find() -> ResponseReturnValue:
    matches = [
        Match(each.urn, each.name, each.about, each.closed, each.shown)
        for each in find_schools(request.args.get("q", ""))
    ]
    return Response(msgspec.json.encode({"schools": matches}), mimetype="application/json")
