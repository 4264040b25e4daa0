"""Pictures and papers in a real browser: added by keyboard, with scripts and without, looked at, shown and hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from forum.case_studies.drafts import Writing, as_typed
from forum.case_studies.models.facts import whole
from forum.core.db import db
from tests import bad_files as files
from tests.factories import STUDY, make_person
from tests.test_axe import faults

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])


def chosen(name: str, data: bytes, type: str = "application/octet-stream") -> FilePayload:
    return {"name": name, "mimeType": type, "buffer": data}


def begun(live: LiveSite, title: str) -> tuple[int, int, str]:
    """An author, a member of the team, and where a study is written that lacks nothing but pictures."""
    with live.work():
        author, team = make_person("Ada Obi"), make_person("Tea Mem", role="team")
        writing = Writing.begin(author, f"token-{author.id}", as_typed(whole({**STUDY, "title": title})))
        address = writing.address
        db.session.commit()
        return author.id, team.id, address


def tab_to(window: Window, target: Locator) -> None:
    """Press the tab key until `target` has the focus, as someone does who has no mouse."""
    for _ in range(80):
        if target.evaluate("each => each === document.activeElement"):
            return
        window.page.keyboard.press("Tab")
    raise AssertionError(f"the tab key does not reach {target}")


def type_into(window: Window, target: Locator, words: str) -> None:
    tab_to(window, target)
    window.page.keyboard.type(words)


def enter(window: Window, target: Locator, key: str = "Enter") -> None:
    tab_to(window, target)
    with window.page.expect_navigation():
        window.page.keyboard.press(key)


def choose(window: Window, target: Locator, *some: FilePayload) -> None:
    """The dialogue that the enter key opens is the browser's own; here its answer is given."""
    tab_to(window, target)
    target.set_input_files(list(some))


