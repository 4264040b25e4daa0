"""Writing a case study in steps: saved at each, left and resumed, published once, changed later. No word is lost."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.case_studies.models import CaseStudy, StudyRevision
from forum.case_studies.steps import STEPS
from forum.core.db import db
from forum.discussion.models import Post, Revision, Thread
from forum.discussion.models.drafts import Draft
from forum.discussion.models.words import Kind
from tests.browser import Browser, Page, Site
from tests.factories import PASSWORD, STUDY, make_person, make_school, make_study, post_of
from tests.queries import counted

SAID = {**STUDY, "quote": "yes", "contact": "yes", "effect_mark": "3", "cost_mark": "1", "evidence_mark": "2"}
ASKING = [step for step in STEPS if step.facts]
REQUIRED = [step for step in ASKING if not step.optional]


def answers_of(step: Any) -> dict[str, Any]:
    return {fact.name: SAID[fact.name] for fact in step.facts}


def fields_of(page: Page) -> dict[str, str]:
    """The hidden fields of the form in <main>."""
    form = page.select("//main//form[.//button[contains(., 'Save') or contains(., 'Publish')]]")[0]
    return {each.get("name"): each.get("value") or "" for each in form.xpath(".//input[@type='hidden']")}


def words_of(page: Page, tag: str) -> str:
    return " ".join(each.text_content() for each in page.select(f"//{tag}"))


def begin(browser: Browser, title: str = "Talking before marking") -> str:
    """A new study with its title; the address of its steps."""
    page = browser.post("/case-studies/new", {"title": title})
    return page.location.rpartition("/")[0]


def fill(browser: Browser, base: str, *slugs: str) -> Page:
    """Fill in these steps, or all that ask for facts; the answer to the last."""
    page = browser.get(base)
    for step in ASKING:
        if not slugs or step.slug in slugs:
            hidden = fields_of(browser.get(f"{base}/{step.slug}"))
            page = browser.post(f"{base}/{step.slug}", {**hidden, **answers_of(step)})
    return page


def publish(browser: Browser, base: str, status: int = 302) -> Page:
    return browser.post(f"{base}/check", fields_of(browser.get(f"{base}/check")), status=status)


def studies() -> int:
    return db.session.scalar(select(func.count(CaseStudy.thread_id))) or 0


def test_a_study_is_written_in_steps_checked_and_published(site: Site) -> None:
    ada = make_person("Ada Obi", school="Hillview School")
    browser = site.browser(ada)
    base = begin(browser)
    for step, following in zip(ASKING, [*STEPS[1:], None], strict=False):
        hidden = fields_of(browser.get(f"{base}/{step.slug}"))
        page = browser.post(f"{base}/{step.slug}", {**hidden, **answers_of(step)})
        onwards = STEPS[STEPS.index(step) + 1].slug if step is not STEPS[-1] else "check"
        assert page.location == f"{base}/{onwards}", following
    check = browser.get(f"{base}/check")
    assert check.select("//dd//strong/text()") == ["talk"], "the answers are shown as they will be read"
    assert "Not provided" in check.words
    published = publish(browser, base)
    thread = db.session.scalars(select(Thread)).one()
    assert published.location == f"/threads/{thread.id}-talking-before-marking"
    assert thread.kind == Kind.CASE_STUDY
    read = site.visitor().get(published.location)
    for words in (
        "Pupils could not say what to do next.",
        "community or foundation school",
        "Most of the class",
    ):
        assert words in read.words
    assert "case study is published" in browser.get(published.location).words
    assert not db.session.scalar(select(func.count(Draft.id)))


def test_it_is_left_and_resumed_on_another_device(site: Site) -> None:
    ada = make_person()
    desk, phone = site.browser(ada), site.browser(ada)
    base = begin(desk)
    hidden = fields_of(desk.get(f"{base}/did"))
    left = desk.post(f"{base}/did", {**hidden, "did": "Half of a sen", "later": "yes"})
    assert left.location == base and "is saved" in desk.get(base).words
    drafts = phone.get("/drafts")
    assert drafts.select("//main//h2/a/@href") == [base]
    assert "Talking before marking" in drafts.words
    assert phone.get(base).words.count("Completed") == 2
    assert phone.get(f"{base}/did").select("//textarea[@name='did']/text()")[0].strip() == "Half of a sen"
    fill(phone, base)
    assert publish(phone, base).location.startswith("/threads/")


def test_what_is_left_for_later_may_be_anything(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    browser.post(f"{base}/did", {"did": "x" * 9000, "later": "yes"})
    assert "Incomplete" in browser.get(base).words
    page = browser.post(f"{base}/did", {"did": "x" * 9000, "hand": "h"}, status=422)
    assert "8,000 characters or fewer" in page.words and "x" * 9000 in page.text
    browser.post(f"{base}/advice", {"advice": "x" * 60_000, "later": "yes"}, status=422)
    browser.post(f"{base}/marks", {"effect_mark": "9", "effect_reason": "a", "later": "yes"})
    assert not browser.get(f"{base}/marks").select("//input[@checked]"), "a mark that is not on the scale"


def test_several_are_written_at_once(site: Site) -> None:
    browser = site.browser(make_person())
    first, second = begin(browser, "One"), begin(browser, "Another")
    browser.post(f"{second}/did", {"did": "Only here"})
    assert "Only here" not in browser.get(f"{first}/did").text
    assert {"A case study: One", "A case study: Another"} <= set(
        browser.get("/drafts").select("//main//h2/a/text()")
    )
    assert browser.get("/case-studies/new").select("//main//ul//a/@href") == [second, first]


def test_beginning_twice_with_one_form_begins_one(site: Site) -> None:
    browser = site.browser(make_person())
    fields = {"title": "One", "hand": "a-b_c"}
    assert (
        browser.post("/case-studies/new", fields).location
        == browser.post("/case-studies/new", fields).location
    )
    assert db.session.scalar(select(func.count(Draft.id))) == 1


def test_each_step_says_what_is_missing_and_keeps_what_is_there(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    for step in REQUIRED:
        page = browser.post(
            f"{base}/{step.slug}", {fact.name: [] if fact.many else "" for fact in step.facts}, status=422
        )
        assert page.select("//title/text()")[0].startswith("Error: ")
        wanted = [fact.missing for fact in step.facts if fact.missing]
        links = page.select("//div[contains(@class, 'govuk-error-summary')]//a")
        assert [link.text for link in links] == wanted
        for link in links:
            assert page.select(f"//*[@id='{link.get('href')[1:]}']"), link.get("href")
    page = browser.post(f"{base}/cost", {"time_words": "Mine, at night"}, status=422)
    assert "Mine, at night" in page.text
    assert browser.post("/case-studies/new", {"title": " \u200b "}, status=422).words.count("Enter a title")


def test_choices_that_were_never_offered_are_refused(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    for slug, fields in (
        ("setting", {"phase": "university", "disclosure": "named"}),
        ("setting", {"phase": "primary", "disclosure": "named", "region": "mars"}),
        ("components", {"components": ["assessment-for-learning", "nothing"]}),
        ("resources", {"resources": ["nothing"]}),
        ("cost", {"time_band": "days", "cost_band": "a-lot"}),
        ("consent", {"quote": "yes", "licence": "mine", "contact": "no"}),
    ):
        browser.post(f"{base}/{slug}", fields, status=422)


def test_a_role_only_study_does_not_name_its_school(site: Site) -> None:
    browser = site.browser(make_person("Zed Quill", school="Hillview School"))
    base = begin(browser)
    fields = {"phase": "primary", "school": "Hillview School", "disclosure": "role-only"}
    page = browser.post(f"{base}/setting", fields, status=422)
    assert "Leave the name of the school empty" in page.words
    browser.post(f"{base}/setting", {**fields, "school": ""})
    fill(browser, base, *(step.slug for step in ASKING if step.slug != "setting"))
    published = publish(browser, base).location
    thread = db.session.scalars(select(Thread)).one()
    for path in (published, f"/threads/{thread.id}/feed.atom", f"/case-studies/{thread.id}/history"):
        text = site.visitor().get(path).text
        assert "Quill" not in text and "Hillview" not in text, path
    assert "A teacher, primary" in site.visitor().get(published).text


def test_a_school_is_found_in_the_register_and_fills_in_what_is_blank(site: Site) -> None:
    """Without a script: find, pick, go on. What the register says is filled in once, and is the author's to change."""
    kent = {"type": "Academy converter", "phase": "secondary", "local_authority": "Kent"}
    school = make_school("Hillview School", "Anytown", **kent)
    browser = site.browser(make_person(phase=None))
    browser.get("/case-studies/schools/1", status=404)
    base = begin(browser)
    step = f"{base}/setting"
    hidden = fields_of(browser.get(step))
    said = {**hidden, "school_size": "300-699", "school": "hillview", "disclosure": "named"}
    page = browser.post(step, {**said, "find_school": "1"}, status=200)
    assert "Which of these is your school?" in page.words
    assert page.select("//input[@name='school_urn']/@value") == [str(school.urn), ""]
    assert page.select("//select[@name='school_size']/option[@selected]/@value") == ["300-699"]
    picked = {**said, "school_asked": "hillview", "school_urn": str(school.urn)}
    after = browser.get(browser.post(step, picked).location)
    assert "From the register of schools: Secondary, Academy or free school, South East." in after.words
    page = browser.get(step)
    assert page.select("//input[@name='phase'][@checked]/@value") == ["secondary"]
    assert page.select("//select[@name='school_type']/option[@selected]/@value") == ["academy"]
    changed = {**picked, **fields_of(page), "phase": "primary", "school_type": ""}
    browser.post(step, {**changed, "school_asked": "hillview", "school_urn": str(school.urn)})
    page = browser.get(step)
    assert page.select("//input[@name='phase'][@checked]/@value") == ["primary"]
    assert not [
        each for each in page.select("//select[@name='school_type']/option[@selected]/@value") if each
    ]
    page = browser.post(step, {**said, "school": "", "find_school": "1"}, status=422)
    assert "Enter the name, town, postcode or URN" in page.words


