"""Every page a person can reach, held against WCAG 2.2 AA and axe's best practices, wide and narrow.

The list of pages is checked against the site's own map: a new page without an entry here fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe, AxeResults
from sqlalchemy import select

from forum.accounts.models import EmailedLink, Purpose, User
from forum.case_studies.drafts import Writing
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.bundles import Bundle, keep
from forum.core.db import as_at, db, now
from forum.discussion.models import Thread, slug_of
from forum.discussion.models.drafts import Draft
from forum.following import rounds as fanned
from forum.following.models import FeedKey, Follow, Level
from forum.following.models import Kind as Follows
from forum.following.models.stopping import Stop, What
from forum.moderation.models import Act, Appeal, Decision, Item, Report, Sanction, Watched
from forum.moderation.models.bans import Ban, BanKind
from forum.moderation.models.sanctions import Kind
from forum.resources.models import Resource, ResourceChange
from forum.resources.models.lists import open_talks
from forum.resources.models.words import HELPED
from forum.search.models.empty import EmptySearch
from forum.search.models.saved import SavedSearch
from forum.suggestions.models import AnswerDraft, Outcome
from forum.suggestions.models.steps import take_up
from tests.bad_files import jpeg, pdf, png
from tests.factories import (
    STUDY,
    make_answer,
    make_person,
    make_reply,
    make_request,
    make_review,
    make_school,
    make_study,
    make_suggestion,
    make_thread,
    make_trial,
    post_of,
    suggestion_of,
)

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

WIDTHS = (1280, 320)

OPTIONS = {
    "resultTypes": ["violations"],
    "preload": False,
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},
}
RUN = f"axe.run({json.dumps(OPTIONS)})"
AXE = Axe()

EVERYONE = ("visitor", "participant", "team")
VISITOR, PARTICIPANT, TEAM = (EVERYONE[i : i + 1] for i in range(3))

TEXT = """What *do* you do about **marking**? See https://example.org/report and [ours](/about).

# A heading

> Someone said so.

1. First `code`
2. Second

