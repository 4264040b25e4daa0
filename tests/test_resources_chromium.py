"""Reviews and requests in a real browser, with scripts and without; and what comes of hostile words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import db
from forum.discussion.models import Thread
from forum.resources.models import Answers, Resource, ResourceChange, ResourceRequest, Review
from forum.resources.models.requests import Wish
from forum.resources.models.words import Facts
from tests.factories import make_person, make_request, make_review, post_of
from tests.test_chromium import LONG, NARROW, TOO_WIDE, both
from tests.test_xss_chromium import A_PAGE, MANY, SAMPLES, batched, look, newcomers, samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chromium import LiveSite, Open

pytest_plugins = ["tests.chromium"]
__all__ = ["samples"]

NEW = "/resources/requests/new"
PEOPLE = (("Ada Obi", "participant"), ("Ben Lee", "participant"), ("Tea Mem", "team"))
hostile = pytest.mark.skipif(not SAMPLES.exists(), reason=f"the attacks are not here: {SAMPLES}")


@both
def test_a_review_is_made_and_changed(live: LiveSite, opened: Open, javascript: bool) -> None:
    slug = "extended-schools" if javascript else "school-buildings"
    with live.work():
        ada = make_person("Ada Obi").id
    window = opened(ada, javascript=javascript)
    window.go("/resources").locator(f"#{slug}").get_by_role("link", name="Review it").click()
    page = window.page
    how_much = page.get_by_role("group", name="Did it help?")
    expect(how_much).to_be_visible(visible=not javascript)
    page.get_by_label("I have used it").check()
    expect(how_much).to_be_visible()
    window.press("Send your review")
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Select how much it helped").click()
    expect(page.get_by_label("A great deal")).to_be_focused()
    page.get_by_label("A great deal").check()
    page.get_by_label("With what?").fill("Breakfast club")
    page.get_by_label("Anything else").fill("It *works*.")
    window.press("Send your review")
    assert "Your review is counted, and what you wrote is in the talk" in window.words
    assert "1 person has answered" in window.words and "With what: Breakfast club." in window.words

    page.get_by_role("link", name="Change your review").click()
    expect(page.get_by_label("With what?")).to_have_value("Breakfast club")
    page.get_by_label("I have heard of it, but").check()
    expect(page.get_by_label("With what?")).to_be_visible()  # what is written there does not disappear
    window.press("Save your review")
    page.get_by_role("link", name="You said with what").click()
    page.get_by_label("With what?").fill("")
    page.get_by_label("I have heard of it, but").check()
    window.press("Save your review")
    assert "You said that you have heard of it, but have not used it" in window.words
    page.get_by_role("link", name="Read all").click()
    expect(page.locator("#post-2 .post__body")).to_contain_text("I have heard of it, but I have not used it.")
    page.locator("#post-2").get_by_role("link", name="edited").click()
    expect(page.locator("del")).to_contain_text(["used it"])


@both
def test_a_review_by_keyboard_alone(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        reader = make_person().id
    window = opened(reader, javascript=javascript)
    keyboard = window.go("/resources/ict-in-schools/review").keyboard
    window.page.get_by_label("I had never heard of it").focus()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    expect(window.page.get_by_label("I have used it")).to_be_checked()
    keyboard.press("Tab")
    keyboard.press("Space")
    expect(window.page.get_by_label("A great deal")).to_be_checked()
    keyboard.press("Tab")
    expect(window.page.get_by_label("With what?")).to_be_focused()
    with window.page.expect_navigation():
        keyboard.press("Enter")
    assert "You said that you have used it, and that it helped a great deal" in window.words


@both
def test_a_resource_is_missed_and_supported_and_answered(
    live: LiveSite, opened: Open, javascript: bool
) -> None:
    what = f"An index {'with' if javascript else 'without'} scripts"
    with live.work():
        people = [make_person(name, role=role).id for name, role in PEOPLE]
    ada, ben, team = (opened(person, javascript=javascript) for person in people)
    ada.go("/resources").get_by_role("button", name="Ask for a resource").click()
    ada.page.get_by_label("What do you miss?").fill(what)
    ada.page.get_by_label("Who is it for?").fill("Everyone")
    ada.page.get_by_label("Why is it needed?").fill("To **find** things.")
    ada.press("Publish your request")
    assert ada.heading == what and "You asked for it" in ada.words

    ben.go("/resources/requests").get_by_role("link", name=what).click()
    ben.press("I miss it too")
    assert "1 person supports it. You are one of them." in ben.words
    ben.press("Take back your support")
    assert "Nobody supports it yet" in ben.words
    ben.press("I miss it too")

    waiting = team.go("/team/resources").get_by_role("listitem").filter(has_text=what)
    waiting.get_by_role("link", name="Answer").click()
    team.page.get_by_label("Planned", exact=True).check()
    team.page.get_by_label("Who sees to it").fill("Websites team")
    for part, value in (("Day", "31"), ("Month", "3"), ("Year", "2027")):
        team.page.get_by_label(part).fill(value)
    team.page.get_by_label("What you say").fill("By spring.")
    team.press("Publish the answer")
    ben.go("/resources/requests?state=planned").get_by_role("link", name=what).click()
    expect(ben.page.locator("#answer")).to_contain_text("Websites team, by 31 March 2027")


def test_pages_of_resources_fit_a_narrow_screen_with_large_text(live: LiveSite, opened: Open) -> None:
    facts = Facts(
        name=LONG, provider=LONG, group=LONG[:40], audience=LONG, components=[], summary=LONG,
        address=f"www.example.org/{'long' * 40}", archived_address=f"https://archive.example/{'long/' * 60}",
    )  # fmt: skip
    with live.work():
        team, ada = make_person(role="team"), make_person(name=LONG[:60], school=LONG[:80])
        resource = Resource.add(team, facts)
        for number in range(12):
            make_review(make_person(position=["teacher", "governor"][number % 2]), slug=resource.slug)
        review = Review.give(resource, ada, Answers(known="heard", missing=LONG, body=LONG))
        ResourceChange.tell(resource, team, date(2026, 11, 12), LONG, [review.post] if review.post else [])
        db.session.commit()
        request = make_request(ada, what=LONG, for_whom=LONG, why=LONG)
        request.answer(team, "planned", LONG[:90], date(2027, 3, 31), LONG, since=0)
        db.session.commit()
        thread, talk = request.thread_id, resource.thread_id
        page, readers = f"/resources/{resource.slug}", (ada.id, team.id)
    for reader, paths in zip(
        readers,
        (
            ["/resources", page, f"{page}/review", "/resources/requests", NEW, f"/threads/{thread}"],
            [page, f"/threads/{talk}", "/team/resources", f"/team{page}/edit", f"/team{page}/changes/new"],
        ),
        strict=True,
    ):
        window = opened(reader, width=NARROW)
        for path in paths:
            for size in ("100%", "200%"):
                shown = window.go(path)
                shown.evaluate(
                    "size => { document.documentElement.style.fontSize = size;"
                    " document.querySelectorAll('details').forEach((each) => { each.open = true; }); }",
                    size,
                )
                assert not (found := shown.evaluate(TOO_WIDE)), f"{path} at {size}: {found}"


def test_the_scorecard_in_print(live: LiveSite, opened: Open) -> None:
    """The bars are there on paper, without the browser's leave to print backgrounds; what is closed is not needed."""
    with live.work():
        for number in range(12):
            make_review(make_person(position=["teacher", "governor"][number % 2]), slug="14-19-gateway")
    window = opened()
    page = window.go("/resources/14-19-gateway")
    page.emulate_media(media="print")
    bar = page.locator(".bar--used").first
    box = bar.bounding_box()
    assert box and box["width"] > 50 and box["height"] >= 5
    assert bar.evaluate("each => getComputedStyle(each).borderTopStyle") == "solid"
    assert "12 of 12" in page.locator(".bars").first.inner_text()
    expect(page.locator(".govuk-service-navigation")).to_be_hidden()