def test_an_unfinished_study_is_not_published_and_says_which_steps_wait(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    fill(browser, base, "setting", "components")
    page = publish(browser, base, status=422)
    waiting = [step.slug for step in REQUIRED if step.slug not in ("title", "setting", "components")]
    links = page.select("//div[contains(@class, 'govuk-error-summary')]//a/@href")
    assert links == [f"{base}/{slug}?then=check" for slug in waiting]
    assert not studies()
    hidden = fields_of(browser.get(f"{base}/did?then=check"))
    back = browser.post(f"{base}/did?then=check", {**hidden, "did": "We talk"})
    assert back.location == f"{base}/check", "whoever comes from the check goes back to it"


def test_unconfirmed_people_write_and_do_not_publish(site: Site) -> None:
    browser = site.browser(make_person(confirmed=False))
    base = begin(browser)
    fill(browser, base)
    page = publish(browser, base, status=422)
    assert "Confirm your email address" in page.words and not studies()
    assert "Talking before marking" in browser.get("/drafts").words


def test_nobody_sees_or_changes_another_persons_draft(site: Site) -> None:
    ada, ben = make_person("Ada Obi"), make_person("Ben Lee")
    base = begin(site.browser(ada))
    for browser in (site.browser(ben), site.browser(make_person(role="team"))):
        for path in ("", "/did", "/check"):
            browser.get(base + path, status=404)
        for path in ("/did", "/check"):
            browser.post(base + path, {"did": "Not mine"}, status=404)
    for path in (base, f"{base}/did", "/case-studies/new"):
        site.visitor().get(path, status=401)
    site.browser(ada).get(f"{base}/nothing", status=404)


def test_publishing_twice_makes_one_study(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    fill(browser, base)
    fields = fields_of(browser.get(f"{base}/check"))
    first = browser.post(f"{base}/check", fields)
    assert browser.post(f"{base}/check", fields).location == first.location
    assert studies() == 1
    browser.get(base, status=404)
    browser.post(f"{base}/did", {"did": "Too late"}, status=404)


def test_publishing_at_the_same_moment_makes_one_study(site: Site) -> None:
    ada = make_person()
    browsers = [site.browser(ada) for _ in range(4)]
    base = begin(browsers[0])
    fill(browsers[0], base)
    fields = fields_of(browsers[0].get(f"{base}/check"))
    tokens = [browser.csrf_token() for browser in browsers]
    start = Barrier(4)

    def press(browser: Browser, token: str) -> str:
        start.wait()
        return browser.post(f"{base}/check", {**fields, "csrf_token": token}).location

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(press, browsers, tokens))
    assert len(places) == 1 and studies() == 1
    assert db.session.scalar(select(func.count(Post.id))) == 1


def test_saving_at_the_same_moment_loses_no_step(site: Site) -> None:
    ada = make_person()
    base = begin(site.browser(ada))
    slugs = ["did", "not-worked", "advice", "pupils"]
    names = ["did", "not_worked", "advice", "pupils"]
    browsers = [site.browser(ada) for _ in slugs]
    tokens = [browser.csrf_token() for browser in browsers]
    start = Barrier(len(slugs))

    def save(browser: Browser, token: str, slug: str, name: str) -> None:
        start.wait()
        browser.post(f"{base}/{slug}", {name: f"Words of {name}", "csrf_token": token, "hand": slug})

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, browsers, tokens, slugs, names))
    kept = db.session.scalars(select(Draft)).one().fields["answers"]
    assert {kept[name] for name in names} == {f"Words of {name}" for name in names}


