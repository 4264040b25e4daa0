"""Every page a person can reach, held against WCAG 2.2 AA and axe's best practices, wide and narrow.

The list of pages is checked against the site's own map: a new page without an entry here fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe, AxeResults

from forum.accounts.models import EmailedLink, Purpose, User
from forum.case_studies.drafts import Writing
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.bundles import Bundle, keep
from forum.core.db import db
from forum.discussion.models.drafts import Draft
from forum.moderation.models import Report
from tests.bad_files import jpeg, pdf, png
from tests.factories import STUDY, make_person, make_reply, make_study, make_thread, make_trial, post_of

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
    "discussion.prompt": (
        EVERYONE,
        ["/prompts/your-practice", "/prompts/what-more", "/prompts/your-practice?sort=newest&phase=special"],
    ),
    "discussion.thread": (
        EVERYONE,
        ["{thread}", "{thread}?page=2", "{locked}", "/threads/{study}-grown", "/threads/{tried}-tried"],
    ),
    "discussion.withdraw": (PARTICIPANT, ["/posts/{opening}/delete"]),
    "feeds.page": (VISITOR, ["/feeds"]),
    "moderation.report": (("visitor", "participant"), ["/posts/{reply}/report"]),
    "moderation.reported": (VISITOR, ["/posts/{reply}/reported?ref=1"]),
    "pages.about": (VISITOR, ["/about"]),
    "pages.accessibility": (VISITOR, ["/accessibility"]),
    "pages.cookies": (VISITOR, ["/cookies"]),
    "pages.home": (EVERYONE, ["/"]),
    "pages.moderation": (VISITOR, ["/how-we-moderate"]),
    "pages.person": (EVERYONE, ["/people/{author}"]),
    "pages.privacy": (VISITOR, ["/privacy"]),
    "pictures_team.picture": (TEAM, ["/team/pictures/{waiting}", "/team/pictures/{shown}"]),
    "pictures_team.pictures": (
        TEAM,
        ["/team/pictures", "/team/pictures?show=shown", "/team/pictures?show=refused"],
    ),
    "resources.index": (VISITOR, ["/resources"]),
    "study_files.of_draft": (PARTICIPANT, ["{draft}/files"]),
    "study_files.of_study": (PARTICIPANT, ["/case-studies/{study}/edit/files"]),
    "team.component": (TEAM, ["/team/components/school-organisation"]),
    "team.hidden": (TEAM, ["/team/hidden"]),
    "team.hide_post": (TEAM, ["/team/posts/{reply}/hide"]),
    "team.hide_thread": (TEAM, ["{thread_in_team}/hide"]),
    "team.home": (TEAM, ["/team"]),
    "team.log": (TEAM, ["/team/log"]),
    "team.move": (TEAM, ["{thread_in_team}/move"]),
    "team.prompt": (TEAM, ["/team/prompts/resources"]),
    "team.report": (TEAM, ["/team/reports/{report}", "/team/reports/{closed}"]),
    "team.reports": (TEAM, ["/team/reports", "/team/reports?show=closed"]),
    "team.texts": (TEAM, ["/team/texts"]),
}
FOR_MACHINES = {
    "broken", "case_studies.export_csv", "case_studies.export_json", "discussion.post", "feeds.opml", "files.paper",
    "files.picture", "pages.health",
    "pages.metrics", "pages.ready", "pages.robots", "pages.sitemap", "pages.sitemap_part", "static",
}  # fmt: skip
ERRORS = (400, 403, 404, 405, 410, 413, 422, 500)

# Who, where, the button, and what is typed before it is pressed.
FAILING: list[tuple[str, str, str, dict[str, str]]] = [
    ("visitor", "/account/register", "Create an account", {}),
    ("visitor", "/account/sign-in", "Sign in", {"email": "ada@example.org", "password": "not this one"}),
    ("visitor", "/account/reset", "Send the link", {"email": "not an address"}),
    ("visitor", "/account/confirm", "Send the link again", {"email": ""}),
    ("visitor", "/account/reset/{reset}", "Save the new password", {"password": "short"}),
    ("visitor", "/posts/{reply}/report", "Send the report", {}),
    ("participant", "/account/settings", "Save settings", {"name": ""}),
    ("participant", "/account/settings/email", "Send the link", {"email": ""}),
    ("participant", "/account/settings/password", "Save the new password", {"password": "short"}),
    ("participant", "/prompts/resources/threads/new", "Publish thread", {}),
    ("participant", "/prompts/resources/threads/new", "Preview", {"body": "# A heading\n\n- a list"}),
    ("participant", "{thread}", "Post reply", {"body": ""}),
    ("participant", "/posts/{opening}/edit", "Save changes", {"title": "", "body": ""}),
    ("participant", "/case-studies/new", "Save and continue", {}),
    ("participant", "{draft}/setting", "Save and continue", {"school": "x" * 200}),
    ("participant", "{draft}/marks", "Save and continue", {"effect_reason": "x" * 600}),
    ("participant", "{draft}/check", "Publish case study", {}),
    ("participant", "{draft}/files", "Add files", {}),
    ("participant", "/case-studies/{tried}/tried", "Publish your report", {"saw": "x" * 8001}),
    ("newcomer", "{thread}", "Post reply", {"body": "May I?"}),
    ("team", "/team/pictures/{waiting}", "Refuse the picture", {}),
    ("team", "/team/case-studies/{tried}/marks", "Put them on the case study", {"cost_reason": ""}),
    ("team", "/team/posts/{reply}/hide", "Hide the post", {}),
    ("team", "{thread_in_team}/hide", "Hide the thread", {}),
    ("team", "{thread_in_team}/move", "Move the thread", {"note": "x" * 2001}),
    ("team", "/team/reports/{report}", "Close the report", {}),
    ("team", "/team/prompts/resources", "Save", {"title": ""}),
    ("team", "/team/prompts/resources", "Preview", {"introduction": "# A heading\n\n- a list"}),
    ("team", "/team/components/school-organisation", "Save", {"name": ""}),
]  # fmt: skip

TEXT = """What *do* you do about **marking**? See https://example.org/report and [ours](/about).

