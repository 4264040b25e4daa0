"""The access table: every route, tried as each kind of person. A route that is not on it fails the test."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from config import Config
from forum import create_app
from forum.accounts.models import EmailedLink, Purpose, SecondFactor, Tally, User
from forum.activity.models import Activity
from forum.core.db import db
from forum.discussion.models import Conversation, Post, Thread
from forum.moderation.models import Act, Appeal, Decision, Item, Report, Rules, Sanction
from forum.moderation.models.sanctions import Kind
from tests.browser import Site
from tests.factories import PASSWORD, make_person, make_reply, make_thread, post_of

COUNT = count()
PEOPLE = ("visitor", "author", "other", "unconfirmed", "suspended", "team", "administrator")
# Someone who is suspended is sent (303) to the page that says so.
ALL = (200,) * 7
SIGNED_IN = (401, 200, 200, 200, 200, 200, 200)
MINE = (401, 200, 200, 200, 303, 200, 200)
DOES = (401, 302, 302, 302, 303, 302, 302)
TEAM = (401, 403, 403, 403, 303, 200, 200)
TEAM_DOES = (401, 403, 403, 403, 303, 302, 302)
ADMINISTRATOR_DOES = (401, 403, 403, 403, 303, 403, 302)
ONLY_VISITORS = (200, 302, 302, 302, 303, 302, 302)
ANYONE_DOES = (302, 302, 302, 302, 303, 302, 302)
GONE = (410, 410, 410, 410, 303, 410, 410)

TABLE: dict[str, tuple[int, ...]] = {
    "GET accounts.change_email": MINE,
    "POST accounts.change_email": DOES,
    "GET accounts.change_password": MINE,
    "POST accounts.change_password": DOES,
    "GET accounts.confirm": GONE,
    "POST accounts.confirm": GONE,
    "GET accounts.confirm_email": GONE,
    "POST accounts.confirm_email": GONE,
    "GET accounts.register": ONLY_VISITORS,
    "POST accounts.register": ANYONE_DOES,
    "GET accounts.registered": (200, 200, 200, 200, 303, 200, 200),
    "GET accounts.resend": (200, 200, 200, 200, 303, 200, 200),
    "POST accounts.resend": ANYONE_DOES,
    "GET accounts.reset": (200, 200, 200, 200, 303, 200, 200),
    "POST accounts.reset": ANYONE_DOES,
    "GET accounts.reset_password": GONE,
    "POST accounts.reset_password": GONE,
    "GET accounts.settings": MINE,
    "POST accounts.settings": DOES,
    "GET accounts.sign_in": ONLY_VISITORS,
    "POST accounts.sign_in": ANYONE_DOES,
    "POST accounts.sign_out": (302,) * 7,
    "GET accounts.second_factor": (401, 403, 403, 403, 303, 200, 200),
    "POST accounts.second_factor": (401, 403, 403, 403, 303, 422, 422),
    "POST accounts.begin_second_factor": TEAM_DOES,
    "GET accounts.second_factor_picture": (401, 403, 403, 403, 303, 200, 200),
    "POST accounts.new_recovery_codes": TEAM_DOES,
    "GET discussion.component": ALL,
    "POST discussion.bring_back": (401, 302, 404, 404, 303, 404, 404),
    "POST discussion.discard_draft": (401, 404, 404, 404, 303, 404, 404),
    "GET discussion.drafts": SIGNED_IN,
    "GET discussion.edit": (401, 200, 403, 403, 403, 403, 403),
    "POST discussion.edit": (401, 302, 403, 403, 303, 403, 403),
    "GET discussion.history": ALL,
    "GET discussion.new_thread": SIGNED_IN,
    "POST discussion.new_thread": (401, 302, 302, 422, 303, 302, 302),
    "GET discussion.post": (302,) * 7,
    "POST discussion.preview": MINE,
    "GET discussion.prompt": ALL,
    "POST discussion.reply": (401, 302, 302, 422, 303, 302, 302),
    "POST discussion.save_draft": DOES,
    "GET discussion.thread": ALL,
    "GET discussion.withdraw": (401, 200, 403, 403, 403, 403, 403),
    "POST discussion.withdraw": (401, 302, 403, 403, 303, 403, 403),
    **{f"GET feeds.{name}": ALL for name in (
        "component", "component_posts", "opml", "page", "person", "person_threads", "prompt", "prompt_posts", "site",
        "site_posts", "thread")},
    "GET moderation.report": ALL,
    "POST moderation.report": ANYONE_DOES,
    "GET moderation.decisions": SIGNED_IN,
    "GET moderation.decision": (401, 200, 404, 404, 404, 404, 404),
    "POST moderation.appeal": (401, 302, 404, 404, 404, 404, 404),
    "GET moderation.ledger": ALL,
    "GET moderation.ledger_csv": ALL,
    "GET moderation.reports": SIGNED_IN,
    "GET moderation.rules": ALL,
    "GET moderation.rules_then": ALL,
    "GET moderation.rules_versions": ALL,
    "GET moderation.suspended": (401, 302, 302, 302, 200, 302, 302),
    "GET moderation.reported": ALL,
    **{f"GET pages.{name}": ALL for name in (
        "about", "accessibility", "cookies", "health", "home", "metrics", "moderation", "person", "privacy", "ready",
        "robots", "sitemap", "sitemap_part")},
    "GET resources.index": ALL,
    "GET static": ALL,
    **{f"GET team.{name}": TEAM for name in (
        "arrange", "component", "hidden", "hide_post", "hide_thread", "home", "item", "lift", "log", "members", "move",
        "person", "prompt", "queue", "reverse", "rules_history", "sweep_person", "switches", "texts", "write_rules")},
    "GET team.wordings": (401, 403, 403, 403, 303, 403, 200),
    **{f"POST team.{name}": TEAM_DOES for name in (
        "arrange", "bulk", "claim", "component", "decide", "hide_post", "hide_thread", "impose", "lift", "lock", "move",
        "pass_on", "pin", "prompt", "release", "restore_post", "restore_thread", "reverse", "sweep_person", "switches",
        "undo", "unlock", "unpin", "vouch", "write_rules")},
    **{f"POST team.{name}": ADMINISTRATOR_DOES for name in (
        "add_member", "forget_second_factor", "remove_member", "wordings")},
    "POST team.decide_appeal": (401, 403, 403, 403, 303, 302, 302),
    "POST team.records_of_person": (401, 403, 403, 403, 303, 200, 200),
    "POST team.records_of_post": (401, 403, 403, 403, 303, 200, 200),
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
    decision: Decision
    sanction: Sanction
    appeal: Item
    colleague: User

    @classmethod
    def make(cls) -> World:
        db.session.execute(update(Conversation).values(holds=False))  # as the world before may have left it
        author = make_person("Ada Obi")
        thread = make_thread(author)
        answer = make_reply(thread, author)
        post = post_of(thread, 2)
        report = Report.of_post(post, make_person(), "spam", "look")
        first, colleague = make_person(role="team"), make_person("Col League", role="team")
        decision = Decision.of_post(post_of(make_thread(author)), first, Act.HIDE, "spam")
        another = Decision.of_post(post_of(make_thread(author)), first, Act.HIDE, "spam")
        appeal = db.session.get_one(Item, Appeal.make(another, author, "No.").item_id)
        sanction = Sanction.impose(make_person(), first, Kind.HOLD, reason="spam")
        suspended = make_person("Sue Spend")
        Sanction.impose(suspended, first, Kind.SUSPENSION, reason="spam")
        db.session.commit()
        people = {
            "visitor": None, "author": author, "other": make_person("Ben Lee"),
            "unconfirmed": make_person("Una Firm", confirmed=False), "suspended": suspended,
            "team": make_person("Tea Mem", role="team"), "administrator": make_person("Ad Min", role="administrator"),
        }  # fmt: skip
        return cls(people, thread, answer, report, decision, sanction, appeal, colleague)

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
            "team.records_of_post",
        ):
            id = self.answer.id
        elif endpoint in (
            "team.item",
            "team.claim",
            "team.release",
            "team.pass_on",
            "team.decide",
        ):
            id = self.report.item_id
        elif endpoint == "team.decide_appeal":
            id = self.appeal.id
        elif endpoint in ("team.undo", "team.reverse", "moderation.decision", "moderation.appeal"):
            id = self.decision.id
        elif endpoint == "team.lift":
            id = self.sanction.id
        elif endpoint in ("team.remove_member", "team.forget_second_factor"):
            id = self.colleague.id
        elif endpoint == "moderation.rules_then":
            id = 1
        elif "person" in endpoint or endpoint in ("team.impose", "team.vouch"):
            id = self.thread.author_id
        slug = "assessment-for-learning" if "component" in endpoint else "resources"
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
            "accounts.second_factor": {"code": "000000"},
            "moderation.appeal": {"text": "No."},
            "team.add_member": {"email": self.people["other"].email, "role": "team"},  # type: ignore[union-attr]
            "team.arrange": {"title": "Another title", "slow": "60"},
            "team.bulk": {"items": str(self.report.item_id)},
            "team.decide": {"act": "leave"},
            "team.decide_appeal": {"outcome": "upheld", "answer": "It stands."},
            "team.impose": {"kind": "note", "days": "", "note": "Rang the school"},
            "team.lift": {"why": "Enough."},
            "team.pass_on": {"to": str(self.colleague.id)},
            "team.reverse": {"why": "A slip."},
            "team.sweep_person": {"reason": "spam"},
            "team.switches": {"everywhere": "y"},
            "team.wordings": {"spam": "Please do not."},
            "team.write_rules": {"source": f"Be kind {next(COUNT)}.", "since": str(_newest_rules())},
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
        elif endpoint == "team.restore_post":
            post_of(self.thread, 2).hide(team, "spam")
        elif endpoint == "team.restore_thread":
            self.thread.hide(team, "spam")
        elif endpoint == "accounts.second_factor_picture" or endpoint == "accounts.second_factor":
            for each in self.people.values():
                if each is not None and each.is_team:
                    SecondFactor.begin(each)
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
    person = world.people["author" if endpoint.startswith("discussion") else "administrator"]
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


def _newest_rules() -> int:
    return db.session.scalars(Rules.now_in_force()).one().id


def _state() -> tuple[Any, ...]:
    db.session.rollback()
    tables = (
        User,
        Thread,
        Post,
        Report,
        Activity,
        EmailedLink,
        Decision,
        Appeal,
        Sanction,
        Rules,
        SecondFactor,
    )
    return tuple(db.session.scalar(select(func.count()).select_from(table)) for table in tables) + (
        db.session.scalar(select(func.sum(Thread.version))),
        db.session.scalar(select(func.sum(User.version))),
        tuple(db.session.scalars(select(User.session_stamp).order_by(User.id))),
    )
