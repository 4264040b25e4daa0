"""Telling the team about a post, a picture or a person's page, with an account or without."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from sqlalchemy import select

from forum.accounts.models import User
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.files import StudyFile
from forum.core.db import first_or_404, now
from forum.core.guards import me
from forum.core.limits import limiter
from forum.core.markup import extract
from forum.discussion.models import Post
from forum.discussion.models.words import Kind, Moderation, Publication
from forum.moderation.forms import LONGEST_DETAIL, ReportForm
from forum.moderation.models import Report

bp = Blueprint("moderation", __name__)
per_network = limiter.shared_limit("20 per hour", scope="reports", methods=["POST"])


@dataclass(frozen=True)
class Reportable:
    """What is reported: what to call it, the thing, where it stands, and what shows it on the page."""

    what: str
    thing: Any
    url: str
    back: str
    words: str = ""

    def report(self, form: ReportForm) -> Report:
        verb: Any = {Post: Report.of_post, StudyFile: Report.of_file, User: Report.of_person}[
            type(self.thing)
        ]
        email = None if me().is_signed_in else form.email.data or None
        made: Report = verb(
            self.thing, me(), form.reason.data, form.detail.data, key=_who_asks(), email=email
        )
        return made


def _post(id: int) -> Reportable:
    shown = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)
    post = first_or_404(Post.visible_to(me()).where(Post.id == id, *shown))
    what = "case study" if post.opens and post.thread.kind == Kind.CASE_STUDY else "post"
    return Reportable(what, post, url_for("discussion.post", id=id), "the thread", extract(post.html, 300))


def _file(id: int) -> Reportable:
    query = StudyFile.whole().where(StudyFile.id == id, StudyFile.public(), CaseStudy.listed)
    file: Any = first_or_404(query)
    return Reportable(
        file.kind, file, f"/threads/{file.thread_id}-{file.study.thread.slug}", "the case study"
    )


def _person(id: int) -> Reportable:
    person = first_or_404(User.visible_to(me()).where(User.id == id, User.id != (me().id or 0)))
    return Reportable("person’s page", person, url_for("pages.person", id=id), "their page")


FIND = {"report": _post, "report_file": _file, "report_person": _person}


@bp.route("/posts/<int:id>/report", methods=["GET", "POST"])
@per_network
def report(id: int) -> ResponseReturnValue:
    return _answer(_post(id))


@bp.route("/case-studies/files/<int:id>/report", methods=["GET", "POST"])
@per_network
def report_file(id: int) -> ResponseReturnValue:
    return _answer(_file(id))


@bp.route("/people/<int:id>/report", methods=["GET", "POST"])
@per_network
def report_person(id: int) -> ResponseReturnValue:
    return _answer(_person(id))


@bp.errorhandler(RateLimitExceeded)
def too_many(error: RateLimitExceeded) -> ResponseReturnValue:
    """A whole school may share one address: what was typed is kept for the next try."""
    form = ReportForm()
    form.form_errors.append(
        "There have been many reports from your network. Wait an hour, then send it again"
    )
    find = FIND[str(request.endpoint).partition(".")[2]]
    response = make_response(_form(find((request.view_args or {})["id"]), form, 429))
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry())
    return response


@bp.get("/posts/<int:id>/reported")
def reported(id: int) -> ResponseReturnValue:
    post = first_or_404(Post.in_place_for(me()).where(Post.id == id))
    return _thanks(url_for("discussion.post", id=post.id), "the thread")


@bp.get("/case-studies/<int:id>/reported")
def reported_file(id: int) -> ResponseReturnValue:
    """The picture itself may be out of sight by now, so its study is named."""
    study = first_or_404(select(CaseStudy).where(CaseStudy.thread_id == id, CaseStudy.listed))
    return _thanks(url_for("discussion.thread", id=study.thread_id, slug="case-study"), "the case study")


@bp.get("/people/<int:id>/reported")
def reported_person(id: int) -> ResponseReturnValue:
    person = first_or_404(User.visible_to(me()).where(User.id == id))
    return _thanks(url_for("pages.person", id=person.id), "their page")


def _answer(about: Reportable) -> ResponseReturnValue:
    form = ReportForm()
    if not form.validate_on_submit():
        return _form(about, form, 422 if form.errors else 200)
    made = about.report(form)
    query: dict[str, Any] = {"ref": made.id, **({"mail": "yes"} if made.email else {})}
    if isinstance(about.thing, StudyFile):
        return redirect(url_for(".reported_file", id=about.thing.thread_id, **query))
    to = ".reported_person" if isinstance(about.thing, User) else ".reported"
    return redirect(url_for(to, id=about.thing.id, **query))


def _thanks(url: str, back: str) -> str:
    return render_template(
        "moderation/reported.html",
        url=url,
        back=back,
        ref=request.args.get("ref", type=int),
        by_mail=request.args.get("mail") == "yes",
    )


def _who_asks() -> str:
    """Tells one visitor from another for a day, and nothing more: no address is kept."""
    key = f"{current_app.config['SECRET_KEY']}{now().date()}".encode()
    return hashlib.blake2b((request.remote_addr or "").encode(), key=key[:64], digest_size=16).hexdigest()


def _form(about: Reportable, form: ReportForm, status: int) -> tuple[str, int]:
    page = render_template(
        "moderation/report.html",
        form=form,
        about=about,
        longest=LONGEST_DETAIL,
        form_errors=bool(form.errors),
    )
    return page, status
