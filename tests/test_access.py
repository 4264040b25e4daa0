"""The access table: every route, tried as each kind of person. A route that is not on it fails the test."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from config import Config
from forum import create_app
from forum.accounts.models import EmailedLink, Purpose, SecondFactor, User
from forum.activity.models import Activity
from forum.case_studies.drafts import Writing, as_typed
from forum.case_studies.models import Trial
from forum.case_studies.models.bundles import Bundle, keep
from forum.core.db import db, now
from forum.discussion.models import Post, Thread
from forum.discussion.models.drafts import Draft
from forum.moderation.models import Act, Appeal, Decision, Item, Report, Rules, Sanction, Watched
from forum.moderation.models.bans import Ban, BanKind
from forum.moderation.models.sanctions import Kind
from forum.moderation.models.watched import tried_as
from forum.moderation.suspension import OPEN as OPEN_TO_SUSPENDED
from forum.resources.models import (
    RequestStep,
    RequestSupporter,
    Resource,
    ResourceChange,
    ResourceRequest,
    Review,
)
from forum.search.models.saved import SavedSearch
from forum.suggestions.models import AnswerDraft, Outcome
from forum.suggestions.models.steps import take_up
from tests.bad_files import pdf, png
from tests.browser import Page, Site
from tests.conftest import After
from tests.factories import (
    PASSWORD,
    STUDY,
    make_answer,
    make_person,
    make_reply,
    make_request,
    make_study,
    make_suggestion,
    make_thread,
    post_of,
    suggestion_of,
)
from tests.served import one_database

COUNT = count()
PEOPLE = ("visitor", "author", "other", "unconfirmed", "team", "administrator")
ALL = (200,) * 6
SIGNED_IN = (401, 200, 200, 200, 200, 200)
DOES = (401, 302, 302, 302, 302, 302)
TEAM = (401, 403, 403, 403, 200, 200)
TEAM_DOES = (401, 403, 403, 403, 302, 302)
ADMINISTRATOR_DOES = (401, 403, 403, 403, 403, 302)
ONLY_VISITORS = (200, 302, 302, 302, 302, 302)
GONE = (410,) * 6
LIST = {"name": "Spam", "kind": "words", "terms": "dear pills", "act": "hold", "note": "Sell elsewhere."}
IDEA = {"title": "An idea", "body": "This.", "why": "So.", "helps": "All.", "disclosure": "named"}

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
    "GET case_studies.school": (401, 404, 404, 404, 404, 404),  # no such school
    "GET case_studies.tried": (401, 403, 200, 200, 200, 200),
    "POST case_studies.tried": (401, 403, 302, 422, 302, 302),
    "GET case_studies_team.marks": TEAM,
    "POST case_studies_team.marks": TEAM_DOES,
    **{f"GET case_studies.{name}": ALL for name in ("export_csv", "export_json", "library")},
    "GET accounts.second_factor": TEAM,
    "POST accounts.second_factor": (401, 403, 403, 403, 422, 422),
    "POST accounts.begin_second_factor": TEAM_DOES,
    "GET accounts.second_factor_picture": TEAM,
    "POST accounts.new_recovery_codes": TEAM_DOES,
    "POST discussion.check": SIGNED_IN,
    "GET discussion.component": ALL,
    "POST discussion.bring_back": (401, 302, 404, 404, 404, 404),
    "POST discussion.discard_draft": (401, 404, 404, 404, 404, 404),
    "GET discussion.drafts": SIGNED_IN,
    "GET discussion.edit": (401, 200, 403, 403, 403, 403),
    "POST discussion.edit": (401, 302, 403, 403, 403, 403),
    "GET discussion.history": ALL,
    "GET discussion.mentions": SIGNED_IN,
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
        "answers", "case_studies", "component", "component_posts", "ledger", "opml", "outcome", "page", "person",
        "person_threads", "prompt", "prompt_posts", "search", "site", "site_posts", "thread")},
    "GET feeds.own_opml": SIGNED_IN,
    "GET feeds.private": (404,) * 6,
    "GET files.paper": ALL,
    **{f"GET following.{name}": SIGNED_IN for name in (
        "bring", "choices", "conversation", "feeds", "following", "notifications")},
    "GET following.unread": DOES,
    **{f"POST following.{name}": DOES for name in ("catch_up", "changes", "choices", "follow", "read", "seen")},
    "POST following.bring": (401, 422, 422, 422, 422, 422),
    "POST following.make_feed": SIGNED_IN,
    "POST following.revoke_feed": (401, 404, 404, 404, 404, 404),
    "GET files.picture": (404, 200, 404, 404, 200, 200),  # the team has not looked yet
    "GET moderation.report": ALL,
    "POST moderation.report": (302,) * 6,
    "GET moderation.report_file": ALL,
    "POST moderation.report_file": (302,) * 6,
    "GET moderation.report_person": (200, 404, 200, 200, 200, 200),
    "POST moderation.report_person": (302, 404, 302, 302, 302, 302),
    "GET moderation.reported": ALL,
    "GET moderation.reported_file": ALL,
    "GET moderation.reported_person": ALL,
    "GET moderation.decisions": SIGNED_IN,
    "GET moderation.decision": (401, 200, 404, 404, 404, 404),
    "POST moderation.appeal": (401, 302, 404, 404, 404, 404),
    "GET moderation.ledger": ALL,
    "GET moderation.ledger_csv": ALL,
    "GET moderation.reports": SIGNED_IN,
    "GET moderation.rules": ALL,
    "GET moderation.rules_then": ALL,
    "GET moderation.rules_versions": ALL,
    "GET moderation.suspended": (401, 302, 302, 302, 302, 302),
    **{f"GET pages.{name}": ALL for name in (
        "about", "accessibility", "child_in_danger", "cookies", "health", "home", "metrics", "moderation", "person",
        "privacy", "robots", "sitemap", "sitemap_part")},
    "GET pages.ready": (503,) * 6,  # no worker lives here
    "GET postbox.address": SIGNED_IN,
    "POST postbox.address": DOES,
    "GET postbox.address_again": GONE,
    "POST postbox.address_again": GONE,
    "POST postbox.events": (404,) * 6,  # no secret is set
    "GET postbox_team.letters": (401, 403, 403, 403, 403, 200),
    "POST postbox_team.again": ADMINISTRATOR_DOES,
    **{f"GET pictures_team.{name}": TEAM for name in ("picture", "pictures")},
    **{f"POST pictures_team.{name}": TEAM_DOES for name in ("refuse", "show")},
    "GET resources.index": ALL,
    "GET schools.find": ALL,
    "GET schools.index": ALL,
    "GET search.nearest": ALL,
    "GET search.rename": (401, 200, 404, 404, 404, 404),
    "GET search.results": ALL,
    "GET search.searches": SIGNED_IN,
    "POST search.delete": (401, 302, 404, 404, 404, 404),
    "POST search.rename": (401, 302, 404, 404, 404, 404),
    "POST search.save": DOES,
    "GET search_team.searches": TEAM,
    "POST search_team.remove": TEAM_DOES,
    "GET resources.edit_request": (401, 200, 403, 403, 403, 403),
    "POST resources.edit_request": (401, 302, 403, 403, 403, 403),
    "GET resources.new_request": SIGNED_IN,
    "POST resources.new_request": (401, 302, 302, 422, 302, 302),
    "GET resources.requests": ALL,
    "GET resources.resource": ALL,
    "GET resources.review": (401, 200, 200, 200, 403, 403),
    "POST resources.review": (401, 302, 302, 422, 403, 403),
    "POST resources.support": (401, 403, 302, 403, 403, 403),
    "POST resources.take_back": DOES,
    **{f"GET resources_team.{name}": TEAM for name in (
        "answer", "edit", "new", "new_change", "resources", "retire")},
    **{f"POST resources_team.{name}": TEAM_DOES for name in (
        "answer", "bring_back", "edit", "new", "new_change", "retire")},
    "GET resources_team.edit_change": (401, 403, 403, 403, 200, 403),
    "POST resources_team.edit_change": (401, 403, 403, 403, 302, 403),
    "GET static": ALL,
    "GET study_files.of_draft": (401, 200, 404, 404, 404, 404),
    "POST study_files.of_draft": (401, 302, 404, 404, 404, 404),
    "GET study_files.of_study": (401, 200, 403, 403, 403, 403),
    "POST study_files.of_study": (401, 302, 403, 403, 403, 403),
    **{f"GET suggestions.{name}": ALL for name in ("answers", "index", "trail")},
    "GET suggestions.suggestion": (301,) * 6,
    "GET suggestions.new": SIGNED_IN,
    "POST suggestions.new": (401, 302, 302, 422, 302, 302),
    "POST suggestions.save_draft": DOES,
    "GET suggestions.edit": (401, 200, 403, 403, 403, 403),
    "POST suggestions.edit": (401, 302, 403, 403, 403, 403),
    "POST suggestions.support": (401, 302, 302, 403, 302, 302),
    "POST suggestions.take_back": (401, 403, 302, 302, 302, 302),
    "GET suggestions.what_happened": SIGNED_IN,
    **{f"GET suggestions_team.{name}": TEAM for name in (
        "answer", "merge", "queue", "receipt", "suggestion", "take_up")},
    **{f"POST suggestions_team.{name}": TEAM_DOES for name in (
        "answer", "drop", "merge", "publish", "read", "take_up", "tell")},
    **{f"GET team.{name}": TEAM for name in (
        "arrange", "bans", "component", "hidden", "hide_post", "hide_thread", "home", "item", "lift", "log", "members",
        "merge_thread", "move", "split_thread",
        "person", "prompt", "queue", "reverse", "rules_history", "sweep_person", "switches", "texts", "write_rules")},
    **{f"GET team.{name}": TEAM for name in ("watch_edit", "watch_new", "watched", "watched_list")},
    **{f"POST team.{name}": TEAM_DOES for name in ("watch_edit", "watch_new", "watch_stop", "watch_use")},
    "GET team.wordings": (401, 403, 403, 403, 403, 200),
    **{f"POST team.{name}": TEAM_DOES for name in (
        "arrange", "bans", "bulk", "claim", "component", "decide", "decide_appeal", "decide_file", "decide_person",
        "hide_post", "hide_thread", "impose", "lift_ban", "merge_thread", "split_thread",
        "lift", "lock", "move", "pass_on", "pin", "prompt", "release", "restore_post", "restore_thread", "reverse",
        "sweep_person", "switches", "undo", "unlock", "unpin", "vouch", "write_rules")},
    **{f"POST team.{name}": ADMINISTRATOR_DOES for name in (
        "add_member", "forget_second_factor", "remove_member", "wordings")},
    "GET unsubscribing.unsubscribe": (404,) * 6,
    "POST unsubscribing.stop": (404,) * 6,
    "POST team.records_of_person": TEAM,
    "POST team.records_of_post": TEAM,
}  # fmt: skip


RESOURCE = "governornet"
DAY = {"on-day": "12", "on-month": "11", "on-year": "2026"}
FACTS = {
    "name": "Clerks",
    "provider": "Northmoor",
    "group": "websites",
    "audience": "Governors",
    "address": "www.clerks.example",
    "archived_address": "",
    "summary": "Who to ask.",
}


def edited_as(slug: str) -> str:
    """When a resource was last edited, as its form carries it."""
    found = db.session.scalars(Resource.named(slug).execution_options(populate_existing=True)).one()
    return found.edited_at.isoformat() if found.edited_at else ""


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
    search: SavedSearch
    decision: Decision
    sanction: Sanction
    appeal: Item
    colleague: User
    watched: Watched
    request: Thread
    change: ResourceChange
    study: int = 0
    draft: int = 0
    file: int = 0
    waits: int = 0
    other: int = 0
    hash: str = ""
    suggestion: int = 0
    step: int = 0

    @classmethod
    def make(cls) -> World:
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
        watched = Watched.add(first, "Spam", "words", "hold", ["cheap pills"], "Sell elsewhere.")
        search = SavedSearch.save(author, "Marking", "q=marking")
        db.session.commit()
        people = {
            "visitor": None, "author": author, "other": make_person("Ben Lee"),
            "unconfirmed": make_person("Una Firm", confirmed=False),
            "team": make_person("Tea Mem", role="team"), "administrator": make_person("Ad Min", role="administrator"),
        }  # fmt: skip
        request = make_request(author).thread
        resource = db.session.scalars(Resource.named(RESOURCE)).one()
        change = ResourceChange.tell(resource, people["team"], date(2026, 11, 12), "An index.", [])
        db.session.commit()
        return cls(
            people,
            thread,
            answer,
            report,
            search,
            decision,
            sanction,
            appeal,
            colleague,
            watched,
            request,
            change,
        )

    @classmethod
    def again(cls, names: dict[str, Any]) -> World:
        """The one whose `names` these are, as the database now has it."""
        return cls(**{field: _found(name) for field, name in names.items()})

    def names(self) -> dict[str, Any]:
        return {field.name: _name(getattr(self, field.name)) for field in fields(self)}

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
        elif endpoint in ("team.item", "team.claim", "team.release", "team.pass_on", "team.decide"):
            id = self.report.item_id
        elif endpoint == "team.decide_appeal":
            id = self.appeal.id
        elif endpoint in ("team.decide_file", "team.decide_person", "team.lift_ban"):
            id = self.waits
        elif endpoint == "moderation.report_file":
            id = self.file
        elif endpoint == "moderation.reported_file":
            id = self.study
        elif endpoint == "moderation.reported_person":
            id = self.thread.author_id
        elif endpoint in ("team.undo", "team.reverse", "moderation.decision", "moderation.appeal"):
            id = self.decision.id
        elif endpoint == "team.lift":
            id = self.sanction.id
        elif endpoint in ("team.remove_member", "team.forget_second_factor"):
            id = self.colleague.id
        elif endpoint == "moderation.rules_then":
            id = 1
        elif endpoint.startswith("team.watch"):
            id = self.watched.id
        elif endpoint in ("search.delete", "search.rename"):
            id = self.search.id
        elif endpoint.startswith(("case_studies", "study_files")):
            id = self.draft if "draft" in endpoint else self.study
        elif endpoint.startswith(("files", "pictures_team")):
            id = self.file
        elif endpoint.startswith("suggestions") or endpoint == "feeds.outcome":
            id = self.suggestion
        elif endpoint.endswith("_change"):
            id = self.change.id
        elif endpoint.startswith("resources"):
            id = self.request.id
        elif "person" in endpoint or endpoint in ("team.impose", "team.vouch"):
            id = self.thread.author_id
        slug = "assessment-for-learning" if "component" in endpoint else "resources"
        if endpoint.startswith("case_studies"):
            slug = "did"
        if endpoint == "discussion.thread":
            slug = self.thread.slug
        elif endpoint.startswith("resources"):
            slug = RESOURCE
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
            "draft": self.draft,
            "step": self.step,
            "urn": 1,
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
            "discussion.check": {"body": "Words"},
            "discussion.preview": {"body": "Words"},
            "discussion.reply": {"body": "Words", "disclosure": "named"},
            "discussion.save_draft": {"key": f"reply:{self.thread.id}", "body": "Words"},
            "following.changes": {"change": "", "follow": "1"},
            "following.choices": {"pace": "daily", "hour": "9", "weekday": "0"},
            "following.follow": {"kind": "prompt", "target": "resources", "act": "follow"},
            "following.make_feed": {"what": "notifications"},
            "following.read": {"number": "1"},
            "following.seen": {"upto": "1"},
            "moderation.report": {"reason": "spam", "detail": "look"},
            "moderation.report_file": {"reason": "spam", "detail": "look"},
            "moderation.report_person": {"reason": "spam", "detail": "look"},
            "team.bans": {
                "kind": "network",
                "value": f"203.0.113.{next(COUNT) % 250}",
                "days": "1",
                "reason": "spam",
            },
            "team.decide_file": {"act": "publish", "seen": self.hash},
            "team.decide_person": {"kind": "leave", "days": ""},
            "team.merge_thread": {"into": str(self.other)},
            "team.split_thread": {"posts": "2", "title": "Apart"},
            "search.rename": {"name": "Our marking"},
            "search.save": {"query": "q=feedback"},
            "search_team.remove": {"words": "zeppelins"},
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
            "team.watch_edit": {
                **LIST,
                "since": str(self.watched.version),
                "tried": tried_as("words", ["dear pills"]),
            },
            "team.watch_new": LIST,
            "team.watch_use": {"since": str(self.watched.version)},
            "team.wordings": {"spam": "Please do not."},
            "team.write_rules": {"source": f"Be kind {next(COUNT)}.", "since": str(_newest_rules())},
            "pictures_team.refuse": {"seen": self.hash, "reason": "spam", "note": ""},
            "pictures_team.show": {"seen": self.hash},
            "study_files.of_draft": {"do": "save"},
            "study_files.of_study": {"do": "save"},
            "suggestions.edit": {**IDEA, "since": "1"},
            "suggestions.new": {**IDEA, "seen": "yes"},
            "suggestions.save_draft": IDEA,
            "suggestions_team.answer": {
                "status": "will-not",
                "reason": "cost",
                "note": "No.",
                "owner": "A unit",
                **dict(zip(("day", "month", "year"), ("1", "2", str(now().year + 1)), strict=True)),
                "posts": "1",
            },
            "suggestions_team.merge": {"into": str(self.suggestion + 1), "sure": "yes"},
            "suggestions_team.read": {"since": "1"},
            "suggestions_team.take_up": {"owner": "A unit", "note": "Looked at."},
            "resources.edit_request": {
                "title": "A map",
                "for_whom": "governors",
                "body": "Words",
                "disclosure": "named",
                "since": "1",
            },
            "resources.new_request": {
                "title": "A map",
                "for_whom": "governors",
                "body": "Words",
                "disclosure": "named",
            },
            "resources.review": {"known": "heard", "disclosure": "named"},
            "resources_team.answer": {"state": "planned", "owner": "A unit", "note": "Words", "since": "0"},
            "resources_team.edit": {**FACTS, "since": edited_as(RESOURCE)},
            "resources_team.edit_change": {**DAY, "what": "Words", "since": "1"},
            "resources_team.new": FACTS,
            "resources_team.new_change": {**DAY, "what": "Words"},
            "resources_team.retire": {**DAY, "because": "Words"},
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
        elif endpoint == "team.merge_thread":
            self.other = make_thread(author, title="The other").id
        elif endpoint == "team.decide_person":
            self.waits = Report.of_person(author, make_person(), "other", "").item_id
        elif endpoint == "team.lift_ban":
            self.waits = Ban.make(team, BanKind.NETWORK, f"198.51.100.{next(COUNT) % 250}").id
        elif endpoint.startswith(("files", "pictures_team")) or endpoint.endswith(
            ("ed_file", "t_file", "e_file")
        ):
            self.study = make_study(author).thread_id
            bundle = Bundle(thread_id=self.study)
            file = bundle.add(author, keep(pdf() if endpoint == "files.paper" else png()), "a file")
            bundle.describe(author, {file.id: ("Words", False)})
            bundle.declare(author, "nobody")
            if endpoint == "files.paper" or endpoint.startswith("moderation"):
                file.show(team, file.hash)
            self.file, self.hash = file.id, file.hash
            if endpoint == "team.decide_file":
                db.session.commit()
                query = select(Item.id).where(Item.file_id == file.id)
                self.waits = db.session.scalars(query).one()
        elif endpoint.startswith(("case_studies", "study_files")):
            self.study = make_study(author).thread_id
            writing = Writing.begin(author, "token", as_typed({**STUDY}))
            assert writing.draft
            self.draft = writing.draft.id
        elif endpoint.startswith("suggestions") or endpoint == "feeds.outcome":
            self.suggest(endpoint.rpartition(".")[2], author)
        elif endpoint == "team.restore_post":
            post_of(self.thread, 2).hide(team, "spam")
        elif endpoint == "team.restore_thread":
            self.thread.hide(team, "spam")
        elif endpoint in ("accounts.second_factor", "accounts.second_factor_picture"):
            for each in self.people.values():
                if each is not None and each.is_team:
                    SecondFactor.begin(each)
        db.session.commit()

    def suggest(self, act: str, author: User) -> None:
        """A suggestion of the author's, at the stage that the act is for."""
        colleague, reader = make_person("Col League", role="team"), make_person("Reza Read", role="team")
        self.suggestion = make_suggestion(author).thread_id
        make_suggestion(title="The same again")
        found = suggestion_of(self.suggestion)
        if act in ("receipt", "tell"):
            self.step = make_answer(found).id
        elif act in ("answer", "drop", "publish", "read"):
            take_up(found, colleague, "A unit", "Looked at.")
        if act in ("drop", "publish", "read"):
            said = Outcome("exists", "A unit", "There.", now().date() + timedelta(days=9))
            draft = AnswerDraft.begin(found, colleague, said)
            if act == "publish":
                draft.read(reader, 1)
            db.session.flush()
            self.draft = draft.id