| Year | Marked |
|------|--------|
| 7    | 12     |
"""

# Endpoint -> who looks, and the addresses. Names in braces are the Story's.
PAGES: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "accounts.change_email": (PARTICIPANT, ["/account/settings/email"]),
    "accounts.change_password": (PARTICIPANT, ["/account/settings/password"]),
    "accounts.confirm": (
        VISITOR,
        ["/account/confirm/{confirm}", "/account/confirm/{used}", "/account/confirm/x"],
    ),
    "accounts.confirm_email": (VISITOR, ["/account/settings/email/{change}", "/account/settings/email/x"]),
    "accounts.register": (VISITOR, ["/account/register"]),
    "accounts.registered": (VISITOR, ["/account/check-your-email"]),
    "accounts.resend": (VISITOR, ["/account/confirm"]),
    "accounts.reset": (VISITOR, ["/account/reset"]),
    "accounts.reset_password": (VISITOR, ["/account/reset/{reset}", "/account/reset/x"]),
    "postbox.address": (PARTICIPANT, ["/account/settings/address"]),
    "postbox.address_again": (VISITOR, ["/account/settings/address/{revive}", "/account/settings/address/x"]),
    "postbox_team.letters": (("administrator",), ["/team/letters"]),
    "unsubscribing.unsubscribe": (VISITOR, ["/unsubscribe/{unsubscribe}"]),
    "accounts.settings": (("visitor", "participant", "newcomer"), ["/account/settings"]),
    "accounts.sign_in": (VISITOR, ["/account/sign-in"]),
    "case_studies.library": (
        EVERYONE,
        [
            "/case-studies",
            "/case-studies?phase=primary&phase=special&effect_mark=3&sort=title",
            "/case-studies?phase=primary#filters",
            "/case-studies?phase=middle",
            "/case-studies?print=1",
        ],
    ),
    "case_studies.adapt": (PARTICIPANT, ["/case-studies/{tried}/adapt"]),
    "case_studies.draft": (PARTICIPANT, ["{draft}"]),
    "case_studies.draft_check": (PARTICIPANT, ["{draft}/check"]),
    "case_studies.draft_step": (
        PARTICIPANT,
        [
            f"{{draft}}/{slug}"
            for slug in ("setting", "components", "did", "cost", "resources", "marks", "consent")
        ],
    ),
    "case_studies.edit": (PARTICIPANT, ["/case-studies/{study}/edit"]),
    "case_studies.edit_check": (PARTICIPANT, ["/case-studies/{study}/edit/check"]),
    "case_studies.edit_step": (PARTICIPANT, ["/case-studies/{study}/edit/did"]),
    "case_studies.history": (VISITOR, ["/case-studies/{study}/history", "/case-studies/{tried}/history"]),
    "case_studies.new": (("visitor", "participant", "newcomer"), ["/case-studies/new"]),
    "case_studies.tried": (("participant", "newcomer"), ["/case-studies/{tried}/tried"]),
    "case_studies_team.marks": (
        TEAM,
        ["/team/case-studies/{study}/marks", "/team/case-studies/{tried}/marks"],
    ),
    "discussion.component": (EVERYONE, ["/components/assessment-for-learning"]),
    "discussion.drafts": (("participant", "newcomer"), ["/drafts"]),
    "discussion.edit": (PARTICIPANT, ["/posts/{opening}/edit", "/posts/{post}/edit"]),
    "discussion.history": (EVERYONE, ["/posts/{opening}/history", "/posts/{reply}/history"]),
    "discussion.new_thread": (
        ("visitor", "participant", "newcomer"),
        ["/prompts/your-practice/threads/new"],
    ),
    "following.bring": (PARTICIPANT, ["/following/import"]),
    "following.choices": (PARTICIPANT, ["/account/notifications"]),
    "following.conversation": (("participant", "newcomer"), ["/account/conversation"]),
    "following.feeds": (PARTICIPANT, ["/following/feeds"]),
    "following.following": (("participant", "newcomer"), ["/following"]),
    "following.notifications": (("participant", "newcomer"), ["/notifications"]),
    "discussion.prompt": (
        EVERYONE,
        ["/prompts/your-practice", "/prompts/what-more", "/prompts/your-practice?sort=newest&phase=special"],
    ),
    "discussion.thread": (
        EVERYONE,
        [
            "{thread}",
            "{thread}?page=2",
            "{locked}",
            "{overdue_url}",
            "{answered_url}",
            "/threads/{study}-grown",
            "/threads/{tried}-tried",
            "{talk}",
            "{retired}",
            "{requested}",
        ],
    ),
    "discussion.withdraw": (PARTICIPANT, ["/posts/{opening}/delete"]),
    "feeds.page": (VISITOR, ["/feeds"]),
    "accounts.second_factor": (TEAM, ["/account/second-factor"]),
    "moderation.decision": (PARTICIPANT, ["/account/decisions/{decision}", "/account/decisions/{appealed}"]),
    "moderation.decisions": (("visitor", "participant", "newcomer"), ["/account/decisions"]),
    "moderation.ledger": (EVERYONE, ["/moderation", "/moderation?month=2020-01"]),
    "moderation.report": (("visitor", "participant"), ["/posts/{reply}/report"]),
    "moderation.report_file": (("visitor", "participant"), ["/case-studies/files/{shown}/report"]),
    "moderation.report_person": (("visitor", "team"), ["/people/{author}/report"]),
    "moderation.reported_file": (VISITOR, ["/case-studies/{study}/reported?ref=1"]),
    "moderation.reported_person": (VISITOR, ["/people/{author}/reported?ref=1&mail=yes"]),
    "moderation.reports": (PARTICIPANT, ["/account/reports"]),
    "moderation.rules": (VISITOR, ["/rules"]),
    "moderation.rules_then": (VISITOR, ["/rules/1"]),
    "moderation.rules_versions": (VISITOR, ["/rules/versions"]),
    "moderation.suspended": (("suspended",), ["/account/suspended"]),
    "moderation.reported": (VISITOR, ["/posts/{reply}/reported?ref=1"]),
    "pages.about": (VISITOR, ["/about"]),
    "pages.accessibility": (VISITOR, ["/accessibility"]),
    "pages.cookies": (VISITOR, ["/cookies"]),
    "pages.home": (EVERYONE, ["/"]),
    "pages.child_in_danger": (VISITOR, ["/child-in-danger"]),
    "pages.moderation": (VISITOR, ["/how-we-moderate"]),
    "pages.person": (EVERYONE, ["/people/{author}"]),
    "pages.privacy": (VISITOR, ["/privacy"]),
    "pictures_team.picture": (TEAM, ["/team/pictures/{waiting}", "/team/pictures/{shown}"]),
    "pictures_team.pictures": (
        TEAM,
        ["/team/pictures", "/team/pictures?show=shown", "/team/pictures?show=refused"],
    ),
    "schools.index": (
        ("visitor", "participant"),
        ["/schools", "/schools?q=hillview", "/schools?q=none+such"],
    ),
    "search.rename": (PARTICIPANT, ["/searches/{search}/rename"]),
    "search.results": (
        EVERYONE,
        [
            "/search",
            "/search?q=said",
            "/search?q=sen",
            "/search?q=said&kind=discussion&author=Ada+Obi&sort=newest&plain=yes",
            "/search?q=zeppelins",
            "/search?q=said+zeppelins",
            "/search?q=said&since=never",
        ],
    ),
    "search.searches": (("visitor", "participant", "newcomer"), ["/searches"]),
    "search_team.searches": (TEAM, ["/team/searches", "/team/searches?order=last"]),
    "study_files.of_draft": (PARTICIPANT, ["{draft}/files"]),
    "study_files.of_study": (PARTICIPANT, ["/case-studies/{study}/edit/files"]),
    "suggestions.answers": (VISITOR, ["/answers", "/answers?show=late", "/answers?show=other"]),
    "suggestions.edit": (PARTICIPANT, ["/suggestions/{overdue}/edit"]),
    "suggestions.index": (
        EVERYONE,
        ["/suggestions", "/suggestions?show=overdue", "/suggestions?show=newest&status=checked"],
    ),
    "suggestions.new": (("visitor", "participant", "newcomer"), ["/suggestions/new"]),
    "suggestions.trail": (VISITOR, ["/suggestions/{answered}/trail", "/suggestions/{overdue}/trail"]),
    "suggestions.what_happened": (("visitor", "participant", "newcomer"), ["/account/what-happened"]),
    "suggestions_team.answer": (TEAM, ["/team/suggestions/{overdue}/answer"]),
    "suggestions_team.merge": (TEAM, ["/team/suggestions/{heard}/merge"]),
    "suggestions_team.queue": (
        TEAM,
        [f"/team/suggestions?show={show}" for show in ("owed", "drafts", "heard", "promised")],
    ),
    "suggestions_team.receipt": (TEAM, ["/team/suggestions/{answered}/receipts/{receipt}"]),
    "suggestions_team.suggestion": (
        TEAM,
        ["/team/suggestions/{heard}", "/team/suggestions/{overdue}", "/team/suggestions/{answered}"],
    ),
    "suggestions_team.take_up": (TEAM, ["/team/suggestions/{heard}/take-up"]),
    "resources.edit_request": (PARTICIPANT, ["/resources/requests/{request}/edit"]),
    "resources.index": (EVERYONE, ["/resources"]),
    "resources.new_request": (("visitor", "participant", "newcomer"), ["/resources/requests/new"]),
    "resources.requests": (EVERYONE, ["/resources/requests", "/resources/requests?state=made"]),
    "resources.resource": (
        EVERYONE,
        ["/resources/governornet", "/resources/extended-schools", "/resources/innovation-unit"],
    ),
    "resources.review": (
        ("visitor", "participant", "newcomer"),
        ["/resources/governornet/review", "/resources/ict-in-schools/review"],
    ),
    "resources_team.answer": (TEAM, ["/team/resources/requests/{request}"]),
    "resources_team.edit": (TEAM, ["/team/resources/governornet/edit"]),
    "resources_team.edit_change": (TEAM, ["/team/resources/changes/{change}"]),
    "resources_team.new": (TEAM, ["/team/resources/new"]),
    "resources_team.new_change": (TEAM, ["/team/resources/governornet/changes/new"]),
    "resources_team.resources": (TEAM, ["/team/resources"]),
    "resources_team.retire": (TEAM, ["/team/resources/governornet/retire"]),
    "team.bans": (TEAM, ["/team/bans", "/team/bans?person={author}"]),
    "team.component": (TEAM, ["/team/components/school-organisation"]),
    "team.hidden": (TEAM, ["/team/hidden"]),
    "team.hide_post": (TEAM, ["/team/posts/{reply}/hide"]),
    "team.hide_thread": (TEAM, ["{thread_in_team}/hide"]),
    "team.home": (TEAM, ["/team"]),
    "team.log": (TEAM, ["/team/log"]),
    "team.move": (TEAM, ["{thread_in_team}/move"]),
    "team.prompt": (TEAM, ["/team/prompts/resources"]),
    "team.arrange": (TEAM, ["{thread_in_team}/settings"]),
    "team.item": (
        TEAM,
        [
            f"/team/queue/{{{name}}}"
            for name in ("report", "closed", "appeal", "picture_waits", "person_waits")
        ],
    ),
    "team.lift": (TEAM, ["/team/sanctions/{sanction}/lift"]),
    "team.merge_thread": (TEAM, ["{thread_in_team}/merge"]),
    "team.split_thread": (TEAM, ["{thread_in_team}/split"]),
    "team.members": (("team", "administrator"), ["/team/members"]),
    "team.person": (TEAM, ["/team/people/{author}"]),
    "team.queue": (TEAM, ["/team/queue", "/team/queue?why=report"]),
    "team.reverse": (TEAM, ["/team/decisions/{decision}/reverse"]),
    "team.rules_history": (TEAM, ["/team/rules"]),
    "team.sweep_person": (TEAM, ["/team/people/{author}/sweep"]),
    "team.switches": (TEAM, ["/team/switches"]),
    "team.watch_edit": (TEAM, ["/team/watched/{watched}/edit"]),
    "team.watch_new": (TEAM, ["/team/watched/new"]),
    "team.watched": (TEAM, ["/team/watched"]),
    "team.watched_list": (TEAM, ["/team/watched/{watched}"]),
    "team.wordings": (("administrator",), ["/team/wordings"]),
    "team.write_rules": (TEAM, ["/team/rules/edit"]),
    "team.texts": (TEAM, ["/team/texts"]),
}
FOR_MACHINES = set(
    """
    accounts.second_factor_picture broken case_studies.export_csv case_studies.export_json case_studies.school
    discussion.mentions discussion.post feeds.opml feeds.own_opml feeds.private files.paper files.picture
    following.unread moderation.ledger_csv pages.health
    pages.metrics pages.ready pages.robots pages.sitemap pages.sitemap_part schools.find search.nearest
    static suggestions.suggestion
    """.split()
)
ERRORS = (400, 403, 404, 405, 410, 413, 422, 500)

# Who, where, the button, and what is typed before it is pressed.
FAILING: list[tuple[str, str, str, dict[str, str]]] = [
    ("visitor", "/account/register", "Create an account", {}),
    ("visitor", "/account/sign-in", "Sign in", {"email": "ada@example.org", "password": "not this one"}),
    ("visitor", "/account/reset", "Send the link", {"email": "not an address"}),
    ("visitor", "/account/confirm", "Send the link again", {"email": ""}),
    ("visitor", "/account/reset/{reset}", "Save the new password", {"password": "short"}),
    ("visitor", "/posts/{reply}/report", "Send the report", {}),
    ("visitor", "/people/{author}/report", "Send the report", {"email": "nowhere"}),
    ("team", "/team/queue/{picture_waits}", "Decide", {}),
    ("team", "/team/queue/{person_waits}", "Decide", {}),
    ("team", "/team/bans", "Ban it", {"value": "10.0.0.0/8"}),
    ("team", "{thread_in_team}/split", "Make the new thread", {"numbers": "x"}),
    ("team", "{thread_in_team}/merge", "Merge the thread", {}),
    ("participant", "/account/settings", "Save settings", {"name": ""}),
    ("participant", "/account/settings/email", "Send the link", {"email": ""}),
    ("participant", "/account/settings/password", "Save the new password", {"password": "short"}),
    ("participant", "/prompts/resources/threads/new", "Publish thread", {}),
    ("participant", "/prompts/resources/threads/new", "Preview", {"body": "# A heading\n\n- a list"}),
    ("participant", "{thread}", "Post reply", {"body": ""}),
    ("participant", "{thread}", "Post reply", {"body": "As Jamie Smith in Year 4 said, ring 07700 900123."}),
    ("participant", "/posts/{opening}/edit", "Save changes", {"title": "", "body": ""}),
    ("participant", "/following/import", "Bring the list", {}),
    ("participant", "/case-studies/new", "Save and continue", {}),
    ("participant", "{draft}/setting", "Save and continue", {"school": "x" * 200}),
    ("participant", "{draft}/marks", "Save and continue", {"effect_reason": "x" * 600}),
    ("participant", "{draft}/check", "Publish case study", {}),
    ("participant", "{draft}/files", "Add files", {}),
    ("participant", "/case-studies/{tried}/tried", "Publish your report", {"saw": "x" * 8001}),
    ("participant", "/searches/{search}/rename", "Save the name", {"name": ""}),
    ("participant", "/suggestions/new", "Continue", {"title": ""}),
    ("participant", "/suggestions/new", "Preview", {"body": "# A heading\n\n- a list", "why": TEXT}),
    ("participant", "/suggestions/{overdue}/edit", "Save changes", {"why": ""}),
    ("newcomer", "{thread}", "Post reply", {"body": "May I?"}),
    ("team", "/team/watched/new", "Keep it and see what it finds", {"terms": "..."}),
    ("team", "/team/pictures/{waiting}", "Refuse the picture", {}),
    ("newcomer", "/suggestions/new", "Continue", {"title": "T", "body": "B", "why": "W", "helps": "H"}),
    ("team", "/team/suggestions/{heard}/take-up", "Take it up", {}),
    ("team", "/team/suggestions/{heard}/merge", "Continue", {}),
    ("team", "/team/suggestions/{overdue}/answer", "Save the draft", {"day": "31", "month": "2", "posts": "x"}),
    ("team", "/team/suggestions/{overdue}/answer", "Preview", {"note": TEXT}),
    ("team", "/team/case-studies/{tried}/marks", "Put them on the case study", {"cost_reason": ""}),
    ("participant", "/resources/ict-in-schools/review", "Send your review", {}),
    ("participant", "/resources/requests/new", "Publish your request", {"body": "x" * 10_001}),
    ("participant", "/resources/requests/{request}/edit", "Save changes", {"title": ""}),
    ("newcomer", "/resources/requests/new", "Publish your request", {"title": "A", "for_whom": "b", "body": "c"}),
    ("team", "/team/resources/new", "Add it to the list", {"archived_address": "javascript:alert(1)"}),
    ("team", "/team/resources/governornet/edit", "Save", {"name": ""}),
    ("team", "/team/resources/governornet/retire", "Retire it", {"on-day": "31", "on-month": "2"}),
    ("team", "/team/resources/governornet/changes/new", "Publish it", {"rests_on": "nonsense"}),
    ("team", "/team/resources/requests/{request}", "Publish the answer", {"due-day": "x"}),
    ("team", "/team/posts/{reply}/hide", "Hide the post", {}),
    ("team", "{thread_in_team}/hide", "Hide the thread", {}),
    ("team", "{thread_in_team}/move", "Move the thread", {"note": "x" * 2001}),
    ("team", "/team/prompts/resources", "Save", {"title": ""}),
    ("team", "/team/prompts/resources", "Preview", {"introduction": "# A heading\n\n- a list"}),
    ("team", "/team/components/school-organisation", "Save", {"name": ""}),
]  # fmt: skip


@dataclass(frozen=True)
class Story:
    """What the pages are about: ids, addresses and tokens, by the names in PAGES; and who looks at them."""

    names: dict[str, object]
    people: dict[str, int | None]


@pytest.fixture(scope="module")
def story(live: LiveSite) -> Story:
    with live.work():
        author, colleague = (
            make_person("Ada Obi", email="ada@example.org"),
            make_person("Ben Cole", role="team"),
        )
        newcomer = make_person("Cy Dee", confirmed=False)
        make_school(closed_on=date(2019, 8, 31))
        make_school("Hillview Nursery")
        thread = make_thread(author, text=TEXT, components=["assessment-for-learning", "school-organisation"])
        texts = [TEXT if n < 3 else f"And {n}." for n in range(21)]
        replies = [
            make_reply(thread, author, each, "role-only" if n % 2 else "named")
            for n, each in enumerate(texts)
        ]
        hidden = make_thread(author, title="Hidden")
        locked = make_thread(author, prompt="resources", title="Locked and pinned")
        opening = post_of(thread)
        opening.edit(
            author, TEXT + "\nAnd more.", "named", since=opening.version, title="Talking about marks"
        )
        thread.reply(author, "Quoted.", in_reply_to=post_of(thread, 2))
        post_of(thread, 4).hide(colleague, "pupil", "A name.")
        post_of(thread, 5).withdraw(author)
        hidden.hide(colleague, "spam")
        locked.lock(colleague)
        locked.pin(colleague, "For a week.")
        reports = [Report.of_post(post_of(thread, n), newcomer, "other", f"Look at {n}.") for n in (2, 6)]
        Decision.of_post(post_of(thread, 6), colleague, Act.LEAVE, note="Nothing.")
        decisions = [
            Decision.of_post(post_of(thread, n), colleague, Act.HIDE, "off-topic", "Not here.")
            for n in (7, 8)
        ]
        appeal = Appeal.make(decisions[1], author, "It is about marking.")
        sanction = Sanction.impose(make_person("Dee Held"), colleague, Kind.HOLD, reason="spam")
        suspended = make_person("Sue Spend")
        Sanction.impose(suspended, colleague, Kind.SUSPENSION, reason="spam", words="Please stop.")
        administrator = make_person("Ad Min", role="administrator")
        make_trial(make_study(author, title="Talking in pairs"), colleague)
        make_study(author, disclosure="role-only", phase="special").ask_to_renew()
        Draft.save(
            author, "thread:what-more", "A new thread", "/prompts/what-more/threads/new", {"body": TEXT}
        )
        tried, study = studies(author, colleague)
        waiting, shown = pictures(study, author, colleague)
        draft = Writing.begin(author, "token", {"title": "A case study that is begun"})
        beside = beside_threads(author, colleague)
        watched = Watched.add(colleague, "Sellers", "words", "hold", ["feedback"], "Sell elsewhere.")
        tokens = {
            "confirm": EmailedLink.make(newcomer, Purpose.CONFIRM, newcomer.email),
            "used": EmailedLink.make(author, Purpose.CONFIRM, author.email),
            "change": EmailedLink.make(author, Purpose.CHANGE, "new@example.org"),
            "reset": EmailedLink.make(author, Purpose.RESET, author.email),
            "revive": EmailedLink.make(author, Purpose.REVIVE, author.email),
            "unsubscribe": Stop(author.id, What.DIGEST).token,
        }
        names = {
            **tokens, **beside, "author": author.id,
            "opening": opening.id, "post": replies[1].id, "reply": replies[0].id,
            "thread": f"/threads/{thread.id}-{thread.slug}", "thread_in_team": f"/team/threads/{thread.id}",
            "locked": f"/threads/{locked.id}-{locked.slug}", "report": reports[0].item_id, "closed": reports[1].item_id,
            "decision": decisions[0].id, "appealed": decisions[1].id, "appeal": appeal.item_id,
            "sanction": sanction.id, "watched": watched.id,
            "tried": tried.thread_id, "study": study.thread_id, "draft": draft.url(),
            "waiting": waiting, "shown": shown,
        }  # fmt: skip
        people = {
            "visitor": None,
            "participant": author.id,
            "team": colleague.id,
            "newcomer": newcomer.id,
            "suspended": suspended.id,
            "administrator": administrator.id,
        }
        names |= suggestions(author, colleague)
        for person in (author, colleague):
            for kind, target in (
                ("person", newcomer.id),
                ("library", "region=london"),
                ("thread", thread.id),
            ):
                Follow.begin(person, Follows(kind), str(target), Level.MUTED if kind == "person" else None)
        FeedKey.make(author, "following")
        db.session.commit()
        fanned.finish()
        names["search"] = SavedSearch.save(author, "What was said", "q=said").id
        person = Report.of_person(make_person("Ben Page"), newcomer, "harassment", "The name.").item_id
        Ban.make(colleague, BanKind.NETWORK, "192.0.2.0/24", note="Adverts.")
        db.session.commit()
        picture = db.session.scalars(select(Item.id).where(Item.file_id == waiting)).one()
        names |= {"person_waits": person, "picture_waits": picture}
        EmptySearch.note("zeppelins")
    return Story(names, people)


def pictures(study: CaseStudy, author: User, colleague: User) -> tuple[int, int]:
    """One of each: a picture that waits for the team and one that it shows, a paper, and a picture that it refused."""
    bundle = Bundle(thread_id=study.thread_id)
    sent = (png(), jpeg(), pdf(), jpeg(300, 200))
    ids = [bundle.add(author, keep(data), f"{number}.file").id for number, data in enumerate(sent)]
    bundle.describe(author, {id: (f"Words of number {id}", False) for id in ids})
    bundle.declare(author, "consent")
    _, shown, paper, refused = bundle.all()
    for file in (shown, paper):
        file.show(colleague, file.hash)
    refused.refuse(colleague, refused.hash, "pupil", "A name on the door.")
    return ids[0], ids[1]


def studies(author: User, colleague: User) -> tuple[CaseStudy, CaseStudy]:
    """One that others tried and the team marked, and one of `author`'s that grew from it and was changed since."""
    tried = make_study(title="Tried", school="Larkhill", start="- a list", resources=["ict-in-schools"])
    for outcome, phase in (("same", "primary"), ("partly", "secondary"), ("not", "secondary")):
        make_trial(tried, outcome=outcome, phase=phase, changed="Once a week", saw=TEXT)
    grown = make_study(author, adapted_from=tried.thread_id, title="Grown", licence="none")
    grown.revise(author, {**STUDY, "title": "Grown", "did": "Other words"}, grown.opening().version)
    tried.mark(
        colleague,
        {f"{name}_{part}": "2" for name in ("effect", "cost", "evidence") for part in ("mark", "reason")},
    )
    grown.ask_to_renew()
    return tried, grown


