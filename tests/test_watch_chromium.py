"""Before it is public, in a real browser: what is found is explained, and there is always a way on. With scripts and
without; with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from forum.core.db import db
from forum.moderation.models import Watched
from tests.factories import make_person, make_thread
from tests.test_chromium import TOO_WIDE, tab_to

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open

pytest_plugins = ["tests.chromium"]

both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
NAMED = "Last week Jamie Smith in Year 4 read to us."
LISTS = {
    "nudge": ("gizmo", "Say which gizmo you mean."),
    "hold": ("miracle cure", "Nothing is sold here."),
    "refuse": ("forbidden phrase", "This phrase was used to harass people."),
}


@pytest.fixture(scope="module")
def lists(live: LiveSite) -> None:
    with live.work():
        root = make_person("Rita Root", role="administrator")
        for act, (words, note) in LISTS.items():
            made = Watched.add(root, act.capitalize(), "words", act, [words], note)
            made.use(root, made.version)
        db.session.commit()


@both
def test_a_pupil_is_named_changed_and_gone_on_with(live: LiveSite, opened: Open, javascript: bool) -> None:
    """By keyboard: the summary has the focus, leads to the box and to the way on."""
    with live.work():
        ada, tess = make_person("Ada Obi").id, make_person("Tess Okafor", role="team").id
        path = f"/threads/{make_thread(title='Marking in pairs').id}"
    window, team = opened(ada, javascript=javascript), opened(tess, javascript=javascript)
    window.go(path).get_by_label("Your reply").focus()
    window.page.keyboard.type(NAMED)
    if javascript:  # said while one types, and politely
        hint = window.page.locator(".found-hint").first
        expect(hint).to_contain_text("Jamie Smith in Year 4")
        expect(hint).to_have_attribute("role", "status")
    tab_to(window, "Post reply")
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")
    summary = window.page.locator(".govuk-error-summary")
    expect(summary).to_contain_text("A name with a class, a year or an age tells anyone who the child is.")
    if javascript:
        expect(summary).to_be_focused()
    summary.get_by_role("link", name="Jamie Smith in Year 4").focus()
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_label("Your reply")).to_be_in_viewport()
    expect(window.page.get_by_label("Your reply")).to_have_value(NAMED)

    summary.get_by_role("link", name="send it to the team to check first").focus()
    window.page.keyboard.press("Enter")
    tab_to(window, "Send it to the team to check first")
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")
    assert "Waiting for the team" in window.words and NAMED in window.words
    visitor = opened(javascript=javascript)
    visitor.go(path)
    assert "Jamie" not in visitor.words
    team.go("/team/queue").get_by_role("link", name="It may say who someone is").last.click()
    expect(team.page.get_by_role("heading", name="What was found in it")).to_be_visible()
    expect(team.page.locator("mark").first).to_have_text("Jamie Smith in Year 4")

    window.go(path).get_by_label("Your reply").fill(NAMED)
    window.press("Post reply")
    window.page.get_by_label("Your reply").fill("Last week a pupil in Year 4 read to us.")
    window.press("Post reply")
    visitor.go(path)
    assert "a pupil in Year 4 read to us" in visitor.words


@both
def test_what_the_team_watches_for(live: LiveSite, opened: Open, lists: None, javascript: bool) -> None:
    with live.work():
        ada = make_person("Ada Obi").id
        path = f"/threads/{make_thread(title='Things that help').id}"
    window, visitor = opened(ada, javascript=javascript), opened(javascript=javascript)
    for act, way in (
        ("nudge", "Publish it as it is"),
        ("hold", "Send it to the team to check first"),
        ("refuse", ""),
    ):
        words, note = LISTS[act]
        text = f"Here is a {words}, {act}."
        window.go(path).get_by_label("Your reply").fill(text)
        window.press("Post reply")
        assert note in window.words
        expect(window.page.get_by_label("Your reply")).to_have_value(text)
        if way:
            tab_to(window, way)
            with window.page.expect_navigation():
                window.page.keyboard.press("Enter")
            assert text in window.words
        else:
            expect(window.page.locator("[name=go_on]")).to_have_count(0)
        visitor.go(path)
        assert (text in visitor.words) is (act == "nudge")


@both
def test_a_list_is_tried_and_put_to_use(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        tess = make_person("Tess Okafor", role="team").id
        make_thread(title="Cheap tricks", text="Some of them are Zappers.")
    window = opened(tess, javascript=javascript)
    window.go("/team").get_by_role("link", name="What is watched for").click()
    window.page.get_by_role("button", name="Make a list").click()
    window.press("Keep it and see what it finds")
    assert window.page.title().startswith("Error: ")
    window.page.get_by_label("Name of the list").fill("Zappers")
    window.page.get_by_label("Words or phrases").check()
    window.page.get_by_label("The list", exact=True).fill("zapper\nzappers")
    window.page.get_by_label("Hold it until the team has looked").check()
    window.page.get_by_label("What its author is told").fill("No zappers here.")
    window.press("Keep it and see what it finds")
    assert "would have been caught" in window.words
    window.press("Put it to use")
    expect(window.page.get_by_text("In use", exact=True)).to_be_visible()
    window.press("Stop using it")
    expect(window.page.get_by_text("Not in use", exact=True)).to_be_visible()


def test_nothing_scrolls_sideways_on_a_narrow_screen(live: LiveSite, opened: Open, lists: None) -> None:
    with live.work():
        ada, tess = make_person("Ada Obi").id, make_person("Tess Okafor", role="team").id
        path = f"/threads/{make_thread(title='A narrow one').id}"
        root = make_person(role="administrator")
        wide = Watched.add(root, "W" * 120, "pattern", "hold", ["w" * 150], "N" * 200)
        db.session.commit()
        id = wide.id
    window, team = opened(ada, width=320), opened(tess, width=320)
    window.go(path).get_by_label("Your reply").fill(
        f"{NAMED} {'x' * 90}miracle cure, ring 07700 900123 {'y' * 90}"
    )
    window.press("Post reply")
    assert not window.page.evaluate(TOO_WIDE)
    for page in ("/team/watched", "/team/watched/new", f"/team/watched/{id}", f"/team/watched/{id}/edit"):
        assert not team.go(page).evaluate(TOO_WIDE), page