def path_of(site: Site, endpoint: str, world: World, method: str) -> str:
    built = site.app.url_map.bind("site.example").build(endpoint, world.values(endpoint), method)
    return built.removeprefix("http://site.example").split("?")[0]


def _names() -> dict[str, Any]:
    return World.make().names()


def put_back(after: After, endpoint: str) -> World:
    """The world just after it was made, with the thing in the state that the act is for."""
    world = World.again(after(_names))
    world.prepare(endpoint)
    return world


ANYTHING = tuple(range(200, 600))


@one_database  # what a route asks of a person is asked above it
@pytest.mark.parametrize("route", sorted(TABLE))
def test_each_route_answers_each_kind_of_person_as_the_table_says(
    site: Site, after: After, route: str
) -> None:
    """Without a good token nothing is written. Someone who is suspended reads what everyone reads; anything else
    leads to the page that says why, until when, and how to appeal."""
    method, endpoint = route.split()
    world = put_back(after, endpoint)
    if method == "POST":
        _writes_nothing_without_a_token(site, endpoint, world)
    answers = []
    for kind in PEOPLE:
        page = _tried(site, method, endpoint, world, world.people[kind])
        answers.append(page.status)
        if method == "POST" and page.status < 400:
            world = put_back(after, endpoint)  # the one before has changed
    assert tuple(answers) == TABLE[route]
    _suspended(site, method, endpoint, world)


