"""Whole journeys in a real browser, with scripts and without: what only a browser can show.

In none of them may a script fail, the policy be broken, or anything be asked of another site: `opened` sees to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import feedparser
import lxml.etree
import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.core.db import db
from forum.discussion.models import Thread
from tests.factories import PASSWORD, make_person, make_reply, make_thread, post_of

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

WIDE, NARROW = 1280, 320
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])


# The whole story


@both
def test_from_an_account_to_a_tombstone(live: LiveSite, opened: Open, javascript: bool) -> None:
    name = "Ngozi Eze" if javascript else "Tom Adeyemi"
    email = f"{name.split()[0].lower()}@example.org"
    writer, visitor, team = (opened(javascript=javascript) for _ in range(3))

    register(writer, name, email)
    assert "Check your email" in writer.heading
    writer.page.goto(live.link(email))
    writer.press("Confirm my email address")
    writer.go("/account/sign-in")
    sign_in_by_form(writer, email)
    assert writer.path == "/"

    writer.page.locator("main a[href='/prompts/your-practice']").click()
    writer.press("Start a discussion")
    writer.page.get_by_label("Title", exact=True).fill(f"Marking less in the words of {name}")
    writer.page.get_by_label("Assessment for learning").check()
    writer.page.get_by_label("What do you want to say?").fill("What do you **do** about marking?")
    writer.press("Publish thread")
    assert writer.heading == f"Marking less in the words of {name}"
    thread = writer.path

    reply = writer.page.get_by_label("Your reply")
    reply.fill("We *talk* first, said Wednesbury.")
    if javascript:
        expect(writer.page.locator(".preview__body em")).to_have_text("talk")
    else:
        writer.press("Preview")
        expect(writer.page.locator(".preview em")).to_have_text("talk")
        expect(reply).to_have_value("We *talk* first, said Wednesbury.")
    writer.press("Post reply")
    assert writer.path.endswith("#post-2")
    expect(writer.page.locator("#post-2 em")).to_have_text("talk")

    writer.page.get_by_role("link", name="Edit post 2").click()
    writer.page.get_by_label("Your reply").fill("We talk last, said Wednesbury.")
    writer.press("Save changes")
    writer.page.locator("#post-2").get_by_role("link", name="edited").click()
    expect(writer.page.locator("del")).to_contain_text(["*talk* first"])
    expect(writer.page.locator("ins")).to_contain_text(["talk last"])
    writer.press("Compare")

    visitor.go(thread).get_by_role("link", name="Report post 2").click()
    visitor.page.get_by_label("A pupil could be identified").check()
    visitor.page.get_by_label("Anything else the team should know").fill("It names Wednesbury.")
    visitor.press("Send the report")
    assert visitor.heading == "Thank you for your report"

    with live.work():
        colleague = make_person(name=f"Team of {name}", role="team").email
    team.go("/team")
    sign_in_by_form(team, colleague)
    assert team.path == "/team"
    team.press("Go to the queue")
    team.page.get_by_role(
        "link", name=f"A pupil could be identified: Marking less in the words of {name}"
    ).click()
    assert "It names Wednesbury." in team.words
    team.page.get_by_label("Hide").check()
    team.page.get_by_label("Reason").select_option("A pupil could be identified")
    team.page.get_by_label("Note").fill("The town and the year are enough to find the child.")
    team.press("Decide")
    assert f"in the words of {name}" not in team.words
    team.go("/team/log")
    assert "The town and the year are enough to find the child." in team.words

    visitor.go(thread)
    expect(visitor.page.locator("#post-2")).to_contain_text("is not shown")
    expect(visitor.page.locator("#post-2")).to_contain_text("pupil")
    assert "Wednesbury" not in visitor.page.content()
    number = thread.removeprefix("/threads/").partition("-")[0]
    for path in (f"/threads/{number}/feed", "/posts/feed", "/prompts/your-practice/posts/feed"):
        for form in ("atom", "rss", "json"):
            assert b"Wednesbury" not in visitor.context.request.get(f"{live.url}{path}.{form}").body()
    document = visitor.context.request.get(f"{live.url}/threads/{number}/feed.atom").body()
    feed = feedparser.parse(document)
    assert not feed.bozo
    assert len(feed.entries) == 1
    assert "do about marking" in feed.entries[0].content[0].value.replace("<strong>do</strong>", "do")
    assert len(lxml.etree.fromstring(document).findall(DELETED)) == 1


def register(window: Window, name: str, email: str) -> None:
    page = window.go("/account/register")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Teacher", exact=True).check()
    page.get_by_label("Phase").select_option("primary")
    page.get_by_label("School or organisation").fill("Larkhill Primary")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("I am 18 or over").check()
    window.press("Create an account")


def sign_in_by_form(window: Window, email: str) -> None:
    window.page.get_by_label("Email address").fill(email)
    window.page.get_by_label("Password", exact=True).fill(PASSWORD)
    window.press("Sign in")


# No word is lost


def test_words_are_saved_while_they_are_typed(live: LiveSite, opened: Open) -> None:
    author, thread, path = a_thread(live)
    window = opened(author)
    window.go(path).get_by_label("Your reply").press_sequentially("Half a thought")
    expect(window.page.get_by_role("status").filter(has_text="Draft saved at")).to_be_visible()
    window.go("/drafts")
    assert "Half a thought" in window.words
    window.page.get_by_role("link", name="A reply: ").click()
    expect(window.page.get_by_label("Your reply")).to_have_value("Half a thought")

    window.page.get_by_label("Your reply").fill("A whole thought")
    window.go("/about")  # leaving saves too, in its own time
    wait_for(lambda: "A whole thought" in window.go("/drafts").locator("main").inner_text())
    window.page.get_by_role("link", name="A reply: ").click()
    window.press("Post reply")
    assert "A whole thought" in window.words
    window.go("/drafts")
    assert "You have no drafts" in window.words


def test_a_draft_saved_by_its_button(live: LiveSite, opened: Open) -> None:
    author, thread, path = a_thread(live)
    window = opened(author, javascript=False)
    window.go("/prompts/resources/threads/new").get_by_label("Title", exact=True).fill("Not yet")
    window.page.get_by_label("What do you want to say?").fill("Half a thought")
    window.page.get_by_label("Strong partnership").check()
    window.press("Save draft")
    assert window.path == "/drafts"
    window.page.get_by_role("link", name="A new thread: ").click()
    expect(window.page.get_by_label("Title", exact=True)).to_have_value("Not yet")
    expect(window.page.get_by_label("What do you want to say?")).to_have_value("Half a thought")
    expect(window.page.get_by_label("Strong partnership")).to_be_checked()
    window.go("/drafts")
    window.press("Discard the draft: A new thread: Resources for progress")
    assert "You have no drafts" in window.words


@both
def test_a_reply_outlives_its_session(live: LiveSite, opened: Open, javascript: bool) -> None:
    author, thread, path = a_thread(live)
    window = opened(author, javascript=javascript)
    window.refusals = {401}
    words = 'Kept, "word" for <word> &\nline for line.'
    window.go(path).get_by_label("Your reply").fill(words)
    window.page.get_by_label("With my role only").check()
    window.context.clear_cookies()
    window.press("Post reply")
    assert window.heading == "Sign in"
    assert "What you wrote is kept" in window.words
    sign_in_by_form(window, email_of(live, author))
    expect(window.page.get_by_label("What you wrote")).to_have_value(words)
    window.press("Send")
    assert window.path.endswith("#post-2")
    expect(window.page.locator("#post-2 .post__body")).to_have_text(words)
    expect(window.page.locator("#post-2 .post__byline")).to_contain_text("A teacher, primary")


def test_the_page_says_that_its_session_has_ended(live: LiveSite, opened: Open) -> None:
    author, thread, path = a_thread(live)
    window = opened(author)
    window.refusals = {401}
    window.go(path)
    window.context.clear_cookies()
    window.page.get_by_label("Your reply").press_sequentially("Still here")
    status = window.page.get_by_role("status").filter(has_text="You have been signed out")
    expect(status).to_be_visible()
    expect(window.page.get_by_label("Your reply")).to_have_value("Still here")


@both
def test_two_edits_at_once(live: LiveSite, opened: Open, javascript: bool) -> None:
    author, thread, path = a_thread(live)
    with live.work():
        post = post_of(db.session.get_one(Thread, thread)).id
    here, there = opened(author, javascript=javascript), opened(author, javascript=javascript)
    for window, words in ((here, "Words from here."), (there, "Words from there.")):
        window.go(f"/posts/{post}/edit").get_by_label("What do you want to say?").fill(words)
    there.press("Save changes")
    here.press("Save changes")
    assert "This post has changed since you began" in here.words
    expect(here.page.locator("del")).to_contain_text(["there"])
    expect(here.page.get_by_label("What do you want to say?")).to_have_value("Words from here.")
    here.press("Save changes")
    expect(here.page.locator("#post-1 .post__body")).to_have_text("Words from here.")


# Sent once, said once


@both
def test_a_double_click_makes_one_thread(live: LiveSite, opened: Open, javascript: bool) -> None:
    author, thread, path = a_thread(live)
    window = opened(author, javascript=javascript)
    title = f"Pressed twice {'with' if javascript else 'without'} scripts"
    window.go("/prompts/what-more/threads/new").get_by_label("Title", exact=True).fill(title)
    window.page.get_by_label("What do you want to say?").fill("Once is enough.")
    window.page.get_by_role("button", name="Publish thread").dblclick()
    window.page.wait_for_url("**/threads/*-pressed-twice*")
    assert window.heading == title
    with live.work():
        assert db.session.scalar(select(func.count()).where(Thread.title == title)) == 1


@both
def test_back_and_sent_again_makes_one_post(live: LiveSite, opened: Open, javascript: bool) -> None:
    author, thread, path = a_thread(live)
    window = opened(author, javascript=javascript)
    window.go(path).get_by_label("Your reply").fill("Said once.")
    window.press("Post reply")
    window.page.go_back()
    if window.page.get_by_label("Your reply").input_value() == "Said once.":
        window.press("Post reply")
    window.go(path)
    expect(window.page.get_by_text("Said once.")).to_have_count(1)


# A form that failed


FAILING = [
    ("register", "/account/register", "Create an account", "Enter your name", "Your name"),
    ("sign in", "/account/sign-in", "Sign in", "Enter your email address", "Email address"),
    ("new thread", "/prompts/resources/threads/new", "Publish thread", "Enter a title", "Title"),
    ("reply", "{thread}", "Post reply", "Enter your reply", "Your reply"),
    ("report", "/posts/{post}/report", "Send the report", "Select a reason", None),
    ("hide", "/team/posts/{post}/hide", "Hide the post", "Select a reason", None),
]


@pytest.mark.parametrize(
    ("which", "path", "button", "message", "field"), FAILING, ids=[row[0] for row in FAILING]
)
def test_a_form_says_what_is_wrong_with_it(
    live: LiveSite, opened: Open, which: str, path: str, button: str, message: str, field: str | None
) -> None:
    author, thread, address = a_thread(live, role="team")
    with live.work():
        post = post_of(db.session.get_one(Thread, thread)).id
    window = opened(None if which in ("register", "sign in") else author)
    window.go(path.format(thread=address, post=post))
    window.press(button)
    assert window.page.title().startswith("Error: ")
    expect(window.page.locator(".govuk-error-summary")).to_be_focused()
    window.page.locator(".govuk-error-summary").get_by_role("link", name=message).click()
    if field:
        expect(window.page.get_by_label(field, exact=True)).to_be_focused()
        described = window.page.get_by_label(field, exact=True).get_attribute("aria-describedby") or ""
        said = [window.page.locator(f"#{each}").inner_text() for each in described.split()]
        assert any(message in each for each in said)
    else:
        expect(window.page.get_by_role("radio").first).to_be_focused()


# Hands and eyes


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_reply_by_keyboard_alone(live: LiveSite, opened: Open, key: str) -> None:
    author, thread, path = a_thread(live)
    window = opened(author)
    keyboard = window.go(path).keyboard
    keyboard.press("Tab")
    skip = window.page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["width"] > 100
    keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()
    reached = tab_to(window, "Your reply")
    assert "Report post 1" in reached, reached
    keyboard.type(f"Typed, then {key}.")
    tab_to(window, "Post reply")
    with window.page.expect_navigation():
        keyboard.press(key)
    expect(window.page.locator("#post-2 .post__body")).to_have_text(f"Typed, then {key}.")


def test_the_menu_of_a_narrow_page_by_keyboard(live: LiveSite, opened: Open) -> None:
    window = opened(width=NARROW)
    window.go("/")
    menu = window.page.get_by_role("button", name="Menu")
    expect(menu).to_be_visible()
    feeds = window.page.get_by_role("navigation", name="Menu").get_by_role("link", name="Feeds")
    expect(feeds).to_be_hidden()
    tab_to(window, "Menu")
    window.page.keyboard.press("Enter")
    tab_to(window, "Feeds")
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")
    assert window.path == "/feeds"


NAME_OF_FOCUS = """() => {
  const here = document.activeElement;
  const label = here.labels && here.labels[0];
  const shown = here.getBoundingClientRect();
  const name = (label || here).innerText.replace(/\\s+/g, " ").trim();
  return [name, shown.width > 0 && shown.height > 0 && shown.top < innerHeight && shown.bottom > 0];
}"""


def tab_to(window: Window, name: str) -> list[str]:
    """Press Tab until the thing of that name has the focus. Each thing on the way must be in sight."""
    reached: list[str] = []
    while len(reached) < 60:
        window.page.keyboard.press("Tab")
        found, in_sight = window.page.evaluate(NAME_OF_FOCUS)
        assert in_sight, f"the focus is on {found!r}, out of sight"
        reached.append(found)
        if found == name:
            return reached
    raise AssertionError(f"no {name!r} among {reached}")


TOO_WIDE = """() => {
  const wide = [...document.querySelectorAll("body *")].filter((each) => {
    const box = each.getBoundingClientRect();
    const may = each.closest(".govuk-visually-hidden, .post__body table, .scroll");
    return box.width && box.right > innerWidth + 1 && !may;
  });
  const over = document.scrollingElement.scrollWidth - innerWidth;
  return over > 0 ? `${over} px too wide: ` + wide.map((each) => each.outerHTML.slice(0, 120)).join("\\n") : "";
}"""
LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 2
WIDE_TEXT = f"""{LONG} and https://example.org/{"a-very-long-path/" * 12}