@both
def test_a_picture_from_the_keyboard_to_everyone_and_away(
    live: LiveSite, opened: Open, javascript: bool
) -> None:
    how = "with scripts" if javascript else "without scripts"
    author, colleague, address = begun(live, f"Talking first, {how}")
    wall = f"A wall of words that pupils chose, {how}"
    writer, team, visitor = (opened(user, javascript) for user in (author, colleague, None))
    page = writer.go(f"{address}/files")
    choose(
        writer,
        page.get_by_label("Choose files"),
        chosen("IMG_2031.jpg", files.photograph(6)),
        chosen("drawing.svg", files.SVG),
        chosen("cards.pdf", files.telling_pdf()),
    )
    if javascript:
        expect(page.get_by_role("status")).to_contain_text("drawing.svg, 1 KB")
    tab_to(writer, page.get_by_label("No pupil can be identified"))
    page.keyboard.press("Space")
    enter(writer, page.get_by_role("button", name="Add files"))
    expect(page.locator(".govuk-error-summary")).to_contain_text(
        "drawing.svg must be a JPEG, PNG or WebP picture"
    )
    assert page.title().startswith("Error: ")
    shown = page.locator(".file-card img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("each => each.naturalWidth > 0"), "its author does not see it"
    expect(page.locator(".file-card")).to_have_count(2)

    type_into(writer, page.get_by_label("What does it show?"), wall)
    enter(writer, page.get_by_role("button", name="Move up cards.pdf"))
    expect(page.locator(".file-card__name").first).to_contain_text("cards.pdf")
    expect(page.get_by_label("What does it show?")).to_have_value(wall)
    enter(writer, page.get_by_role("button", name="Save and continue"))
    expect(page.locator(".govuk-error-summary")).to_contain_text("cards.pdf: say what it is called")
    type_into(writer, page.get_by_label("What is it called?"), "Prompt cards")
    enter(writer, page.get_by_label("What is it called?"))  # the enter key saves, and takes nothing away
    assert writer.heading != "Pictures and papers"

    writer.go(f"{address}/check")
    assert f"{wall} (IMG_2031.jpg)" in writer.words
    writer.press("Publish case study")
    study = writer.path.split("#")[0]
    assert "Waiting for the team" in writer.words and "Not shown to others yet" in writer.words
    visitor.go(study)
    assert visitor.page.locator("main img").count() == 0 and "Prompt cards" not in visitor.words

    team.go("/team").get_by_role("link", name="Pictures and papers", exact=True).click()
    for name in ("Prompt cards", wall):
        enter(team, team.page.get_by_role("button", name=f"Show {name}"))
        expect(team.page.get_by_role("alert")).to_contain_text(f"“{name}”: Everyone can see it now.")
    expect(team.page.get_by_role("button", name=f"Show {wall}")).to_have_count(0)

    page = visitor.go(study)
    image = page.get_by_role("img", name=wall)
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("each => each.naturalHeight > each.naturalWidth"), "it is not upright"
    with page.expect_download() as saved:
        page.get_by_role("link", name="Prompt cards", exact=True).click()
    assert saved.value.suggested_filename == "prompt-cards.pdf"
    assert files.SECRET.encode() not in saved.value.path().read_bytes()

    team.go(study).get_by_role("link", name=wall, exact=True).click()
    team.page.get_by_label("A pupil could be identified").check()
    team.page.get_by_label("Note to its author").fill("Crop the name on the door.")
    team.press("Hide the picture")
    visitor.go(study)
    assert visitor.page.locator("main img").count() == 0
    page = writer.go(study)
    assert "a pupil could be identified" in writer.words and "Crop the name on the door." in writer.words
    page.get_by_role("link", name="Change your pictures and papers").click()
    choose(writer, page.get_by_label("Choose another in its place"), chosen("cropped.png", files.png()))
    page.get_by_label("No pupil can be identified").check()
    writer.press("Save and continue")
    writer.go(study)
    assert "Waiting for the team" in writer.words and "Crop the name" not in writer.words


def test_what_is_too_large_is_said_before_it_is_sent(live: LiveSite, opened: Open) -> None:
    author, _, address = begun(live, "Too large")
    window = opened(author)
    page = window.go(f"{address}/files")
    some = [chosen(f"{n}.png", files.png(60 + n)) for n in range(5)]
    page.get_by_label("Choose files").set_input_files([chosen("huge.jpg", b"\0" * 11 * 1024**2), *some])
    said = page.get_by_role("status")
    expect(said).to_contain_text("huge.jpg, 11.0 MB – too large: the most is 10 MB")
    expect(said).to_contain_text("4.png, 1 KB – one too many: there is room for 5")


def test_accessible_in_every_state(live: LiveSite, opened: Open) -> None:
    """The step empty, with files, with errors and full; the study as each sees it; the team's rooms."""
    author, colleague, address = begun(live, "Every state")
    writer, team, visitor = opened(author), opened(colleague), opened()
    found: list[str] = []
    page = writer.go(f"{address}/files")
    found += faults(writer)
    some = [chosen(f"{n}.png", files.png(60 + n)) for n in range(4)]
    page.get_by_label("Choose files").set_input_files([*some, chosen("cards.pdf", files.pdf())])
    found += faults(writer)
    writer.press("Add files")
    found += faults(writer)
    writer.press("Save and continue")
    assert page.title().startswith("Error: ")
    found += faults(writer)
    for box in page.get_by_label("What does it show?").all():
        box.fill("A wall")
    page.get_by_label("What is it called?").fill("Cards")
    page.get_by_label("the school holds consent").check()
    writer.press("Save and continue")
    writer.go(f"{address}/check")
    found += faults(writer)
    writer.press("Publish case study")
    study = writer.path.split("#")[0]
    team.go("/team/pictures")
    found += faults(team)
    with team.page.expect_navigation():
        team.page.get_by_role("button", name="Show A wall").first.click()
    team.page.get_by_role("button", name="Refuse… A wall").first.click()
    found += faults(team)
    team.press("Refuse the picture")
    assert team.page.title().startswith("Error: ")
    found += faults(team)
    team.page.get_by_label("Another reason").check()
    team.press("Refuse the picture")
    for path in ("/team/pictures?show=refused", "/team/pictures?show=shown", study):
        team.go(path)
        found += faults(team)
    for window in (writer, visitor):
        window.go(study)
        found += faults(window)
    writer.go(f"/case-studies/{study.split('/')[2].split('-')[0]}/edit/files")
    found += faults(writer)
    assert not found, "\n".join(found)
