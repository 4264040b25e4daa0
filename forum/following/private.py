"""Private feeds: their keys, and what each opens. The feeds package writes them; see forum/feeds/private.py, which
does not know us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, current_app, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, String, and_, cast, select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from forum.accounts.models import User, Visitor
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facets import Asked
from forum.core.db import db, first_or_404
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.discussion.models import Post, Thread, ThreadComponent
from forum.discussion.models.catalogue import catalogue
from forum.following.forms import FeedForm
from forum.following.models import FeedKey, Follow, Kind, Level, Notice, may_see
from forum.following.models.keys import FOLLOWING, NOTIFICATIONS
from forum.following.models.news import News, newest
from forum.following.targets import KINDS, Target, find, named_targets
from forum.following.views import LIST, WRITES, bp
from forum.resources.models import Resource
from forum.suggestions.models import Step

GENERAL = {FOLLOWING: "Everything I follow", NOTIFICATIONS: "My notifications"}


@dataclass(frozen=True, slots=True)
class OpenedFeed:
    """What a right token opens."""

    key: FeedKey
    owner: User
    title: str
    page: str
    target: Target | None = None

    @property
    def name(self) -> str:
        return str(self.key.id)

    def news(self, limit: int) -> Sequence[News]:
        return newest(self.owner.id, limit)

    def posts(self, limit: int) -> list[int] | None:
        """Ids, the newest first; None of notifications, which are news."""
        if self.key.kind == NOTIFICATIONS:
            return None
        if not limit:
            return []
        if self.target is None:
            return _followed_posts(self.owner, limit)
        return _posts_of(self.target, self.owner, limit)


class PrivateFeeds:
    def open(self, token: str) -> OpenedFeed | None:
        """Looked at as it is now: what is followed no longer, muted or out of sight has no feed."""
        key = FeedKey.opened_by(token)
        if key is None:
            return None
        owner = db.session.get_one(User, key.person_id)
        title = catalogue().title
        if key.kind in GENERAL:
            page = "/following" if key.kind == FOLLOWING else "/notifications"
            key.note_use()
            return OpenedFeed(key, owner, f"{GENERAL[key.kind]}: {title}", page)
        follow = Follow.find(owner, key.kind, key.target)
        target = find(key.kind, key.target, Visitor())
        if follow is None or follow.level == Level.MUTED or target is None:
            return None
        key.note_use()
        return OpenedFeed(key, owner, f"{target.title}: {title}", target.page, target)

    def outline(self, viewer: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
        follows = db.session.scalars(Follow.of(viewer).where(Follow.level != Level.MUTED)).all()
        named = named_targets([(each.kind, each.target) for each in follows], Visitor())
        groups = []
        for kind, title in KINDS.items():
            found = [
                named[each.kind, each.target]
                for each in follows
                if each.kind == kind and (each.kind, each.target) in named
            ]
            if found:
                groups.append((title, [(each.title, each.feed(), each.page) for each in found]))
        return groups


def _followed_posts(owner: User, limit: int) -> list[int]:
    query = may_see(Notice.post_id).where(Notice.person_id == owner.id, Notice.via.is_not(None))
    query = query.where(Notice.post_id.is_not(None)).order_by(Notice.id.desc())
    return list(dict.fromkeys(db.session.scalars(query.limit(limit))))


def _posts_of(target: Target, owner: User, limit: int) -> list[int]:
    """The newest posts of one thing, or the posts that open its threads; without what its owner has muted."""
    if target.kind == Kind.SEARCH:
        asked = current_app.extensions["searches"](dict(parse_qsl(target.target)))
        query = select(Post.id).where(Post.place.in_(asked.posts(limit, None)))
    else:
        try:
            query = NARROWED[target.kind](select(Post.id), target.target)
        except NotFound:  # a choice that there is no more
            return []
    query = query.where(~_muted(owner, Kind.THREAD, Post.thread_id), ~_muted_author(owner))
    query = query.where(Post.place.is_not(None)).order_by(Post.place.desc())
    return list(db.session.scalars(query.limit(limit)))


def _in_thread(query: Any, target: str) -> Any:
    return query.where(Post.thread_id == int(target))


def _opening(query: Any, *where: ColumnElement[bool]) -> Any:
    return query.join(Thread, Thread.id == Post.thread_id).where(Post.number == 1, *where)


def _in_prompt(query: Any, target: str) -> Any:
    prompt = catalogue().prompt(target) or abort(404)
    return _opening(query, Thread.prompt_id == prompt.id)


def _in_component(query: Any, target: str) -> Any:
    component = catalogue().component(target) or abort(404)
    carried = _opening(query).join(ThreadComponent, ThreadComponent.thread_id == Thread.id)
    return carried.where(ThreadComponent.component_id == component.id)


def _by_person(query: Any, target: str) -> Any:
    return query.where(Post.author_id == int(target), Post.disclosure == "named")


def _about_resource(query: Any, target: str) -> Any:
    return query.join(Resource, Resource.thread_id == Post.thread_id).where(Resource.slug == target)


def _outcome_of(query: Any, target: str) -> Any:
    return query.join(Step, Step.post_id == Post.id).where(Step.thread_id == int(target))


def _in_library(query: Any, target: str) -> Any:
    conditions = Asked.of(MultiDict(parse_qsl(target))).conditions()
    studies = query.join(CaseStudy, CaseStudy.thread_id == Post.thread_id)
    return studies.where(Post.number == 1, CaseStudy.listed, *conditions)


def _all_answers(query: Any, target: str) -> Any:
    return query.join(Step, Step.post_id == Post.id)


NARROWED = {
    Kind.THREAD: _in_thread,
    Kind.PROMPT: _in_prompt,
    Kind.COMPONENT: _in_component,
    Kind.PERSON: _by_person,
    Kind.RESOURCE: _about_resource,
    Kind.OUTCOME: _outcome_of,
    Kind.LIBRARY: _in_library,
    Kind.ANSWERS: _all_answers,
}


def _muted(owner: User, kind: Kind, id: Any) -> ColumnElement[bool]:
    muted = select(Follow.id).where(
        Follow.person_id == owner.id,
        Follow.kind == kind,
        Follow.level == Level.MUTED,
        Follow.target == cast(id, String),
    )
    return muted.exists()


def _muted_author(owner: User) -> ColumnElement[bool]:
    """As far as it can be seen who said it."""
    return and_(Post.disclosure == "named", _muted(owner, Kind.PERSON, Post.author_id))


# The page of keys


@bp.get("/following/feeds")
@signed_in
def feeds() -> ResponseReturnValue:
    return _page()


@bp.post("/following/feeds")
@limiter.limit(WRITES, key_func=person)
@signed_in
def make_feed() -> ResponseReturnValue:
    """A new address, shown on this page and never again."""
    form = FeedForm()
    if not form.validate_on_submit():
        abort(422)
    kind, _, target = (form.what.data or "").partition(":")
    follow = Follow.find(me(), kind, target)
    if kind not in GENERAL and (follow is None or follow.level == Level.MUTED):
        abort(404)
    return _page(FeedKey.make(me(), kind, target if kind not in GENERAL else ""))


@bp.post("/following/feeds/<int:id>/revoke")
@limiter.limit(WRITES, key_func=person)
@signed_in
def revoke_feed(id: int) -> ResponseReturnValue:
    first_or_404(FeedKey.of(me()).where(FeedKey.id == id)).revoke()
    flash("The feed is revoked: its address opens nothing any more.")
    return redirect("/following/feeds")


def _page(token: str | None = None) -> ResponseReturnValue:
    keys = db.session.scalars(FeedKey.of(me())).all()
    follows = db.session.scalars(Follow.of(me()).where(Follow.level != Level.MUTED).limit(LIST)).all()
    wanted = {(each.kind, each.target) for each in follows}
    wanted |= {(key.kind, key.target) for key in keys if key.kind not in GENERAL}
    named = named_targets(wanted, me())
    choices = list(GENERAL.items())
    choices += [
        (f"{each.kind}:{each.target}", f"{KINDS[Kind(each.kind)]}: {named[each.kind, each.target].title}")
        for each in follows
        if (each.kind, each.target) in named
    ]
    return render_template(
        "following/feeds.html",
        keys=[(key, _title_of(key, named)) for key in keys],
        choices=choices,
        token=token,
    )


def _title_of(key: FeedKey, named: dict[tuple[str, str], Target]) -> str:
    if key.kind in GENERAL:
        return GENERAL[key.kind]
    found = named.get((key.kind, key.target))
    return found.title if found else "Not shown any more"
