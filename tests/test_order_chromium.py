"""A merged thread in a real browser: an old link finds its post, and reading goes by what stands on the page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.factories import make_person
from tests.test_order import EVENS, ODDS, put_together, written

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see


def keep(window: Window, name: str) -> None:
    if PICTURES:
        window.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (320, False)])
def test_an_old_link_finds_its_post_and_reading_goes_by_the_page(
    live: LiveSite, opened: Open, width: int, javascript: bool
) -> None:
    with live.work():
        kept, duplicate = written("Marking in pairs", EVENS), written("Marking in twos", ODDS)
        reader, path = make_person("Rea Der").id, f"/threads/{kept.id}-{kept.slug}"
        put_together(duplicate.id, kept.id)
        old = f"/threads/{duplicate.id}"
    window = opened(reader, javascript=javascript, width=width)
    page = window.go(f"{path}?page=1#post-15")  # it stands on page 2 now
    if not javascript:
        page.locator("#post-15").click()
    expect(page.locator("article#post-15")).to_be_in_viewport()
    assert window.path == f"{path}?page=2#post-15"
    keep(window, f"merged-2-{width}")
    page = window.go(old)
    expect(page.locator("article#post-26")).to_be_in_viewport()
    assert window.path == f"{path}#post-26"
    keep(window, f"merged-1-{width}")
    if javascript:
        page.locator("article#post-3").scroll_into_view_if_needed()
        page.wait_for_timeout(1700)
        with page.expect_response("**/read"):
            page.locator("#reply-heading").scroll_into_view_if_needed()
    else:
        window.press("Mark as read to here")
    window.go("/")
    expect(page.get_by_role("link", name="29 unread in Marking in pairs")).to_be_visible()
