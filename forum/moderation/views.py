"""Telling the team about a post."""

from __future__ import annotations

import hashlib

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded

from forum.core.db import first_or_404, now
from forum.core.guards import me
from forum.core.limits import limiter
from forum.core.markup import extract
from forum.discussion.models import Post
from forum.discussion.models.words import Moderation, Publication
from forum.moderation.forms import LONGEST_DETAIL, ReportForm
from forum.moderation.models import Report

bp = Blueprint("moderation", __name__)


@bp.route("/posts/<int:id>/report", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def report(id: int) -> ResponseReturnValue:
    post, form = _reportable(id), ReportForm()
    if form.validate_on_submit():
        made = Report.of_post(post, me(), form.reason.data, form.detail.data, key=_who_asks())
        return redirect(url_for(".reported", id=post.id, ref=made.id))
    return _form(post, form, 422 if form.errors else 200)


@bp.errorhandler(RateLimitExceeded)
def too_many(error: RateLimitExceeded) -> ResponseReturnValue:
    """A whole school may share one address: what was typed is kept for the next try."""
    form = ReportForm()
    form.form_errors.append(
        "There have been many reports from your network. Wait an hour, then send it again"
    )
    response = make_response(_form(_reportable((request.view_args or {})["id"]), form, 429))
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry())
    return response


@bp.get("/posts/<int:id>/reported")
def reported(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.in_place_for(me()).where(Post.id == id))
    return render_template("moderation/reported.html", post=post, ref=request.args.get("ref", type=int))


def _reportable(id: int) -> Post:
    shown = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)
    return first_or_404(Post.visible_to(me()).where(Post.id == id, *shown))


def _who_asks() -> str:
    """Tells one visitor from another for a day, and nothing more: no address is kept."""
    key = f"{current_app.config['SECRET_KEY']}{now().date()}".encode()
    return hashlib.blake2b((request.remote_addr or "").encode(), key=key[:64], digest_size=16).hexdigest()


def _form(post: Post, form: ReportForm, status: int) -> tuple[str, int]:
    page = render_template(
        "moderation/report.html",
        form=form,
        post=post,
        words=extract(post.html, 300),
        longest=LONGEST_DETAIL,
        form_errors=bool(form.errors),
    )
    return page, status