def suggestions(author: User, colleague: User) -> dict[str, object]:
    """One that is overdue and has a draft, one with a long trail, one that is late, and one that nobody took up."""
    overdue, answered = (
        make_suggestion(author),
        make_suggestion(author, title="Say what has changed", supporters=2),
    )
    heard, late = make_suggestion(title="A longer lunch"), make_suggestion(title="Warmer rooms")
    other = make_suggestion(title="A shorter week")
    for status in ("will-do", "under-way", "done", "checked"):
        step = make_answer(answered, status, None if status == "checked" else 30, note=TEXT).id
    make_answer(other, "will-not", reason="cost")
    long_ago = now() - timedelta(days=60)
    with as_at(long_ago):
        make_answer(late, "will-do", 30)
    found = suggestion_of(overdue.thread_id)
    found.owe(long_ago)
    with as_at(long_ago):
        take_up(found, colleague, "A unit", TEXT)
    AnswerDraft.begin(found, colleague, Outcome("exists", "A unit", TEXT, date(2040, 1, 1)))
    suggestion_of(heard.thread_id).support(author)
    named = {"overdue": overdue, "answered": answered, "heard": heard}
    ids = {name: each.thread_id for name, each in named.items()}
    threads = {f"{name}_url": db.session.get_one(Thread, id) for name, id in ids.items()}
    return {**ids, "receipt": step, **{name: f"/threads/{t.id}-{t.slug}" for name, t in threads.items()}}


