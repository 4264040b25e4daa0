"""Picking a school in a real browser: by keyboard alone, by mouse, and without scripts. The schools are invented."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from forum.accounts.models import School, User
from forum.core.db import db
from tests.factories import PASSWORD, make_person, make_school
from tests.test_axe import faults
from tests.test_chromium import LONG, NARROW, TOO_WIDE

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

FIELD = "School or organisation (optional)"
HILLS = ("Hillview Primary School", "Hillview Nursery", "Hilltop <b>School</b>", "St Jude’s C.E. School")


@pytest.fixture(autouse=True)
def schools(live: LiveSite) -> None:
    with live.work():
        if db.session.scalar(select(School.id).limit(1)) is None:
            for number, name in enumerate(HILLS):
                make_school(
                    name, "Anytown", urn=900001 + number, phase="primary", type="Academy", postcode="ZZ1 4AB"
                )
            make_school("Hillcrest", "Otherton", urn=900009)


def field(window: Window) -> Locator:
    return window.page.get_by_label(FIELD)


def options_of(window: Window) -> Locator:
    return window.page.locator(".school-picker").get_by_role("option")


def said(window: Window, words: str) -> None:
    expect(window.page.locator(".school-picker [role=status]")).to_contain_text(words)


def school_of(live: LiveSite, user: int) -> tuple[str | None, int | None]:
    with live.work():
        person = db.session.get_one(User, user)
        return person.school, person.school_id


def someone(live: LiveSite) -> int:
    with live.work():
        return make_person().id


def test_by_keyboard_alone(live: LiveSite, opened: Open) -> None:
    user = someone(live)
    window = opened(user)
    keyboard = window.go("/account/settings").keyboard
    combobox = window.page.get_by_role("combobox", name=FIELD)
    expect(combobox).to_have_attribute("aria-expanded", "false")
    expect(window.page.get_by_role("button", name="Find your school")).to_be_hidden()
    described = combobox.get_attribute("aria-describedby") or ""
    assert "Type part of its name" in window.page.locator(f"#{described}").inner_text()
    combobox.focus()
    keyboard.type("hill any")
    options = options_of(window)
    expect(options).to_have_count(3)
    expect(combobox).to_have_attribute("aria-expanded", "true")
    said(window, "3 schools. Use the up and down arrow keys to choose, and Enter to pick")
    assert not faults(window)

    keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(combobox).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "")
    expect(combobox).to_be_focused()
    keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(combobox).to_have_value("hill any")
    assert combobox.get_attribute("aria-activedescendant") is None
    keyboard.press("ArrowDown")
    expect(options).to_have_count(3)
    keyboard.press("ArrowDown")
    name = options.first.inner_text().split("\n")[0]
    keyboard.press("Enter")
    expect(combobox).to_have_value(f"{name}, Anytown")
    expect(combobox).to_be_focused()
    expect(window.page.get_by_role("listbox")).to_be_hidden()
    said(window, f"{name}, Anytown is picked")
    expect(window.page.get_by_text("In the register of schools, URN")).to_be_visible()
    assert window.path == "/account/settings", "Enter picked, and sent nothing"
    with window.page.expect_navigation():
        keyboard.press("Enter")
    assert "Your settings are saved" in window.words
    school, id = school_of(live, user)
    assert school == f"{name}, Anytown"
    assert id is not None


def test_words_typed_after_a_pick_are_words(live: LiveSite, opened: Open) -> None:
    user = someone(live)
    window = opened(user)
    window.go("/account/settings")
    field(window).press_sequentially("hillcrest")
    options_of(window).first.click()
    expect(field(window)).to_have_value("Hillcrest, Otherton")
    field(window).press_sequentially(" and others")
    expect(window.page.get_by_text("In the register of schools, URN")).to_have_count(0)
    said(window, "No school in the register matches this. It is used as you type it")
    window.press("Save settings")
    assert school_of(live, user) == ("Hillcrest, Otherton and others", None)


def test_enter_without_a_choice_closes_the_list_and_then_sends(live: LiveSite, opened: Open) -> None:
    user = someone(live)
    window = opened(user)
    window.go("/account/settings")
    field(window).press_sequentially("hillview")
    expect(options_of(window)).to_have_count(2)
    window.page.keyboard.press("Enter")
    expect(options_of(window)).to_have_count(0)
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")
    assert school_of(live, user) == ("hillview", None)


def test_a_name_is_text_and_never_markup(live: LiveSite, opened: Open) -> None:
    window = opened()
    window.go("/account/register")
    field(window).press_sequentially("hilltop")
    option = options_of(window)
    expect(option).to_contain_text("Hilltop <b>School</b>")
    expect(option).to_contain_text("Anytown, ZZ1 4AB, Academy")
    assert not option.locator("b").count()


def test_leaving_the_field_closes_the_list(live: LiveSite, opened: Open) -> None:
    window = opened()
    window.go("/account/register")
    field(window).press_sequentially("hill")
    expect(options_of(window).first).to_be_visible()
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_role("listbox")).to_be_hidden()
    expect(field(window)).to_have_value("hill")


def test_where_schools_cannot_be_looked_up_the_words_are_kept(live: LiveSite, opened: Open) -> None:
    window = opened()
    window.go("/account/register")
    window.page.route("**/schools/find?*", lambda route: route.fulfill(status=200, body="no JSON"))
    field(window).press_sequentially("hillview")
    said(window, "Schools cannot be looked up now")
    expect(field(window)).to_have_value("hillview")


def test_the_script_is_only_on_pages_with_a_picker_and_small(live: LiveSite, opened: Open) -> None:
    window = opened()
    window.go("/about")
    assert not [each for each in window.requested if "schools" in each]
    window.go("/account/register")
    scripts = [each for each in window.requested if "/schools." in each]
    assert len(scripts) == 1
    assert len(window.context.request.get(scripts[0]).body()) < 6000


@pytest.mark.parametrize("width", [1280, 320])
def test_without_scripts_from_a_few_letters_to_an_account(live: LiveSite, opened: Open, width: int) -> None:
    window = opened(javascript=False, width=width)
    page = window.go("/account/register")
    page.get_by_label("Your name").fill(f"Noor Ali {width}")
    page.get_by_label("Teacher", exact=True).check()
    field(window).fill("hillview")
    window.press("Find your school")
    assert window.path == "/account/register#schools-found"
    expect(page.get_by_text("Which of these is your school?")).to_be_in_viewport()
    expect(page.get_by_label("Your name")).to_have_value(f"Noor Ali {width}")
    page.get_by_label("Hillview Nursery").check()
    page.get_by_label("Email address").fill(f"noor{width}@example.org")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("I am 18 or over").check()
    page.get_by_label("Your name").press("Enter")
    assert window.heading == "Check your email"
    with live.work():
        noor = db.session.scalars(select(User).where(User.name == f"Noor Ali {width}")).one()
        assert noor.byline() == f"Noor Ali {width}, teacher, Hillview Nursery, Anytown"
        assert (noor.phase, noor.school_id is not None) == ("primary", True)


def test_the_step_without_scripts_is_accessible(live: LiveSite, opened: Open) -> None:
    """Looked at with scripts, which axe needs: the button is pressed as if there were none."""
    window = opened(someone(live))
    for words, answer in (
        ("hillview", "Which of these is your school?"),
        ("zzzz", "No school in the register matches “zzzz”"),
        ("", "Enter the name, town, postcode or URN of your school"),
    ):
        window.go("/account/settings")
        window.page.evaluate("document.querySelector('.school-picker__step').hidden = false")
        assert not faults(window)
        field(window).fill(words)
        window.press("Find your school")
        assert answer in window.words
        assert not faults(window)


@pytest.mark.parametrize("larger", [False, True], ids=["usual text", "text at 200%"])
def test_nothing_scrolls_sideways_on_a_narrow_screen(live: LiveSite, opened: Open, larger: bool) -> None:
    with live.work():
        make_school(LONG + " " + LONG, LONG[:90], type=LONG[:90], closed_on=date(2019, 8, 31))
    window = opened(width=NARROW)

    def look() -> None:
        if larger:
            window.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not (found := window.page.evaluate(TOO_WIDE)), found

    window.go("/schools?q=pneumono")
    look()
    window.go("/account/register")
    field(window).press_sequentially("pneumono")
    expect(options_of(window).first).to_be_visible()
    look()
    window.page.evaluate("document.querySelector('[name=find_school]').click()")
    expect(window.page.get_by_text("Which of these is your school?")).to_be_visible()
    look()


def test_the_page_of_schools_leads_to_the_form(live: LiveSite, opened: Open) -> None:
    window = opened(someone(live), javascript=False)
    window.go("/schools").get_by_label("Name, town, postcode or URN").fill("st jude ce")
    window.press("Find")
    window.page.get_by_label("St Jude’s C.E. School").check()
    window.press("Use this school")
    assert window.path == "/account/settings?urn=900004"
    expect(field(window)).to_have_value("St Jude’s C.E. School, Anytown")
