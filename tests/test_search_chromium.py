"""Searching in a real browser: from the box of any page, with a keyboard alone, with scripts and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from forum.core.db import db
from forum.core.markup import TAGS
from tests.factories import make_person, make_reply, make_thread
from tests.test_xss_chromium import FAULTS, SAMPLES, batched

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

WIDE, NARROW = 1280, 320
both = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])


@pytest.fixture(scope="module")
def told(live: LiveSite) -> int:
    """Some threads to find; the id of someone who looks for them."""
    with live.work():
        ada = make_person("Ada Obi", school="Little Wood School")
        for year in range(7, 12):
            thread = make_thread(
                ada, title=f"Marking homework in year {year}", text="We mark in the lesson, together."
            )
        make_reply(thread, make_person("Gil Lowe", position="governor"), "Marking takes our TAs all evening.")
        make_thread(ada, "what-more", "Pupils with special educational needs", "More time for them.", ())
        for n in range(25):
            make_thread(
                ada, title=f"Timetable {n}", text="About timetables.", components=("school-organisation",)
            )
        reader: int = make_person("Cy Dee").id
    return reader


def tab_to(page: Page, reached: Callable[[], bool], most: int = 80) -> None:
    """Press Tab until it is so."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if reached():
            return
    raise AssertionError(f"not reached with the keyboard: {page.url}")


def focused(page: Page, selector: str) -> Callable[[], bool]:
    return lambda: bool(page.evaluate("s => document.activeElement.matches(s)", selector))


def focused_link(page: Page, words: str) -> Callable[[], bool]:
    said = "() => document.activeElement.tagName === 'A' ? document.activeElement.textContent.trim() : ''"
    return lambda: page.evaluate(said) == words