def test_two_devices_on_one_step_are_told_and_nothing_is_lost(site: Site) -> None:
    ada = make_person()
    desk, phone = site.browser(ada), site.browser(ada)
    base = begin(desk)
    at_desk, on_phone = (fields_of(browser.get(f"{base}/did")) for browser in (desk, phone))
    desk.post(f"{base}/did", {**at_desk, "did": "We talk in pairs."})
    page = phone.post(f"{base}/did", {**on_phone, "did": "We talk in threes."}, status=409)
    assert "has changed since you opened it" in page.words
    assert "pairs" in words_of(page, "del") and "threes" in words_of(page, "ins")
    assert page.select("//textarea[@name='did']/text()")[0].strip() == "We talk in threes."
    assert "pairs" in desk.get(f"{base}/did").text, "the other words are still what is kept"
    phone.post(f"{base}/did", {**fields_of(page), "did": "We talk in threes."})
    assert "threes" in desk.get(f"{base}/did").text


def test_one_page_that_saves_again_is_no_conflict(site: Site) -> None:
    """Going back in the browser, or the page's script saving before the button does."""
    browser = site.browser(make_person())
    base = begin(browser)
    fields = fields_of(browser.get(f"{base}/did"))
    browser.post(f"{base}/did", {**fields, "did": "We talk."})
    browser.post(f"{base}/did", {**fields, "did": "We talk first."})
    assert "We talk first." in browser.get(f"{base}/did").text