@hostile
def test_hostile_words_in_reviews(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """Each of them in the text of a review and in one of its lines: in the talk, on the page and in the form."""
    fields = ("helped_with", "helped_whom", "missing")
    with live.work():
        resource = db.session.scalars(Resource.named("governornet")).one()
        lots = list(batched(samples, A_PAGE))
        for texts, author in zip(lots, newcomers([texts[0] for texts in lots]), strict=True):
            parts = (texts[start :: len(fields)] for start in range(len(fields)))
            lines = {name: line_of(part) for name, part in zip(fields, parts, strict=True)}
            said = Answers(known="used", helped="somewhat", body="\n\n".join(texts), **lines)
            Review.give(resource, author, said)
        db.session.commit()
        talk = db.session.get_one(Thread, resource.thread_id)
        address, pages = f"/threads/{talk.id}-{talk.slug}", talk.posts_count // A_PAGE + 1
        reader, first = make_person().id, db.session.scalars(select(Review.author_id)).first()
    window, author = opened(reader), opened(first)
    for number in range(1, pages + 1):
        assert not look(window, f"{address}?page={number}")
    for path in ("/resources", "/resources/governornet"):
        assert not look(window, path)
    assert not look(author, "/resources/governornet/review")


def line_of(texts: Iterable[str]) -> str:
    return " ".join("".join(texts).split())


@hostile
def test_hostile_words_in_requests_and_of_the_team(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """Each of them in every field, four hundred at a time: longer than the forms let pass."""
    with live.work():
        colleague = make_person(role="team").id
        ada = make_person(role="team").id  # nothing of hers is held
    window = opened(colleague)
    for texts in batched(samples, 8 * MANY):
        words, line = "\n\n".join(texts), line_of(texts)
        with live.work():
            by, asker = (db.session.get_one(User, id) for id in (colleague, ada))
            wish = Wish(what=line, for_whom=line, why=words, components=[])
            request = ResourceRequest.make(asker, wish)
            request.answer(by, "planned", line, None, words, since=0)
            resource = db.session.scalars(Resource.named("innovation-unit")).one()
            facts = Facts(
                name=line, provider=line, group=line, audience=line, components=[],
                address=line, archived_address="", summary=words,
            )  # fmt: skip
            resource.edit(by, facts, resource.edited_at)
            resource.retire(by, date(2011, 3, 31), words)
            change = ResourceChange.tell(resource, by, date(2026, 11, 12), words, [post_of(resource.talk())])
            db.session.commit()
            paths = (
                f"/threads/{request.thread_id}", f"/team/resources/requests/{request.thread_id}",
                f"/team/resources/changes/{change.id}",
            )  # fmt: skip
            talk = f"/threads/{resource.thread_id}"
        for path in (*paths, "/resources/innovation-unit", "/team/resources/innovation-unit/edit"):
            assert not look(window, path)
    for path in (
        talk,
        "/resources",
        "/resources/requests",
        "/team/resources",
        "/team/log",
    ):
        assert not look(window, path)
    reader = opened(ada)
    assert not look(reader, "/resources/requests/new")
    assert not look(reader, f"/resources/requests/{request_of(live)}/edit")


def request_of(live: LiveSite) -> int:
    with live.work():
        found = db.session.scalars(select(ResourceRequest.thread_id)).first()
        assert found
        return found