@both
def test_from_the_box_to_a_thread_with_the_keyboard_alone(
    live: LiveSite, opened: Open, told: int, javascript: bool
) -> None:
    window = opened(javascript=javascript)
    page = window.go("/about")
    tab_to(page, focused(page, "#site-search"))
    page.keyboard.type("marking homework")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert window.path == "/search?q=marking+homework"
    expect(page.locator("#found")).to_have_text("5 threads")
    expect(page.locator(".search-hit mark").first).to_be_visible()
    tab_to(page, focused(page, "summary"))
    page.keyboard.press("Enter")
    tab_to(page, focused(page, "#filter-position"))
    page.keyboard.type("Governor")
    tab_to(page, focused(page, ".search-options button"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".search-limit")).to_have_text(["Remove Written by: Governor ✕"])
    expect(page.locator(".search-hit")).to_have_count(1)
    tab_to(page, focused(page, ".search-limit"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".search-hit")).to_have_count(5)
    tab_to(page, focused(page, ".search-hit h3 a"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert window.heading.startswith("Marking homework in year")
    expect(page.locator("nav.related a")).to_have_count(4)


@both
def test_pages_of_results_and_other_names(live: LiveSite, opened: Open, told: int, javascript: bool) -> None:
    window = opened(javascript=javascript, width=NARROW)
    page = window.go("/search?q=timetables")
    first = page.locator(".search-hit h3").all_inner_texts()
    tab_to(page, focused_link(page, "Next page"), 200)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    second = page.locator(".search-hit h3").all_inner_texts()
    assert (len(first), len(second)) == (20, 5)
    assert not set(first) & set(second)
    page = window.go("/search?q=SEN")
    expect(page.locator(".search-hit")).to_have_count(1)
    page.get_by_role("link", name="Search only for my words").click()
    expect(page.locator("#found")).to_have_text("Nothing found")
    page.get_by_role("link", name="What more", exact=False).first.click()
    assert window.heading == "Sign in"


@both
def test_a_search_is_saved_renamed_and_deleted(
    live: LiveSite, opened: Open, told: int, javascript: bool
) -> None:
    window = opened(told, javascript=javascript)
    page = window.go("/search?q=timetables&component=school-organisation")
    window.press("Save this search")
    expect(page.get_by_role("alert")).to_contain_text(
        "Saved as “timetables”, Component: School organisation."
    )
    page.get_by_role("link", name="Your saved searches").click()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Our timetables")
    window.press("Save the name")
    page.locator("main").get_by_role("link", name="Our timetables", exact=True).click()
    expect(page.locator("#found")).to_have_text("25 threads")
    page.go_back()
    with page.expect_navigation():
        page.get_by_role("button", name="Delete Our timetables").click()
    assert "You have saved no search yet" in window.words


def test_the_nearest_threads_appear_while_a_title_is_typed(live: LiveSite, opened: Open, told: int) -> None:
    window = opened(told)
    page = window.go("/prompts/your-practice/threads/new")
    title, nearest = page.get_by_label("Title", exact=True), page.locator(".nearest")
    title.press_sequentially("Marking homework", delay=20)
    expect(nearest.locator("li")).to_have_count(3)
    status = page.locator("form p[role=status].govuk-visually-hidden")
    expect(status).to_have_text("3 threads like this, listed below the title")
    assert page.evaluate("document.activeElement.name") == "title"
    asked = [address for address in window.requested if "/search/nearest" in address]
    assert len(asked) <= 3, "asked at every key"
    with page.context.expect_page() as other:
        nearest.locator("a").first.click()
    assert "/threads/" in other.value.url
    other.value.close()
    expect(title).to_have_value("Marking homework")
    title.fill("Zeppelins")
    expect(nearest).to_have_count(0)
    expect(status).to_have_text("")
    title.fill("Marking homework in year 8")
    page.get_by_label("What do you want to say?").fill("Words")
    window.press("Preview")
    expect(page.locator("#nearest .nearest li")).to_have_count(3)
    title.fill("Marking homework in year 9")
    expect(page.locator("form .nearest li")).to_have_count(3)
    expect(page.locator("#nearest")).to_have_count(0)


def test_without_scripts_the_preview_shows_them(live: LiveSite, opened: Open, told: int) -> None:
    window = opened(told, javascript=False)
    page = window.go("/prompts/resources/threads/new?title=Marking+homework")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Marking homework")
    page.get_by_label("What do you want to say?").fill("Words")
    window.press("Preview")
    expect(page.locator(".nearest li")).to_have_count(3)
    expect(page.get_by_label("Title", exact=True)).to_have_value("Marking homework")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_page_is_wider_than_the_window(live: LiveSite, opened: Open, told: int, width: int) -> None:
    window = opened(told, width=width)
    long = "x" * 150
    for path in (
        "/", "/search", "/search?q=marking", "/search?q=" + long, "/searches",
        f"/search?q=marking&author={long}&since=2020-01-01&kind=discussion", "/search?q=SEN",
        "/search?q=marking+zeppelin", "/prompts/your-practice/threads/new",
    ):  # fmt: skip
        page = window.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        if path.startswith("/search?q"):
            for summary in page.locator("summary").all():
                summary.click()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.skipif(not SAMPLES.exists(), reason=f"the attacks are not here: {SAMPLES}")
def test_attacks_through_words_titles_and_marks(live: LiveSite, opened: Open) -> None:
    """Every attack as what is asked, and as a title and a text with the words around it marked."""
    lines = SAMPLES.read_text("utf-8").rstrip("\n").split("\n")
    samples = list(dict.fromkeys(json.loads(line)["payload"] for line in lines))
    with live.work():
        ada = make_person(role="team")  # nothing of hers is held
        for texts in batched(samples, 25):
            make_thread(
                ada,
                title="quagga " + " ".join(texts)[:140],
                text="\n\n".join(f"quagga {t} quagga" for t in texts),
            )
        db.session.commit()
        reader = make_person().id
    window = opened(reader)
    for q in ("quagga", *("".join(texts)[:200] for texts in batched(samples, 20)), *samples[::40]):
        look_for(window, q)
    page = window.go("/search?q=quagga")
    while page.get_by_role("link", name="Next page").count():
        page.get_by_role("link", name="Next page").click()
        assert not page.evaluate(FAULTS, sorted(TAGS))
    window.page.clock.install()
    page = window.go("/prompts/resources/threads/new")
    for texts in batched(samples, 100):
        page.get_by_label("Title", exact=True).fill("quagga " + "".join(texts)[:140])
        with page.expect_response(lambda response: "/search/nearest" in response.url):
            page.clock.run_for(700)
        assert not page.evaluate(FAULTS, sorted(TAGS)), texts


def look_for(window: Window, q: str) -> None:
    window.go("/search")
    window.page.locator("main input[name=q]").evaluate("(box, q) => { box.value = q; }", q)
    with window.page.expect_navigation():
        window.page.locator("main form[role=search]").evaluate("form => form.requestSubmit()")
    assert not window.page.evaluate(FAULTS, sorted(TAGS)), q
    for mark in window.page.locator("mark").all():
        assert mark.evaluate("mark => mark.children.length") == 0
