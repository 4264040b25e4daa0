"""Case studies in a real browser, with scripts and without: from the first step to published, left half-way and taken
up on another device, tried by another school, adapted by a third."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from forum.core.db import db
from tests.factories import make_person, make_school, make_study

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
NEXT, LATER = "Save and continue", "Save and come back later"


@both
def test_a_study_from_its_first_step_to_published(live: LiveSite, opened: Open, javascript: bool) -> None:
    title = f"Talking first {'with' if javascript else 'without'} scripts"
    with live.work():
        writer = make_person("Ngozi Eze", email=f"ngozi{javascript}@example.org").id
    desk = opened(writer, javascript=javascript)
    desk.go("/case-studies/new").get_by_label("What is your case study called?").fill(title)
    desk.press(NEXT)
    assert desk.heading == "The school"
    desk.page.get_by_label("Secondary", exact=True).check()
    desk.page.get_by_label("Which region is it in?").select_option("London")
    desk.press(NEXT)
    desk.press(NEXT)
    assert "Choose at least one part of personalised learning" in desk.words
    assert desk.page.title().startswith("Error: ")
    desk.page.get_by_role("link", name="Choose at least one part").click()
    expect(desk.page.locator("#components")).to_be_focused()
    desk.page.get_by_label("Assessment for learning").check()
    desk.press(NEXT)
    said(desk, "Which pupils, or which need, was it for?", "Pupils who wrote little")
    said(desk, "What did you want to change?", "They did not read what we wrote.")

    # The bell rings in the middle of a sentence.
    desk.page.get_by_label("What did you do?").fill("We **talk** fir")
    desk.press(LATER)
    assert "You can come back to it" in desk.words
    expect(desk.page.locator(".govuk-task-list").first).to_contain_text("Completed")

    # At home, on the phone.
    phone = opened(writer, javascript=javascript, width=320)
    phone.go("/drafts").get_by_role("link", name=f"A case study: {title}").click()
    assert phone.heading == title
    phone.page.get_by_role("link", name="What you did").click()
    box = phone.page.get_by_label("What did you do?")
    expect(box).to_have_value("We **talk** fir")
    box.fill("We **talk** first.")
    phone.press(NEXT)
    phone.page.get_by_label("1 to 5 days of staff time").check()
    phone.page.get_by_label("Nothing beyond staff time").check()
    phone.press(NEXT)
    said(phone, "What happened?", "They read it.")
    for _ in ("what did not work", "advice", "resources"):
        phone.press(NEXT)
    phone.go(phone.path.rpartition("/")[0] + "/marks")
    for mark, reason in (
        ("Some improvement", "effect"),
        ("Very little", "cost"),
        ("Our impression", "strength of evidence"),
    ):
        phone.page.get_by_label(mark, exact=True).check()
        phone.page.get_by_label(f"Why that mark for {reason}?").fill("So it seemed to us.")
    phone.press(NEXT)
    for group, answer in (
        ("May others quote from it", "Yes"),
        ("May others use it again", "No"),
        ("May the team put schools in touch", "No"),
    ):
        phone.page.get_by_role("group", name=group).get_by_label(answer, exact=True).check()
    phone.press(NEXT)
    assert phone.heading == "Check your answers"
    expect(phone.page.locator("dd strong")).to_have_text("talk")
    phone.page.get_by_role("link", name="Change what we did").click()
    phone.page.get_by_label("What did you do?").fill("We **talk** before we mark.")
    phone.press(NEXT)
    assert phone.heading == "Check your answers"
    phone.press("Publish case study")
    assert phone.heading == title
    assert "before we mark" in phone.words and "Secondary".lower() in phone.words.lower()
    study = phone.path

    # Back to the check, and the button once more: still one study.
    phone.page.go_back()
    phone.go(study)
    visitor = opened(javascript=javascript)
    visitor.go(study)
    assert "before we mark" in visitor.words
    assert visitor.page.locator(".mark").count() == 3
    assert "Not provided" in visitor.words


def test_a_school_is_picked_while_its_name_is_typed(live: LiveSite, opened: Open) -> None:
    with live.work():
        make_school("Oakwell Academy", "Anytown", type="Academy converter", phase="special")
        writer = make_person(phase="primary").id
    window = opened(writer)
    window.go("/case-studies/new").get_by_label("What is your case study called?").fill("Picked")
    window.press(NEXT)
    page = window.page
    page.get_by_role("combobox", name="What is the school called?").press_sequentially("oakwell")
    page.locator(".school-picker").get_by_role("option").first.click()
    expect(page.locator(".school-picker__picked")).to_contain_text("From the register of schools: Special")
    expect(page.get_by_label("Special or alternative provision")).to_be_checked()
    expect(page.get_by_label("What type of school is it?")).to_have_value("academy")
    page.get_by_label("Primary", exact=True).check()
    window.press(NEXT)
    page.go_back()
    expect(page.get_by_label("Primary", exact=True)).to_be_checked()
    expect(page.get_by_label("What type of school is it?")).to_have_value("academy")


def said(window: Window, question: str, answer: str) -> None:
    window.page.get_by_label(question).fill(answer)
    window.press(NEXT)


@both
def test_going_back_and_forth_between_steps_loses_no_word(
    live: LiveSite, opened: Open, javascript: bool
) -> None:
    with live.work():
        writer = make_person().id
    window = opened(writer, javascript=javascript)
    window.go("/case-studies/new").get_by_label("What is your case study called?").fill("Back and forth")
    window.press(NEXT)
    base = window.path.rpartition("/")[0]
    window.go(f"{base}/pupils")
    said(window, "Which pupils, or which need, was it for?", "Year 5")
    said(window, "What did you want to change?", "All of it")
    window.page.go_back()
    expect(window.page.get_by_label("What did you want to change?")).to_have_value("All of it")
    window.page.go_back()
    box = window.page.get_by_label("Which pupils, or which need, was it for?")
    expect(box).to_have_value("Year 5")
    box.fill("Years 5 and 6")
    window.press(NEXT)
    assert window.heading == "Aims, and where you started", "one's own earlier words are no conflict"
    window.page.get_by_role("link", name="Back", exact=True).click()
    expect(window.page.get_by_label("Which pupils, or which need, was it for?")).to_have_value(
        "Years 5 and 6"
    )


def test_words_are_saved_while_they_are_typed(live: LiveSite, opened: Open) -> None:
    with live.work():
        writer = make_person().id
    window, other = opened(writer), opened(writer)
    window.page.clock.install()
    window.go("/case-studies/new").get_by_label("What is your case study called?").fill("While typing")
    window.press(NEXT)
    base = window.path.rpartition("/")[0]
    window.go(f"{base}/did").get_by_label("What did you do?").fill("We talk")
    window.page.clock.run_for(2500)
    expect(window.page.locator(".draft-status")).to_contain_text("Draft saved at")
    expect(other.go(f"{base}/did").get_by_label("What did you do?")).to_have_value("We talk")
    window.page.get_by_label("What did you do?").fill("We talk first.")
    window.press(NEXT)
    assert window.heading == "Time and cost", "what its own script has saved is no conflict"


@both
def test_another_school_tries_it_and_a_third_adapts_it(
    live: LiveSite, opened: Open, javascript: bool
) -> None:
    letters = f"ada{javascript}@example.org"
    with live.work():
        study = make_study(make_person("Ada Obi", email=letters), title=f"Tried {javascript}")
        address = f"/threads/{study.thread_id}-{study.opening().thread.slug}"
        ben, cy = make_person("Ben Lee", phase="secondary").id, make_person("Cy Dee").id
        db.session.commit()
    other = opened(ben, javascript=javascript)
    other.go(address).get_by_role("button", name="We tried this").click()
    other.page.get_by_label("It worked in part").check()
    other.page.get_by_label("What did you change?").fill("Only on *Mondays*.")
    other.press("Publish your report")
    assert other.path.startswith(address) and other.path.endswith("#post-2")
    expect(other.page.locator("#post-2 em").first).to_have_text("Mondays")
    expect(other.page.locator("#tried")).to_contain_text("1 other school")
    expect(other.page.locator(".setbacks")).to_contain_text("Worked in part")
    assert "It worked in part." in live.letters(letters)[-1]

    other.page.get_by_role("button", name="Change what you said of it").click()
    other.page.get_by_label("It did not work for us").check()
    other.press("Publish changes")
    expect(other.page.locator(".setbacks")).to_contain_text("Did not work")
    other.page.locator("#post-2").get_by_role("link", name="edited").click()
    assert "in part" in " ".join(other.page.locator("del").all_inner_texts())

    third = opened(cy, javascript=javascript)
    third.go(address).get_by_role("button", name="Adapt it").click()
    third.press("Begin a draft")
    third.page.get_by_role("link", name="Aims, and where you started").click()
    aims = third.page.get_by_label("What did you want to change?")
    expect(aims).to_have_value("Pupils could not say what to do next.")
    third.page.get_by_role("link", name="All steps").click()
    third.page.get_by_role("link", name="What happened", exact=True).click()
    expect(third.page.get_by_label("What happened?")).to_have_value("")
    with live.work():
        grown = make_study(title=f"Grown {javascript}", adapted_from=study_of(address))
        kin = f"/threads/{grown.thread_id}-{grown.opening().thread.slug}"
    third.go(address).get_by_role("link", name=f"Grown {javascript}").first.click()
    assert third.path == kin
    third.page.get_by_role("link", name=f"Tried {javascript}").first.click()
    assert third.path == address


def study_of(address: str) -> int:
    return int(address.removeprefix("/threads/").partition("-")[0])