def _tried(site: Site, method: str, endpoint: str, world: World, person: User | None, **more: Any) -> Page:
    browser = site.browser(person) if person else site.visitor()
    path = path_of(site, endpoint, world, method)
    if method == "GET":
        page = browser.get(path, ANYTHING)
    else:
        page = browser.post(path, world.form(endpoint), ANYTHING, **more)
    db.session.rollback()
    db.session.expire_all()
    return page


def _writes_nothing_without_a_token(site: Site, endpoint: str, world: World) -> None:
    writes = endpoint.startswith(("discussion", "case_studies.", "search.", "suggestions."))
    person = world.people["author" if writes and endpoint != "case_studies.tried" else "administrator"]
    before = _state()
    page = _tried(site, "POST", endpoint, world, person, csrf=False)
    assert page.status >= 400 or page.status == 200, f"{endpoint} answered as done"
    assert _state() == before


def _suspended(site: Site, method: str, endpoint: str, world: World) -> None:
    person, team = world.people["other"], world.people["team"]
    assert person and team
    Sanction.impose(person, team, Kind.SUSPENSION, reason="spam")
    db.session.commit()
    page = _tried(site, method, endpoint, world, person)
    if endpoint in OPEN_TO_SUSPENDED:
        assert page.status in (200, 302, 404)
    elif method == "POST" or path_of(site, endpoint, world, method).startswith(
        ("/account/", "/drafts", "/team")
    ):
        assert (page.status, page.location) == (303, "/account/suspended")
    else:
        assert page.status == TABLE[f"{method} {endpoint}"][PEOPLE.index("other")]


