"""Telling the team about a post."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum.core.db import first_or_404
from forum.core.guards import me
from forum.core.limits import limiter
from forum.discussion.models import Post
from forum.discussion.words import Moderation, Publication
from forum.moderation.forms import LONGEST_DETAIL, ReportForm
from forum.moderation.models import Report

bp = Blueprint("moderation", __name__)


@bp.route("/posts/<int:id>/report", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def report(id: int) -> ResponseReturnValue:
    shown = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)
    post = first_or_404(Post.visible_to(me()).where(Post.id == id, *shown))
    form = ReportForm()
    if form.validate_on_submit():
        made = Report.make(post, by=me(), reason=form.reason.data, detail=form.detail.data)
        return redirect(url_for(".reported", id=post.id, ref=made.id))
    page = render_template(
        "moderation/report.html", form=form, post=post, longest=LONGEST_DETAIL, form_errors=bool(form.errors)
    )
    return page, 422 if form.errors else 200


@bp.get("/posts/<int:id>/reported")
def reported(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.in_place_for(me()).where(Post.id == id))
    return render_template("moderation/reported.html", post=post, ref=request.args.get("ref", type=int))
