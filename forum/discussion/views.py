"""Reading the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from forum.accounts.models import PHASES, POSITIONS
from forum.core import differences
from forum.core.db import db, first_or_404, now
from forum.core.freshness import fresh
from forum.core.guards import me
from forum.core.markup import quote
from forum.core.paging import Pages, asked_page, pages_of
from forum.discussion.forms import PostForm
from forum.discussion.fragments import Leaf, leaf
from forum.discussion.models import Post, Revision, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.drafts import Draft
from forum.discussion.models.lists import (
    LAST_PAGE,
    SORTS,
    Filter,
    PostRow,
    post_version,
    prompt_version,
    site_version,
)
from forum.discussion.models.order import anchor
from forum.discussion.models.threads import RESTORABLE
from forum.discussion.models.words import KINDS, LONGEST_BODY
from forum.discussion.related import page_version
from forum.discussion.shared import StandIn, shared_page

bp = Blueprint("discussion", __name__)


@bp.get("/prompts/<slug>")
@fresh(prompt_version)
def prompt(slug: str) -> ResponseReturnValue:
    asked = catalogue().prompt(slug) or abort(404)
    narrowed = _filter(prompt=asked.id)
    rows, pages = _listing(narrowed, f"/prompts/{slug}")
    return render_template(
        "discussion/prompt.html",
        prompt=asked,
        threads=rows,
        pages=pages,
        filter=narrowed,
        chosen=request.args,
        kinds=KINDS,
        positions=POSITIONS,
        phases=PHASES,
        sorts=SORTS,
        component_choices={row.slug: row.name for row in catalogue().components},
    )


@bp.get("/components/<slug>")
@fresh(site_version)
def component(slug: str) -> ResponseReturnValue:
    asked = catalogue().component(slug) or abort(404)
    rows, pages = _listing(Filter(component=asked.id), f"/components/{slug}")
    return render_template("discussion/component.html", component=asked, threads=rows, pages=pages)


@bp.get("/threads/<int:id>")
@bp.get("/threads/<int:id>-<slug>")
@fresh(page_version)
def thread(id: int, slug: str = "") -> ResponseReturnValue:
    found = leaf(id, asked_page(request.args.get("page")) or abort(404))
    if slug != found.thread.slug:
        query = request.query_string.decode("ascii", "ignore")
        return redirect(found.address + (f"?{query}" if query else ""), 301)
    return shared_page(found, lambda reader, token: _for_a_stand_in(found, reader, token)) or thread_page(
        found
    )


def _for_a_stand_in(page: Leaf, reader: StandIn, submission: str) -> str:
    form = PostForm(formdata=None, disclosure=reader.disclosure, submission=submission)
    return thread_page(page, form, viewer=reader, mine=reader.mine)


def thread_page(
    page: Leaf, form: PostForm | None = None, preview: Any = None, viewer: Any = None, mine: Any = None
) -> str:
    """A page of a thread. `form` is a reply that came back; else the viewer's draft, or a new one. `mine` is what
    the record beside the thread has of a stand-in; anyone else is asked."""
    viewer, address, last = viewer or me(), page.address, pages_of(page.thread.posts_count)
    draft, waiting = None, []
    if viewer is me():
        mine = page.beside.mine(viewer) if page.beside else None
        waiting = (
            list(db.session.scalars(Post.waiting_in(page.thread, viewer))) if viewer.is_signed_in else []
        )
    if form is None and viewer.is_signed_in:
        form = PostForm(formdata=None, disclosure=viewer.disclosure).fresh_submission()
        draft = _prefill(form, page.thread)
    return render_template(
        "discussion/thread.html",
        me=viewer,
        thread=page.thread,
        posts=[_shown(row, fragment, page.thread, viewer) for row, fragment in page.posts],
        is_numbered=page.is_numbered,
        elsewhere=page.elsewhere,
        form=form,
        draft=draft,
        preview=preview,
        pages=Pages(page.number, last, lambda n: address if n == 1 else f"{address}?page={n}"),
        components=page.components,
        beside=page.beside,
        mine=mine,
        waiting=waiting,
        address=address,
        related=page.related,
        longest=LONGEST_BODY,
        description=page.description,
        form_errors=bool(form and form.errors),
    )


@bp.get("/posts/<int:id>")
def post(id: int) -> ResponseReturnValue:
    """A permalink: to the page and place where the post stands."""
    return redirect(post_url(first_or_404(Post.in_place_for(me()).where(Post.id == id))))


@bp.get("/posts/<int:id>/history")
@fresh(post_version)
def history(id: int) -> ResponseReturnValue:
    """Every version of a post, and the words between two of them: `?from=` and `?to=`, counted from 1."""
    found = first_or_404(Post.visible_to(me()).where(Post.id == id))
    versions = [(row.written_at, row.title, row.source) for row in db.session.scalars(Revision.of(found))]
    versions.append(
        (found.edited_at or found.published_at, found.thread.title if found.opens else None, found.source)
    )
    newer = _chosen_version("to", len(versions), len(versions))
    older = _chosen_version("from", max(1, newer - 1), len(versions))
    return render_template(
        "discussion/history.html",
        post=found,
        versions=versions,
        older=older,
        newer=newer,
        words=differences.words(versions[older - 1][2], versions[newer - 1][2]),
        titles=differences.words(versions[older - 1][1] or "", versions[newer - 1][1] or ""),
        byline=found.author.byline(found.disclosure),
        address=post_url(found),
    )


def thread_url(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def post_url(post: Post) -> str:
    """The page and place of a post in its thread."""
    if post.number and post.position:
        return anchor(thread_url(post.thread), post.number, post.position)
    page = pages_of(post.thread.posts_count)
    return thread_url(post.thread) + (f"?page={page}" if page > 1 else "") + f"#waiting-{post.id}"


def _chosen_version(name: str, default: int, last: int) -> int:
    asked = request.args.get(name, default, type=int) or default
    return min(max(1, asked), last)


def _filter(prompt: int) -> Filter:
    """The filter that the URL asks for; a value that is not one is a 404, as no link of ours has it."""
    chosen = {name: request.args.get(name) or None for name in ("component", "kind", "position", "phase")}
    sort = request.args.get("sort") or "latest"
    component = catalogue().component(chosen["component"])
    for value, known in (
        (chosen["kind"], KINDS),
        (chosen["position"], POSITIONS),
        (chosen["phase"], PHASES),
        (sort, SORTS),
    ):
        if value is not None and value not in known:
            abort(404)
    if chosen["component"] and component is None:
        abort(404)
    return Filter(
        prompt, component.id if component else None, chosen["kind"], chosen["position"], chosen["phase"], sort
    )


def _listing(narrowed: Filter, path: str) -> tuple[list[Any], Pages]:
    number = asked_page(request.args.get("page"))
    count = narrowed.count()
    last = min(LAST_PAGE, pages_of(count))
    if number is None or number > last:
        abort(404)
    kept = {name: value for name, value in request.args.items() if name != "page" and value}

    def address(n: int) -> str:
        query = urlencode({**kept, **({"page": str(n)} if n > 1 else {})})
        return path + (f"?{query}" if query else "")

    return narrowed.page(number), Pages(number, last, address, more=count > LAST_PAGE * 20)


@dataclass(slots=True)
class Shown:
    """A post as the thread page joins it: the shared fragment, and what this viewer may do with it."""

    fragment: Markup
    row: PostRow
    editable: bool = False
    withdrawable: bool = False
    returnable: bool = False


def _shown(row: PostRow, fragment: Markup, thread: Thread, viewer: Any) -> Shown:
    """A row with what the viewer may do; the questions are Post's, asked of a row."""
    shown = Shown(fragment, row)
    if row.author_id == viewer.id and not thread.is_hidden:
        alive = row.gone_because is None and thread.is_listed
        shown.withdrawable = alive
        shown.editable = alive and viewer.may_post and (not thread.locked or viewer.is_team)
        shown.returnable = (
            row.withdrawn and not row.hidden and row.gone_at is not None and now() - row.gone_at < RESTORABLE
        )
    return shown


def _prefill(form: PostForm, thread: Thread) -> Draft | None:
    """What the viewer was writing here, and a quotation where they ask for one."""
    key = f"reply:{thread.id}"
    draft = Draft.find(me(), key) if Draft.is_there(me(), key) else None
    if draft is not None:
        form.body.data = draft.fields.get("body", "")
        form.disclosure.data = draft.fields.get("disclosure", "named")
        form.in_reply_to.data = draft.fields.get("in_reply_to", "")
    wanted = asked_page(request.args.get("quote", "0"))
    if wanted is not None:
        quoted = db.session.scalar(
            Post.visible_to(me()).where(Post.id == wanted, Post.thread_id == thread.id)
        )
        if quoted is not None and quoted.is_shown:
            words = quote(quoted.source, quoted.author.byline(quoted.disclosure))
            form.body.data = "\n\n".join(filter(None, [form.body.data, words])) + "\n\n"
            form.in_reply_to.data = str(quoted.id)
    return draft