def test_an_emailed_link_of_one_person_does_nothing_for_another_purpose(site: Site) -> None:
    ada = make_person(confirmed=False, email="ada@example.org")
    token = EmailedLink.make(ada, Purpose.CONFIRM, "ada@example.org")
    site.commit()
    site.visitor().get(f"/account/reset/{token}", status=410)
    site.visitor().get(f"/account/confirm/{token}")


def _name(value: Any) -> Any:
    """What a value of a world is called, to be found again by."""
    if isinstance(value, dict):
        return {key: _name(each) for key, each in value.items()}
    return (type(value), value.id) if isinstance(value, db.Model) else value


def _found(name: Any) -> Any:
    if isinstance(name, dict):
        return {key: _found(each) for key, each in name.items()}
    return db.session.get_one(*name) if isinstance(name, tuple) else name


def _newest_rules() -> int:
    return db.session.scalars(Rules.now_in_force()).one().id


def _state() -> tuple[Any, ...]:
    db.session.rollback()
    tables = (User, Thread, Post, Report, Activity, EmailedLink, SavedSearch, Draft, Trial, Review)
    tables += (Decision, Appeal, Sanction, Rules, SecondFactor)
    tables += (RequestStep, RequestSupporter, Resource, ResourceChange, ResourceRequest)
    return tuple(db.session.scalar(select(func.count()).select_from(table)) for table in tables) + (
        db.session.scalar(select(func.sum(Thread.version))),
        db.session.scalar(select(func.sum(User.version))),
        tuple(db.session.scalars(select(User.session_stamp).order_by(User.id))),
    )