def beside_threads(author: User, colleague: User) -> dict[str, object]:
    """A resource with a scorecard in all its parts, one that is retired, and a request that is answered."""
    open_talks()
    positions, phases = ["teacher", "governor", "headteacher"], ["primary", "secondary"]
    for number in range(24):
        person = make_person(position=positions[number % 3], phase=phases[number % 2])
        helped = [*HELPED][number % 4]
        make_review(person, known=["used", "used", "heard"][number % 3], helped=helped, missing="An index")
    make_review(author, helped_with="complaints", missing="*An index*", body=TEXT)
    resource, retired = (
        db.session.scalars(Resource.named(slug)).one() for slug in ("governornet", "extended-schools")
    )
    talk = db.session.get_one(Thread, resource.thread_id)
    change = ResourceChange.tell(resource, colleague, date(2026, 11, 12), TEXT, [post_of(talk, 2)])
    retired.retire(colleague, date(2011, 3, 31), "It closed.")
    supporter = make_person()
    request = make_request(author, what="An index of all the pages")
    request.support(supporter)
    request.answer(colleague, "considering", "Websites team", None, TEXT, since=0)
    request.answer(colleague, "planned", "Websites team", date(2027, 3, 31), TEXT, since=1)
    db.session.commit()
    return {
        "request": request.thread_id,
        "requested": f"/threads/{request.thread_id}-{slug_of('An index of all the pages')}",
        "change": change.id,
        "talk": f"/threads/{talk.id}-{talk.slug}",
        "retired": f"/threads/{retired.thread_id}-extended-schools",
    }


