"""A suggestion from the first word to what was done, in a real browser, with scripts and without."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import as_at, db, now
from forum.core.markup import TAGS
from forum.core.working_time import today
from forum.discussion.models import Thread
from forum.suggestions.rounds import finish
from tests.factories import make_answer, make_person, make_reply, make_suggestion, suggestion_of
from tests.test_chromium import TOO_WIDE, tab_to
from tests.test_xss_chromium import FAULTS, SAMPLES, batched, look, samples

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]
__all__ = ["samples"]  # a fixture

both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
WHY, HELPS = "Nine forms a year.", "Every school office."


@both
def test_made_supported_answered_by_two_and_done(live: LiveSite, opened: Open, javascript: bool) -> None:
    mark = "with scripts" if javascript else "without scripts"
    email = f"ada.{javascript}@example.org".lower()
    with live.work():
        near = make_suggestion(title=f"Numbers from one place {mark}").thread_id
        ada, ben = make_person("Ada Obi", email=email).id, make_person("Ben Lee").id
        dora, reza = (make_person(name, role="team").id for name in ("Dora Draft", "Reza Read"))
    author, other, drafter, reader, visitor = (
        opened(each, javascript=javascript) for each in (ada, ben, dora, reza, None)
    )

    # made, after seeing the nearest
    author.go("/prompts/what-more").get_by_role("button", name="Make a suggestion").click()
    fill(author, f"Numbers from one form {mark}", "One **collection**, on one date.")
    author.page.get_by_label("School organisation").check()
    author.press("Continue")
    assert author.heading == "Has somebody suggested this already?"
    expect(author.page.get_by_role("link", name=f"Numbers from one place {mark}")).to_be_visible()
    author.press("Change it first")
    expect(author.page.get_by_label("Why does it matter?")).to_have_value(WHY)
    expect(author.page.get_by_label("School organisation")).to_be_checked()
    author.press("Continue")
    author.press("Mine is different: publish it")
    assert author.heading == f"Numbers from one form {mark}"
    assert "You made this suggestion" in author.words
    path = author.path
    id = int(path.split("/")[2].split("-")[0])

    # supported, and taken back
    visitor.go(path)
    expect(visitor.page.get_by_role("link", name="Sign in to support it")).to_be_visible()
    other.go(path)
    other.press("Support this suggestion")
    assert "2 people support this" in other.words.replace("\n", " ")
    other.press("Take back your support")
    assert "1 person supports this" in other.words.replace("\n", " ")
    other.press("Support this suggestion")

    # the duplicate is merged
    drafter.go(f"/team/suggestions/{near}").get_by_role("button", name="Merge into another…").click()
    drafter.page.get_by_label("The suggestion that goes on").fill(live.url + path)
    drafter.press("Continue")
    assert drafter.heading == "Merge these two?"
    drafter.press("Merge them")
    assert drafter.path == path
    visitor.go(f"/threads/{near}")
    assert visitor.path == f"{path}#post-2"  # where the merged one begins
    assert "asked for the same" in visitor.words

    # taken up, drafted by one, read by another, published
    drafter.page.get_by_role("link", name="Work on this suggestion").click()
    drafter.page.get_by_role("button", name="Take it up").click()
    drafter.page.get_by_label("Who sees to it").fill("School Data Unit")
    drafter.page.get_by_label("What happens next").fill("We ask the nine.")
    drafter.press("Take it up")
    drafter.page.get_by_role("button", name="Draft an answer").click()
    answer(drafter, "Will do", "One form from **October**.", 90)
    expect(drafter.page.get_by_role("button", name="I have read it and agree")).to_have_count(0)
    reader.go("/team/suggestions?show=drafts").get_by_role(
        "link", name=f"Numbers from one form {mark}"
    ).click()
    assert "One form from October." in reader.words
    reader.press("I have read it and agree")
    drafter.go(f"/team/suggestions/{id}")
    drafter.press("Publish the answer")
    assert drafter.heading.startswith("Receipt A-")
    visitor.go(path)
    expect(visitor.page.locator("#post-4")).to_contain_text("One form from October.")
    assert "Will do" in visitor.page.locator(".outcome").inner_text()
    with live.work():
        finish()
    assert sum("Will do" in letter for letter in live.letters(email)) == 1

    # done
    for step, note in (("Under way", "Being tried."), ("Done", "There is one form.")):
        reader.go(f"/team/suggestions/{id}").get_by_role("button", name="Draft the next step").click()
        answer(reader, step, note, 30)
        drafter.go(f"/team/suggestions/{id}")
        drafter.press("I have read it and agree")
        drafter.press("Publish the answer")
    visitor.go("/answers")
    card = visitor.page.get_by_role("article").filter(has_text=f"Numbers from one form {mark}")
    expect(card).to_contain_text("One collection, on one date.")
    expect(card).to_contain_text("One form from October.")
    expect(card).to_contain_text("There is one form.")
    card.get_by_text("Its history").click()
    card.get_by_role("link", name="The whole trail").click()
    assert visitor.heading == "From what was said to what was done"
    author.go("/account/what-happened")
    assert "You suggested on" in author.words and "Done" in author.words


def fill(window: Window, title: str, body: str) -> None:
    window.page.get_by_label("Your suggestion in a few words").fill(title)
    window.page.get_by_label("What do you suggest?").fill(body)
    window.page.get_by_label("Why does it matter?").fill(WHY)
    window.page.get_by_label("Who would it help?").fill(HELPS)


def answer(window: Window, status: str, note: str, days: int) -> None:
    due = today() + timedelta(days=days)
    window.page.get_by_label(status, exact=True).check()
    window.page.get_by_label("What to say").fill(note)
    window.page.get_by_label("Who sees to it").fill("School Data Unit")
    for label, part in (("Day", due.day), ("Month", due.month), ("Year", due.year)):
        window.page.get_by_label(label, exact=True).fill(str(part))
    window.press("Save the draft")


@both
def test_what_is_overdue_says_so_to_everybody(live: LiveSite, opened: Open, javascript: bool) -> None:
    title = f"A longer lunch {javascript}"
    with live.work():
        suggestion = suggestion_of(make_suggestion(title=title).thread_id)
        with as_at(now() - timedelta(days=60)):
            suggestion.owe(now())
        db.session.commit()
    window = opened(javascript=javascript, width=320)
    window.go("/suggestions")
    window.page.get_by_label("What has come of it").select_option("done")
    window.press("Show suggestions")
    section = window.page.get_by_role("region", name="Overdue: these should have had an answer")
    section.get_by_role("link", name=title).click()
    assert "Overdue" in window.page.locator(".outcome").inner_text()
    assert "working days late" in window.page.locator(".trail").inner_text()


@both
def test_support_by_keyboard_alone(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        reader, thread = make_person().id, make_suggestion(title="By keyboard").thread_id
    window = opened(reader, javascript=javascript)
    window.go(f"/suggestions/{thread}")
    tab_to(window, "Support this suggestion")
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")
    assert "You are one of them" in window.words


def test_a_suggestion_is_saved_while_it_is_typed(live: LiveSite, opened: Open) -> None:
    with live.work():
        author = make_person().id
    window, elsewhere = opened(author), opened(author, javascript=False)
    window.go("/suggestions/new").get_by_label("Why does it matter?").press_sequentially("Half a thought")
    expect(window.page.get_by_role("status").filter(has_text="Draft saved at")).to_be_visible()
    elsewhere.go("/drafts").get_by_role("link", name="A suggestion").click()
    expect(elsewhere.page.get_by_label("Why does it matter?")).to_have_value("Half a thought")
    fill(elsewhere, "Zeppelins", "One each.")
    elsewhere.press("Continue")
    if elsewhere.heading != "Zeppelins":
        elsewhere.press("Mine is different: publish it")
    assert "You have no drafts" in elsewhere.go("/drafts").locator("main").inner_text()


def test_a_suggestion_outlives_its_session(live: LiveSite, opened: Open) -> None:
    with live.work():
        author = make_person(email="outlives@example.org").id
    window = opened(author, javascript=False)
    window.go("/suggestions/new")
    fill(window, "Kept for later", 'Kept, "word" for <word> &\nline for line.')
    window.context.clear_cookies()
    window.press("Continue")
    assert window.heading == "Sign in"
    window.sign_in(author)
    with live.work():
        assert db.session.scalar(select(Thread.id).where(Thread.title == "Kept for later")) is None
    assert "What you wrote is kept" in window.words


@pytest.mark.parametrize("larger", [False, True], ids=["usual text", "text at 200%"])
def test_nothing_scrolls_sideways_on_a_narrow_screen(live: LiveSite, opened: Open, larger: bool) -> None:
    long = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 2
    with live.work():
        colleague = make_person(name=long[:60], role="team").id
        suggestion = make_suggestion(make_person(long[:60], school=long[:80]), title=long, body=long)
        make_answer(suggestion, note=long, owner=long[:100])
        thread = db.session.get_one(Thread, suggestion.thread_id)
        id, address = thread.id, f"/threads/{thread.id}-{thread.slug}"
        make_reply(thread, text=long)
    team = opened(colleague, width=320)
    here = f"/team/suggestions/{id}"
    for path in (
        address, "/suggestions", "/answers", f"/suggestions/{id}/trail", "/suggestions/new", "/account/what-happened",
        "/team/suggestions", "/team/suggestions?show=promised", here, f"{here}/answer",
    ):  # fmt: skip
        page = team.go(path)
        if larger:
            page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not (found := page.evaluate(TOO_WIDE)), f"{path}: {found}"


@pytest.mark.skipif(not SAMPLES.exists(), reason=f"the attacks are not here: {SAMPLES}")
def test_attacks_through_every_field_of_a_suggestion(
    live: LiveSite, opened: Open, samples: list[str]
) -> None:
    """Title, what, why and for whom; a unit, a note, a draft that waits; on every page that shows them."""
    with live.work():
        reader, author = make_person("Reader", role="team").id, make_person(role="team").id
        pages = []
        for texts in batched(samples, 100):
            words, line = "\n\n".join(texts)[:9_000], " ".join("".join(texts).split())[:110]
            ada = db.session.get_one(User, author)
            suggestion = make_suggestion(ada, title=line, body=words)
            suggestion_of(suggestion.thread_id).why = words
            make_answer(suggestion, "will-do", note=words, owner=line)
            pages.append(suggestion.thread_id)
    window, writer = opened(reader), opened(author)
    for id in pages:
        for path in (f"/suggestions/{id}", f"/suggestions/{id}/trail", f"/team/suggestions/{id}"):
            assert not look(window, path)
        assert not look(writer, f"/suggestions/{id}/edit")
    for path in ("/suggestions", "/answers", "/", "/team/suggestions?show=promised", "/team/log"):
        assert not look(window, path)
    assert not look(writer, "/account/what-happened")
    for texts in list(batched(samples, 400)):
        writer.go("/suggestions/new")
        fill(writer, "".join(texts)[:500], "\n\n".join(texts))
        writer.press("Preview")
        assert not writer.page.evaluate(FAULTS, sorted(TAGS)), texts