| one column | another column | a third column | a fourth column | a fifth column |
|---|---|---|---|---|
| {"words " * 5} | {LONG} | x | y | z |

    {"code without an end " * 12}

> > > > quoted and {LONG}

1. one
   - two
     - three {LONG}
"""


@pytest.mark.parametrize("larger", [False, True], ids=["usual text", "text at 200%"])
def test_nothing_scrolls_sideways_on_a_narrow_screen(live: LiveSite, opened: Open, larger: bool) -> None:
    with live.work():
        author = make_person(name=LONG[:60], school=LONG[:80], role="team").id
        other = make_person(name=LONG[:60], school=LONG[:80])
        thread = make_thread(other, title=LONG[:60] + " " + LONG[:60], text=WIDE_TEXT)
        post, address = make_reply(thread, other, WIDE_TEXT).id, f"/threads/{thread.id}-{thread.slug}"
    visitor, team = opened(width=NARROW), opened(author, width=NARROW)
    visitor.go(f"/posts/{post}/report").get_by_label("A pupil could be identified").check()
    visitor.page.get_by_label("Anything else").fill(LONG)
    visitor.press("Send the report")
    for window, paths in (
        (
            visitor,
            ["/", "/prompts/your-practice?sort=newest", address, "/account/sign-in", "/account/register"],
        ),
        (team, [address, "/prompts/resources/threads/new", "/account/settings", "/team", "/team/reports"]),
    ):
        for path in paths:
            page = window.go(path)
            if larger:
                page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert not (found := page.evaluate(TOO_WIDE)), f"{path}: {found}"


# What these have in common


def a_thread(live: LiveSite, role: str = "participant") -> tuple[int, int, str]:
    """The ids of someone and of a thread they have started, and its address."""
    with live.work():
        author = make_person(role=role)
        thread = make_thread(author, text="What do you do about marking?")
        return author.id, thread.id, f"/threads/{thread.id}-{thread.slug}"


def email_of(live: LiveSite, author: int) -> str:
    with live.work():
        return db.session.get_one(User, author).email or ""


def wait_for(happened: Callable[[], bool]) -> None:
    """Ask again until it has, for ten seconds at most."""
    until = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.1)