def test_the_pages_script_saves_while_one_types(site: Site) -> None:
    ada = make_person()
    browser, other = site.browser(ada), site.browser(ada)
    base = begin(browser)
    fields, elsewhere = fields_of(browser.get(f"{base}/did")), fields_of(other.get(f"{base}/did"))
    script = {"headers": {"Accept": "application/json"}}
    saved = browser.post(f"{base}/did", {**fields, "did": "We ta"}, status=200, **script)
    assert re.fullmatch(r"\d+:\d\d[ap]m", saved.response.json["saved_at"])
    other.post(f"{base}/did", {**elsewhere, "did": "They"}, status=409, **script)
    assert "We ta" in browser.get(f"{base}/did").text
    site.visitor().post(f"{base}/did", {"did": "We"}, status=401, **script)


def test_an_expired_session_keeps_the_words_through_sign_in(site: Site) -> None:
    ada = make_person("Ada Obi", "ada@example.org")
    base = begin(site.browser(ada))
    visitor = site.visitor()
    said = "We talk first.\n\nThen we write."
    page = visitor.post(f"{base}/did", {"did": said, "since": "", "hand": "h"}, status=401)
    fields = {each.get("name"): each.get("value") or "" for each in page.select("//main//form//input")}
    back = visitor.post("/account/sign-in", {**fields, "email": ada.email, "password": PASSWORD}, status=200)
    words = back.select("//textarea[@name='did']/text()")[0].strip().replace("\r", "")
    assert words == said, "and they can be read on the page that offers them again"
    sent = {each.get("name"): each.get("value") or "" for each in back.select("//main//form//input")}
    visitor.post(back.select("//main//form/@action")[0], {**sent, "did": words})
    assert "Then we write." in visitor.get(f"{base}/did").text