def test_each_page_of_the_site_has_an_entry(live: LiveSite) -> None:
    pages = {
        rule.endpoint
        for rule in live.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "format" not in rule.arguments
    }
    assert pages - FOR_MACHINES == PAGES.keys()


@pytest.mark.parametrize("who", ["visitor", "participant", "team", "newcomer", "suspended", "administrator"])
def test_pages(live: LiveSite, opened: Open, story: Story, who: str) -> None:
    window = opened(story.people[who])
    found: list[str] = []
    for viewers, paths in PAGES.values():
        for path in paths if who in viewers else ():
            window.go(path.format_map(story.names))
            found += faults(window)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", ["visitor", "participant", "team", "newcomer"])
def test_forms_that_came_back(live: LiveSite, opened: Open, story: Story, who: str) -> None:
    window = opened(story.people[who])
    found: list[str] = []
    for path, button, typed in ((row[1], row[2], row[3]) for row in FAILING if row[0] == who):
        page = window.go(path.format_map(story.names))
        for name, value in typed.items():
            page.locator(f"main [name={name}]").fill(value)
        asked = page.get_by_role("button", name=button, exact=True)
        form = page.locator("main form[method=post]").filter(has=asked).last
        with page.expect_navigation():
            form.get_by_role("button", name=button, exact=True).last.click()
        assert page.title().startswith("Error: ") or button == "Preview", f"{path}: {page.title()}"
        if button == "Preview":
            page.wait_for_timeout(800)  # by then the script would have shown a second one
        found += faults(window)
    assert not found, "\n".join(found)