# A heading

> Someone said so.

1. First `code`
2. Second

| Year | Marked |
|------|--------|
| 7    | 12     |
"""


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
        reports = [Report.make(post_of(thread, n), author, "other", f"Look at {n}.") for n in (2, 4)]
        reports[1].close(colleague, "Hidden.")
        make_trial(make_study(author, title="Talking in pairs"), colleague)
        make_study(author, disclosure="role-only", phase="special").ask_to_renew()
        Draft.save(
            author, "thread:what-more", "A new thread", "/prompts/what-more/threads/new", {"body": TEXT}
        )
        tried, study = studies(author, colleague)
        waiting, shown = pictures(study, author, colleague)
        draft = Writing.begin(author, "token", {"title": "A case study that is begun"})
        tokens = {
            "confirm": EmailedLink.make(newcomer, Purpose.CONFIRM, newcomer.email),
            "used": EmailedLink.make(author, Purpose.CONFIRM, author.email),
            "change": EmailedLink.make(author, Purpose.CHANGE, "new@example.org"),
            "reset": EmailedLink.make(author, Purpose.RESET, author.email),
        }
        names = {
            **tokens, "author": author.id, "opening": opening.id, "post": replies[1].id, "reply": replies[0].id,
            "thread": f"/threads/{thread.id}-{thread.slug}", "thread_in_team": f"/team/threads/{thread.id}",
            "locked": f"/threads/{locked.id}-{locked.slug}", "report": reports[0].id, "closed": reports[1].id,
            "tried": tried.thread_id, "study": study.thread_id, "draft": draft.url(),
            "waiting": waiting, "shown": shown,
        }  # fmt: skip
        people = {"visitor": None, "participant": author.id, "team": colleague.id, "newcomer": newcomer.id}
        db.session.commit()
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


def test_each_page_of_the_site_has_an_entry(live: LiveSite) -> None:
    pages = {
        rule.endpoint
        for rule in live.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "format" not in rule.arguments
    }
    assert pages - FOR_MACHINES == PAGES.keys()


@pytest.mark.parametrize("who", ["visitor", "participant", "team", "newcomer"])
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
        form = page.locator("main form[method=post]").last
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