def test_a_bad_token_costs_nobody_their_words(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    page = browser.post(f"{base}/did", {"did": "We talk\nfirst.", "csrf_token": "stale"}, status=400)
    assert "We talk" in page.select("//textarea[@name='did']/text()")[0]


def test_huge_and_hostile_texts_are_kept_or_refused_in_words(site: Site) -> None:
    browser = site.browser(make_person())
    base = begin(browser)
    odd = "\x00nul 😀 \u202eright to left <script>alert(1)</script> ``` | a | `"
    browser.post(f"{base}/did", {"did": odd})
    assert "😀" in browser.get(f"{base}/did").text
    browser.post(f"{base}/did", {"did": "x" * (3 * 1024 * 1024)}, status=413)
    browser.post(f"{base}/did", {"did": "words", "hand": "é" * 5000, "since": "\x00" * 50}, status=409)
    browser.post(f"{base}/did", {"did": ["one", "two"], "hand": "other"}, status=(302, 409))
    page = browser.post(f"{base}/title", {"title": "x" * 151}, status=422)
    assert "150 characters" in page.words


# Changing one that is published


def editing(site: Site) -> tuple[CaseStudy, User, Browser, str]:
    ada = make_person("Ada Obi")
    study = make_study(ada)
    return study, ada, site.browser(ada), f"/case-studies/{study.thread_id}/edit"


def test_a_study_is_changed_through_the_same_steps_and_compared_field_by_field(site: Site) -> None:
    study, ada, browser, base = editing(site)
    post = post_of(study.opening().thread).id
    assert browser.get(f"/posts/{post}/edit", status=302).location == base
    fill(browser, base)
    publish(browser, base)
    assert not db.session.scalar(select(func.count(StudyRevision.id)))
    browser.post(f"{base}/did", {**fields_of(browser.get(f"{base}/did")), "did": "We talk first, in threes."})
    browser.post(
        f"{base}/cost",
        {**fields_of(browser.get(f"{base}/cost")), "time_band": "weeks", "cost_band": "nothing"},
    )
    assert "in pairs" in site.visitor().get(f"/threads/{study.thread_id}-talking-before-marking").words
    publish(browser, base)
    read = site.visitor().get(f"/threads/{study.thread_id}-talking-before-marking")
    assert "in threes" in read.words and "1 to 4 weeks" in read.words
    history = site.visitor().get(f"/case-studies/{study.thread_id}/history")
    assert history.select("//h3/text()") == ["What we did", "Time"]
    assert "pairs" in words_of(history, "del") and "threes" in words_of(history, "ins")
    assert "in threes" in db.session.get_one(Post, post).source, "feeds and search read the same words"
    assert db.session.scalar(select(func.count(Revision.id)))


def test_a_change_is_published_once_and_one_that_changes_nothing_leaves_no_version(site: Site) -> None:
    study, ada, browser, base = editing(site)
    browser.post(f"{base}/did", {**fields_of(browser.get(f"{base}/did")), "did": "Other words"})
    fields = fields_of(browser.get(f"{base}/check"))
    for _ in range(2):
        browser.post(f"{base}/check", fields)
    assert db.session.scalar(select(func.count(StudyRevision.id))) == 1
    browser.post(f"{base}/did", {**fields_of(browser.get(f"{base}/did")), "did": "Other words"})
    publish(browser, base)
    assert db.session.scalar(select(func.count(StudyRevision.id))) == 1


def test_only_its_author_changes_a_study(site: Site) -> None:
    study, ada, browser, base = editing(site)
    for person in (make_person("Ben Lee"), make_person(role="team")):
        other = site.browser(person)
        for path in ("", "/did", "/check"):
            other.get(base + path, status=403)
            if path:
                other.post(base + path, {"did": "Not mine"}, status=403)
    assert db.session.get_one(CaseStudy, study.thread_id).did == STUDY["did"]
    study.opening().thread.lock(make_person(role="team"))
    site.commit()
    browser.get(base, status=403)


def test_changes_from_two_devices_are_told_at_publishing(site: Site) -> None:
    study, ada, browser, base = editing(site)
    browser.post(f"{base}/did", {**fields_of(browser.get(f"{base}/did")), "did": "We talk in threes."})
    fields = fields_of(browser.get(f"{base}/check"))
    said = study.answers(study.opening())
    study.revise(ada, {**said, "did": "We talk in fours."}, study.opening().version)
    site.commit()
    page = browser.post(f"{base}/check", fields, status=409)
    assert "has changed since you began" in page.words
    assert "fours" in words_of(page, "del") and "threes" in words_of(page, "ins")
    browser.post(f"{base}/check", fields_of(page))
    site.commit()
    assert db.session.get_one(CaseStudy, study.thread_id).did == "We talk in threes."
    kept = [row.answers["did"] for row in db.session.scalars(StudyRevision.of(study))]
    assert kept == [STUDY["did"], "We talk in fours."], "nothing is lost"


def test_discarding_changes_leaves_the_study_as_it_is(site: Site) -> None:
    study, ada, browser, base = editing(site)
    browser.post(f"{base}/did", {**fields_of(browser.get(f"{base}/did")), "did": "We talk in threes."})
    draft = db.session.scalars(select(Draft)).one()
    assert draft.path == base
    browser.post(f"/drafts/{draft.id}/discard")
    assert "in pairs" in browser.get(f"{base}/did").text


@pytest.mark.parametrize("slug", ["", "/setting", "/did", "/marks", "/check"])
def test_a_step_costs_the_same_queries_whatever_is_there(site: Site, slug: str) -> None:
    ada = make_person()
    browser = site.browser(ada)
    base = begin(browser)

    def cost() -> int:
        with counted() as queries:
            browser.get(base + slug)
        return len(queries)

    browser.get("/about")
    empty = cost()
    fill(browser, base)
    for n in range(20):
        begin(browser, f"Another {n}")
        make_study(ada, title=f"Study {n}")
    assert cost() <= empty + 1 <= 9