def test_pages_of_a_reply_in_the_making(live: LiveSite, opened: Open, story: Story) -> None:
    """The preview of the script, the page of a conflict, of an old token, of a session that has ended."""
    window = opened(story.people["participant"])
    window.refusals = {400, 401}
    found: list[str] = []
    page = window.go(str(story.names["thread"]))
    page.get_by_label("Your reply").fill("# Words\n\n> quoted")
    page.locator(".preview__body blockquote").wait_for()
    found += faults(window)

    page = window.go(f"/posts/{story.names['post']}/edit")
    page.get_by_label("Your reply").fill("Other words.")
    page.evaluate("document.querySelector('[name=since]').value = 0")
    window.press("Save changes")
    assert "This post has changed" in window.words
    found += faults(window)

    window.go(str(story.names["thread"])).get_by_label("Your reply").fill("Words of mine.")
    page.evaluate("document.querySelector('#reply [name=csrf_token]').value = 'old'")
    window.press("Post reply")
    assert window.heading == "Send it again"
    found += faults(window)

    window.go(str(story.names["thread"])).get_by_label("Your reply").fill("Words of mine.")
    window.context.clear_cookies()
    window.press("Post reply")
    assert window.heading == "Sign in"
    found += faults(window)
    assert not found, "\n".join(found)


