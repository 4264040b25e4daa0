"""The access table: every route, tried as each kind of person. A route that is not on it fails the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from config import Config
from forum import create_app
from forum.accounts.models import EmailedLink, Purpose, Tally, User
from forum.activity.models import Activity
from forum.case_studies.drafts import Writing, as_typed
from forum.case_studies.models import Trial
from forum.case_studies.models.bundles import Bundle, keep
from forum.core.db import db
from forum.discussion.models import Post, Thread
from forum.discussion.models.drafts import Draft
from forum.moderation.models import Report
from tests.bad_files import pdf, png
from tests.browser import Site
from tests.factories import PASSWORD, STUDY, make_person, make_reply, make_study, make_thread, post_of

PEOPLE = ("visitor", "author", "other", "unconfirmed", "team", "administrator")
ALL = (200,) * 6
SIGNED_IN = (401, 200, 200, 200, 200, 200)
DOES = (401, 302, 302, 302, 302, 302)
TEAM = (401, 403, 403, 403, 200, 200)
TEAM_DOES = (401, 403, 403, 403, 302, 302)
ONLY_VISITORS = (200, 302, 302, 302, 302, 302)
GONE = (410,) * 6

TABLE: dict[str, tuple[int, ...]] = {
    "GET accounts.change_email": SIGNED_IN,
    "POST accounts.change_email": (401, 302, 302, 302, 302, 302),
    "GET accounts.change_password": SIGNED_IN,
    "POST accounts.change_password": (401, 302, 302, 302, 302, 302),
    "GET accounts.confirm": GONE,
    "POST accounts.confirm": GONE,
    "GET accounts.confirm_email": GONE,
    "POST accounts.confirm_email": GONE,
    "GET accounts.register": ONLY_VISITORS,
    "POST accounts.register": (302, 302, 302, 302, 302, 302),
    "GET accounts.registered": ALL,
    "GET accounts.resend": ALL,
    "POST accounts.resend": (302, 302, 302, 302, 302, 302),
    "GET accounts.reset": ALL,
    "POST accounts.reset": (302, 302, 302, 302, 302, 302),
    "GET accounts.reset_password": GONE,
    "POST accounts.reset_password": GONE,
    "GET accounts.settings": SIGNED_IN,
    "POST accounts.settings": DOES,
    "GET accounts.sign_in": ONLY_VISITORS,
    "POST accounts.sign_in": (302, 302, 302, 302, 302, 302),
    "POST accounts.sign_out": (302, 302, 302, 302, 302, 302),
    **{f"GET case_studies.{name}": SIGNED_IN for name in ("adapt", "new")},
    **{f"POST case_studies.{name}": DOES for name in ("adapt", "new")},
    "POST case_studies.confirm": (401, 302, 403, 403, 403, 403),
    **{f"GET case_studies.{name}": (401, 200, 404, 404, 404, 404) for name in ("draft", "draft_check", "draft_step")},
    **{f"POST case_studies.{name}": (401, 302, 404, 404, 404, 404) for name in ("draft_check", "draft_step")},
    **{f"GET case_studies.{name}": (401, 200, 403, 403, 403, 403) for name in ("edit", "edit_check", "edit_step")},
    **{f"POST case_studies.{name}": (401, 302, 403, 403, 403, 403) for name in ("edit_check", "edit_step")},
    "GET case_studies.history": ALL,
    "GET case_studies.tried": (401, 403, 200, 200, 200, 200),
    "POST case_studies.tried": (401, 403, 302, 422, 302, 302),
    "GET case_studies_team.marks": TEAM,
    "POST case_studies_team.marks": TEAM_DOES,
    **{f"GET case_studies.{name}": ALL for name in ("export_csv", "export_json", "library")},
    "GET discussion.component": ALL,
    "POST discussion.bring_back": (401, 302, 404, 404, 404, 404),
    "POST discussion.discard_draft": (401, 404, 404, 404, 404, 404),
    "GET discussion.drafts": SIGNED_IN,
    "GET discussion.edit": (401, 200, 403, 403, 403, 403),
    "POST discussion.edit": (401, 302, 403, 403, 403, 403),
    "GET discussion.history": ALL,
    "GET discussion.new_thread": SIGNED_IN,
    "POST discussion.new_thread": (401, 302, 302, 422, 302, 302),
    "GET discussion.post": (302,) * 6,
    "POST discussion.preview": SIGNED_IN,
    "GET discussion.prompt": ALL,
    "POST discussion.reply": (401, 302, 302, 422, 302, 302),
    "POST discussion.save_draft": DOES,
    "GET discussion.thread": ALL,
    "GET discussion.withdraw": (401, 200, 403, 403, 403, 403),
    "POST discussion.withdraw": (401, 302, 403, 403, 403, 403),
    **{f"GET feeds.{name}": ALL for name in (
        "case_studies", "component", "component_posts", "opml", "page", "person", "person_threads", "prompt",
        "prompt_posts", "site", "site_posts", "thread")},
    "GET files.paper": ALL,
    "GET files.picture": (404, 200, 404, 404, 200, 200),  # the team has not looked yet
    "GET moderation.report": ALL,
    "POST moderation.report": (302,) * 6,
    "GET moderation.reported": ALL,
    **{f"GET pages.{name}": ALL for name in (
        "about", "accessibility", "cookies", "health", "home", "metrics", "moderation", "person", "privacy", "ready",
        "robots", "sitemap", "sitemap_part")},
    **{f"GET pictures_team.{name}": TEAM for name in ("picture", "pictures")},
    **{f"POST pictures_team.{name}": TEAM_DOES for name in ("refuse", "show")},
    "GET resources.index": ALL,
    "GET static": ALL,
    "GET study_files.of_draft": (401, 200, 404, 404, 404, 404),
    "POST study_files.of_draft": (401, 302, 404, 404, 404, 404),
    "GET study_files.of_study": (401, 200, 403, 403, 403, 403),
    "POST study_files.of_study": (401, 302, 403, 403, 403, 403),
    **{f"GET team.{name}": TEAM for name in (
        "component", "hidden", "hide_post", "hide_thread", "home", "log", "move", "prompt", "report",
        "reports", "texts")},
    **{f"POST team.{name}": TEAM_DOES for name in (
        "close_report", "component", "hide_post", "hide_thread", "lock", "move", "pin", "prompt", "restore_post",
        "restore_thread", "unlock", "unpin")},
}  # fmt: skip


def routes_of(app: Flask) -> set[str]:
    return {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_on_the_table(tmp_path_factory: pytest.TempPathFactory) -> None:
    config = Config.from_environment(
        {"FORUM_ENV": "development", "INSTANCE": str(tmp_path_factory.mktemp("routes"))}
    )
    assert routes_of(create_app(config)) == set(TABLE)


@dataclass
class World:
    """One of everything, and someone of each kind."""

    people: dict[str, User | None]
    thread: Thread
    answer: Post
    report: Report
    study: int = 0
    draft: int = 0
    file: int = 0
    hash: str = ""

    @classmethod
    def make(cls) -> World:
        author = make_person("Ada Obi")
        thread = make_thread(author)
        answer = make_reply(thread, author)
        post = post_of(thread, 2)
        report = Report.make(post, author, "spam", "look")
        db.session.commit()
        people = {
            "visitor": None, "author": author, "other": make_person("Ben Lee"),
            "unconfirmed": make_person("Una Firm", confirmed=False),
            "team": make_person("Tea Mem", role="team"), "administrator": make_person("Ad Min", role="administrator"),
        }  # fmt: skip
        return cls(people, thread, answer, report)

    def values(self, endpoint: str) -> dict[str, Any]:
        id: int = self.thread.id
        if endpoint in (
            "discussion.edit",
            "discussion.history",
            "discussion.post",
            "discussion.withdraw",
            "discussion.bring_back",
            "moderation.report",
            "moderation.reported",
            "team.hide_post",
            "team.restore_post",
        ):
            id = self.answer.id
        elif endpoint in ("team.close_report", "team.report"):
            id = self.report.id
        elif endpoint.startswith(("case_studies", "study_files")):
            id = self.draft if "draft" in endpoint else self.study
        elif endpoint.startswith(("files", "pictures_team")):
            id = self.file
        elif "person" in endpoint:
            id = self.thread.author_id
        slug = "assessment-for-learning" if "component" in endpoint else "resources"
        if endpoint.startswith("case_studies"):
            slug = "did"
        if endpoint == "discussion.thread":
            slug = self.thread.slug
        return {
            "id": id,
            "slug": slug,
            "format": "atom",
            "token": "x" * 43,
            "part": 0,
            "filename": "src/forum.js",
            "ref": self.report.id,
            "hash": self.hash[:32],
            "width": 480,
        }

    def form(self, endpoint: str) -> dict[str, Any]:
        return {
            "accounts.change_email": {"email": "new@example.org", "password": PASSWORD},
            "accounts.change_password": {
                "current_password": PASSWORD,
                "current": PASSWORD,
                "password": "nine green fields",
                "new_password": "nine green fields",
            },
            "accounts.register": {
                "name": "New One",
                "email": "one@example.org",
                "password": "nine green fields",
                "position": "teacher",
                "phase": "",
                "school": "",
                "adult": "y",
            },
            "accounts.resend": {"email": "one@example.org"},
            "accounts.reset": {"email": "one@example.org"},
            "accounts.settings": {
                "name": "Other Name",
                "position": "governor",
                "phase": "",
                "school": "",
                "disclosure": "named",
            },
            "accounts.sign_in": {"email": self.people["other"].email, "password": PASSWORD},  # type: ignore[union-attr]
            "case_studies.draft_step": {"did": STUDY["did"]},
            "case_studies.edit_step": {"did": STUDY["did"]},
            "case_studies.new": {"title": "A title"},
            "case_studies.tried": {"phase": "primary", "outcome": "same", "disclosure": "named"},
            "case_studies_team.marks": {
                f"{mark}_{part}": "2"
                for mark in ("effect", "cost", "evidence")
                for part in ("mark", "reason")
            },
            "discussion.edit": {
                "body": "Other words",
                "disclosure": "named",
                "since": str(self.answer.version),
            },
            "discussion.new_thread": {"title": "A title", "body": "Words", "disclosure": "named"},
            "discussion.preview": {"body": "Words"},
            "discussion.reply": {"body": "Words", "disclosure": "named"},
            "discussion.save_draft": {"key": f"reply:{self.thread.id}", "body": "Words"},
            "moderation.report": {"reason": "spam", "detail": "look"},
            "pictures_team.refuse": {"seen": self.hash, "reason": "spam", "note": ""},
            "pictures_team.show": {"seen": self.hash},
            "study_files.of_draft": {"do": "save"},
            "study_files.of_study": {"do": "save"},
            "team.close_report": {"note": "Looked at"},
            "team.component": {"name": "A name", "summary": "A summary"},
            "team.prompt": {"title": "A title", "question": "A question?", "introduction": "Words"},
            "team.hide_post": {"reason": "spam", "note": ""},
            "team.hide_thread": {"reason": "spam", "note": ""},
            "team.move": {"prompt": "resources", "note": ""},
        }.get(endpoint, {})

    def prepare(self, endpoint: str) -> None:
        """Bring the thing into the state that the act is for."""
        author, team = self.people["author"], self.people["team"]
        assert author and team
        if endpoint == "discussion.bring_back":
            post_of(self.thread, 2).withdraw(author)
        elif endpoint.startswith(("files", "pictures_team")):
            bundle = Bundle(thread_id=make_study(author).thread_id)
            file = bundle.add(author, keep(pdf() if endpoint == "files.paper" else png()), "a file")
            bundle.describe(author, {file.id: ("Words", False)})
            bundle.declare(author, "nobody")
            if endpoint == "files.paper":
                file.show(team, file.hash)
            self.file, self.hash = file.id, file.hash
        elif endpoint.startswith(("case_studies", "study_files")):
            self.study = make_study(author).thread_id
            writing = Writing.begin(author, "token", as_typed({**STUDY}))
            assert writing.draft
            self.draft = writing.draft.id
        elif endpoint == "team.restore_post":
            post_of(self.thread, 2).hide(team, "spam")
        elif endpoint == "team.restore_thread":
            self.thread.hide(team, "spam")
        db.session.commit()


def path_of(site: Site, endpoint: str, world: World, method: str) -> str:
    built = site.app.url_map.bind("site.example").build(endpoint, world.values(endpoint), method)
    return built.removeprefix("http://site.example").split("?")[0]


@pytest.mark.parametrize("route", sorted(TABLE))
def test_each_route_answers_each_kind_of_person_as_the_table_says(site: Site, route: str) -> None:
    method, endpoint = route.split()
    answers = []
    for kind in PEOPLE:
        world = World.make()
        world.prepare(endpoint)
        path = path_of(site, endpoint, world, method)
        fields = world.form(endpoint)
        person = world.people[kind]
        browser = site.browser(person) if person else site.visitor()
        anything = tuple(range(200, 600))
        page = browser.get(path, anything) if method == "GET" else browser.post(path, fields, anything)
        answers.append(page.status)
        db.session.rollback()
        db.session.expire_all()
        if method == "POST" and endpoint.startswith("accounts."):
            _forget_new_person()
    assert tuple(answers) == TABLE[route]


@pytest.mark.parametrize("route", sorted(route for route in TABLE if route.startswith("POST")))
def test_no_route_writes_without_a_good_token(site: Site, route: str) -> None:
    endpoint = route.split()[1]
    world = World.make()
    world.prepare(endpoint)
    writes = endpoint.startswith(("discussion", "case_studies."))
    person = world.people["author" if writes and endpoint != "case_studies.tried" else "administrator"]
    assert person
    path = path_of(site, endpoint, world, "POST")
    fields = world.form(endpoint)
    before = _state()
    browser = site.browser(person)
    page = browser.post(path, fields, tuple(range(200, 600)), csrf=False)
    assert page.status >= 400 or page.status == 200, f"{route} answered as done"
    assert _state() == before


def test_an_emailed_link_of_one_person_does_nothing_for_another_purpose(site: Site) -> None:
    ada = make_person(confirmed=False, email="ada@example.org")
    token = EmailedLink.make(ada, Purpose.CONFIRM, "ada@example.org")
    site.commit()
    site.visitor().get(f"/account/reset/{token}", status=410)
    site.visitor().get(f"/account/confirm/{token}")


def _forget_new_person() -> None:
    db.session.execute(delete(Tally))
    new = db.session.scalar(select(User).where(User.email_key == "one@example.org"))
    if new is not None:
        new.email_key = new.email = f"gone{new.id}@example.org"
    db.session.commit()


def _state() -> tuple[Any, ...]:
    db.session.rollback()
    tables = (User, Thread, Post, Report, Activity, EmailedLink, Draft, Trial)
    return tuple(db.session.scalar(select(func.count()).select_from(table)) for table in tables) + (
        db.session.scalar(select(func.sum(Thread.version))),
        db.session.scalar(select(func.sum(User.version))),
        tuple(db.session.scalars(select(User.session_stamp).order_by(User.id))),
    )
