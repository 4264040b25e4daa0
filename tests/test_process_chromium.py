"""Due process by keyboard: report, queue, claim, decide, appeal, reversal by someone else, ledger; and a split."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from forum.core.db import db
from forum.moderation.models import Decision, Item, Report
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.test_files_chromium import both, enter, tab_to, type_into

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]
LOOK = os.environ.get("SCREENSHOTS")  # a folder, for whoever wants to look


def pick(window: Window, target: Locator) -> None:
    """A radio or a box, with the space bar; arrow keys reach the other radios of a group."""
    group = target.evaluate("each => each.type === 'radio' ? each.name : ''")
    if group:
        first = window.page.locator(f"input[name='{group}']").first
        tab_to(window, first)
        for _ in range(12):
            if target.evaluate("each => each === document.activeElement"):
                break
            window.page.keyboard.press("ArrowDown")
    else:
        tab_to(window, target)
    if not target.is_checked():
        window.page.keyboard.press("Space")
    assert target.is_checked()


def keep(window: Window, name: str) -> None:
    if LOOK:
        for width in (320, 1280):
            window.page.set_viewport_size({"width": width, "height": 900})
            window.page.screenshot(path=Path(LOOK) / f"{name}-{width}.png", full_page=True)


@both
def test_from_a_report_to_the_ledger_by_keyboard(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        ada, grace = make_person("Ada Obi"), make_person("Grace Hill")
        tess, jo = make_person("Tess Okafor", role="team"), make_person("Jo Park", role="team")
        thread = make_thread(title="Marking in pairs")
        post = make_reply(thread, author=ada, text="Ask Wellington Bartholomew.").id
        address, number = f"/threads/{thread.id}-{thread.slug}", 2
        people = ada.id, grace.id, tess.id, jo.id
    author, reporter, team, colleague = (opened(person, javascript=javascript) for person in people)
    page = reporter.go(address)
    enter(reporter, page.get_by_role("link", name=f"Report post {number}"))
    pick(reporter, page.get_by_label("Personal information about someone"))
    type_into(reporter, page.get_by_label("Anything else"), "It gives a name.")
    keep(reporter, "report")
    enter(reporter, page.get_by_role("button", name="Send the report"))
    assert "Your reference is" in reporter.words
    page = team.go("/team/queue")
    enter(team, page.get_by_role("link", name="Personal information about someone: Marking in pairs"))
    enter(team, page.get_by_role("button", name="Take it, so that nobody else decides"))
    pick(team, page.get_by_label("Hide it"))
    tab_to(team, page.get_by_label("Reason", exact=True))
    page.keyboard.type("Personal")
    type_into(team, page.get_by_label("What its author is told"), "Leave out the name.")
    keep(team, "item")
    enter(team, page.get_by_role("button", name="Decide", exact=True))
    assert "is hidden. You can undo this" in page.locator("body").inner_text()
    with live.work():
        decision = db.session.scalars(select(Decision.id).where(Decision.post_id == post)).one()
    page = author.go("/account/decisions")
    enter(author, page.get_by_role("link", name="Post hidden: Marking in pairs"))
    type_into(author, page.get_by_label("Why do you think"), "He is a character in a book.")
    enter(author, page.get_by_role("button", name="Send the appeal"))
    page = colleague.go("/team/queue?why=appeal")
    enter(colleague, page.locator(".queue__item a").first)
    pick(colleague, page.get_by_label("The decision is reversed"))
    type_into(colleague, page.get_by_label("Your reason"), "So he is.")
    enter(colleague, page.get_by_role("button", name="Decide the appeal"))
    page = opened(javascript=javascript).go(address)
    assert "Wellington Bartholomew" in page.locator("main").inner_text()
    page = reporter.go("/moderation")
    assert "Reversed on appeal" in page.locator(f"#decision-{decision}").inner_text()
    keep(reporter, "ledger")


@both
def test_a_thread_is_split_by_keyboard(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        tess = make_person("Tess Okafor", role="team")
        thread = make_thread(title="Talking about marking")
        for number in range(3):
            make_reply(thread, text=f"Words {number}.")
        Report.of_person(make_person("Ben Lee"), tess, "other", "His page.")
        Report.of_post(post_of(thread, 2), make_person(), "spam", "")
        db.session.commit()
        person = db.session.scalars(select(Item.id).where(Item.thing.startswith("person:"))).first()
        address, team = f"/threads/{thread.id}-{thread.slug}", tess.id
    window = opened(team, javascript=javascript)
    page = window.go(address)
    enter(window, page.get_by_role("button", name="Split…"))
    pick(window, page.get_by_label("#3,"))
    tab_to(window, page.get_by_label("What is the new thread called?"))
    page.keyboard.type("Apart")
    keep(window, "split")
    enter(window, page.get_by_role("button", name="Make the new thread"))
    assert window.heading == "Apart" and "Words 1." in window.words
    page = window.go(address)
    keep(window, "left")
    enter(window, page.locator("#post-3 .post__gone a"))
    assert window.heading == "Apart"
    pages = {"home": "/team", "queue": "/team/queue", "bans": "/team/bans", "person": f"/team/queue/{person}"}
    for name, path in pages.items():
        window.go(path)
        assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        keep(window, name)
