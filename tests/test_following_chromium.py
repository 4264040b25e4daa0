"""Following in a real browser: with scripts and without, and with the keyboard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import db
from forum.discussion.models import Thread
from forum.following import rounds
from forum.following.models import Reading
from tests.factories import make_person, make_reply, make_thread

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]
both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see


def keep(window: Window, name: str) -> None:
    if PICTURES:
        window.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@both
@pytest.mark.parametrize("width", [1280, 320])
def test_from_a_follow_to_what_is_new_and_to_its_end(
    live: LiveSite, opened: Open, javascript: bool, width: int
) -> None:
    with live.work():
        author, reader = make_person("Ada Obi").id, make_person("Rea Der").id
        thread = make_thread(db.session.get_one(User, author), title="Talking before marking")
        id, path = thread.id, f"/threads/{thread.id}-{thread.slug}"
    window = opened(reader, javascript=javascript, width=width)
    page = window.go(path)
    keep(window, f"thread-{width}-{javascript}")
    window.press("Follow this thread")
    expect(page.get_by_role("alert")).to_contain_text("You follow Talking before marking")
    page.locator("details.follow summary").click()
    page.get_by_label("How you hear of it").select_option("mail")
    keep(window, f"followed-{width}-{javascript}")
    window.press("Save")
    expect(page.locator("details.follow summary")).to_contain_text("Following by email")
    if not javascript:
        window.press("Mark as read")
    else:
        page.locator("#post-1").scroll_into_view_if_needed()
        page.locator("#reply-heading").scroll_into_view_if_needed()
        with page.expect_response("**/read"):
            page.wait_for_timeout(1700)
    with live.work():
        for n in range(3):
            make_reply(db.session.get_one(Thread, id), db.session.get_one(User, author), f"Number {n}")
        rounds.finish()
    window.go("/")
    expect(page.locator("header")).to_contain_text("Notifications (3)")
    expect(page.get_by_role("link", name="3 unread in Talking before marking")).to_be_visible()
    keep(window, f"home-{width}-{javascript}")
    page.locator("header").get_by_role("link", name="Notifications").click()
    expect(page.locator("main")).to_contain_text("3 posts in Talking before marking")
    keep(window, f"notifications-{width}-{javascript}")
    page.locator("main").get_by_role("link", name="Talking before marking").click()
    assert window.path.endswith("#post-2")
    if javascript:
        with page.expect_response("**/read"):
            page.locator("#reply-heading").scroll_into_view_if_needed()
        expect(page.get_by_role("button", name="Mark as read")).to_be_hidden()
    else:
        window.press("Mark as read")
    window.go("/following")
    expect(page.locator("main")).to_contain_text("You have read everything")
    with live.work():
        assert db.session.scalar(select(Reading.position).where(Reading.person_id == reader)) == 4
    page.get_by_label("Choose Talking before marking").check()
    page.get_by_label("Change what you have chosen to").select_option("stop")
    keep(window, f"following-{width}-{javascript}")
    window.press("Change")
    assert "You follow nothing yet" in window.words
    window.go("/account/conversation")
    keep(window, f"conversation-{width}-{javascript}")


def test_a_name_is_offered_and_chosen_with_the_keyboard(live: LiveSite, opened: Open) -> None:
    with live.work():
        author, reader = make_person("Zadie Obi", school="Little Wood School"), make_person("Rea Der").id
        thread = make_thread(author, title="Whom I mean")
        make_reply(thread, make_person("Zadok Smith", position="governor"))
        path = f"/threads/{thread.id}-{thread.slug}"
    window = opened(reader)
    page = window.go(path)
    text = page.get_by_label("Your reply")
    text.press_sequentially("I agree with @zad")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(page.get_by_role("listbox", name="People to mention")).to_be_visible()
    keep(window, "names")
    text.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    text.press("Escape")
    expect(options.first).to_be_hidden()
    text.press_sequentially("i")
    expect(options).to_have_count(1)
    text.press("ArrowDown")
    text.press("Enter")
    assert text.input_value() == "I agree with @Zadie Obi "
    text.press_sequentially("on this.")
    window.press("Post reply")
    expect(page.locator("article.post").last.get_by_role("link", name="@Zadie Obi")).to_be_visible()


@both
def test_a_private_feed_is_made_shown_once_and_revoked(
    live: LiveSite, opened: Open, javascript: bool
) -> None:
    with live.work():
        reader = make_person("Rea Der").id
    window = opened(reader, javascript=javascript, width=320)
    page = window.go("/following/feeds")
    window.press("Make the feed")
    address = page.locator("code").first.inner_text()
    keep(window, f"feeds-{javascript}")
    assert address.startswith(f"{live.url}/private/")
    assert page.request.get(address).ok
    window.go("/following/feeds")
    expect(page.locator("code")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Last used on")
    with page.expect_navigation():
        page.get_by_role("button", name="Revoke the feed: Everything I follow").click()
    assert page.request.get(address).status == 404


def test_choices_and_lists_to_look_at(live: LiveSite, opened: Open) -> None:
    with live.work():
        reader = make_person("Rea Der").id
    for width in (1280, 320):
        window = opened(reader, width=width)
        for name, path in (("choices", "/account/notifications"), ("import", "/following/import")):
            page = window.go(path)
            keep(window, f"{name}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (
                f"{path} is wider than the screen"
            )