def test_pages_that_are_shown_once(live: LiveSite, opened: Open, story: Story) -> None:
    """The address of a new private feed."""
    window = opened(story.people["participant"])
    window.go("/following/feeds").get_by_label("Of what").select_option("notifications")
    window.press("Make the feed")
    assert "We show them once only" in window.words
    found = faults(window)
    assert not found, "\n".join(found)


def test_pages_of_what_went_wrong(live: LiveSite, opened: Open, story: Story) -> None:
    window = opened(story.people["participant"])
    found: list[str] = []
    for path in ("/team", "/nothing-here", *(f"/broken/{code}" for code in ERRORS)):
        window.go(path)
        found += faults(window)
    visitor = opened()
    for _ in range(6):
        visitor.go("/account/reset").get_by_label("Email address").fill("often@example.org")
        visitor.press("Send the link")
    assert "often" not in visitor.words
    found += faults(visitor)
    assert not found, "\n".join(found)


def faults(window: Window) -> list[str]:
    """What axe finds in the page as it stands, at each width."""
    found = []
    window.page.evaluate(AXE.axe_script)
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 800})
        results = AxeResults(window.page.evaluate(RUN))
        if results.violations_count:
            found.append(f"{window.path} at {width} px: {results.generate_report()}")
    window.page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    return found
