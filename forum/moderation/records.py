"""Records for a request: all that was said and decided about a post or a person, as a ZIP of JSON and readable HTML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from flask import Flask, Response, abort, current_app, render_template
from sqlalchemy import ColumnElement, inspect, or_, select

from forum.accounts.models import User
from forum.activity.models import Activity, record
from forum.core.db import db, first_or_404, now
from forum.core.dress import iso
from forum.core.guards import me
from forum.discussion.models import Post, Revision, Thread
from forum.moderation.forms import ButtonForm
from forum.moderation.models import Appeal, Decision, Item, Report, Sanction
from forum.moderation.team import bp

KEPT_BACK = {"password_hash", "session_stamp", "email_key", "submission", "reporter_key", "digest"}
Parts = dict[str, tuple[Any, ColumnElement[bool]]]


def also(app: Flask, kept_of: Callable[[int], Parts]) -> None:
    """Take what another package keeps of a person into their records: names of parts, with a model and which of it."""
    app.extensions.setdefault("records", []).append(kept_of)


@bp.post("/records/people/<int:id>")
def records_of_person(id: int) -> Response:
    person = first_or_404(User.visible_to(me()).where(User.id == id))
    posts = select(Post.id).where(Post.author_id == id)
    about: Parts = {
        "person": (User, User.id == id),
        "threads": (Thread, Thread.author_id == id),
        "posts": (Post, Post.author_id == id),
        "revisions": (Revision, Revision.post_id.in_(posts)),
        "reports of their posts and page": (Report, or_(Report.post_id.in_(posts), Report.person_id == id)),
        "reports made by them": (Report, Report.reporter_id == id),
        "queue": (Item, or_(Item.person_id == id, Item.post_id.in_(posts))),
        "decisions": (Decision, Decision.person_id == id),
        "appeals": (Appeal, Appeal.by_id == id),
        "sanctions": (Sanction, Sanction.person_id == id),
        "activity": (Activity, or_(Activity.actor == id, Activity.subject == id)),
    }
    for kept_of in current_app.extensions.get("records", []):
        about |= kept_of(id)
    return _archive(f"person-{id}", person.name, about, subject=id)


@bp.post("/records/posts/<int:id>")
def records_of_post(id: int) -> Response:
    post = first_or_404(Post.visible_to(me()).where(Post.id == id))
    decisions = select(Decision.id).where(Decision.post_id == id)
    about: Parts = {
        "post": (Post, Post.id == id),
        "thread": (Thread, Thread.id == post.thread_id),
        "revisions": (Revision, Revision.post_id == id),
        "reports": (Report, Report.post_id == id),
        "queue": (Item, Item.post_id == id),
        "decisions": (Decision, Decision.post_id == id),
        "appeals": (Appeal, Appeal.decision_id.in_(decisions)),
        "activity": (Activity, Activity.post == id),
    }
    return _archive(f"post-{id}", f"Post {post.number or id} in {post.thread.title}", about, post=id)


def _archive(
    name: str,
    title: str,
    about: Parts,
    subject: int | None = None,
    post: int | None = None,
) -> Response:
    """That records were taken is itself recorded. Secrets, and who reported something, never leave with them."""
    if not ButtonForm().validate_on_submit():
        abort(400)
    parts = {part: _rows(model, which) for part, (model, which) in about.items()}
    record("team.records-taken", by=me(), subject=subject, post=post, detail={"records": name})
    page = render_template("team/records.html", title=title, at=now(), parts=parts)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records.json", msgspec.json.format(msgspec.json.encode(parts)))
        archive.writestr("records.html", page)
    response = Response(packed.getvalue(), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="records-{name}.zip"'
    return response


def _rows(model: Any, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column.key for column in inspect(model).column_attrs if column.key not in KEPT_BACK]
    if model is Report:
        columns = [name for name in columns if name not in ("reporter_id", "email")]
    key = inspect(model).primary_key[0]
    rows = db.session.execute(select(*(getattr(model, name) for name in columns)).where(which).order_by(key))
    return [{name: _said(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, str) else value
