"""Finding a school, and picking it on a form, without a script. All schools here are invented."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from forum.accounts.models import School, User, find_schools
from forum.accounts.models.finding import BEST, _given, _schools_with, _statement
from forum.accounts.models.spellings import terms_of
from forum.core.db import db
from tests.browser import Browser, Page, Site
from tests.factories import PASSWORD, make_person, make_school
from tests.queries import counted

FIELDS = {
    "name": "Ada Obi",
    "email": "ada@school.example",
    "password": PASSWORD,
    "position": "teacher",
    "phase": "",
    "school": "",
    "adult": "y",
}
SETTINGS = {"name": "Ada Obi", "position": "teacher", "phase": "", "school": "", "disclosure": "named"}


def found(text: str) -> list[str]:
    return [each.name for each in find_schools(text)]


def ada() -> User:
    db.session.rollback()
    return db.session.scalars(select(User).where(User.name == "Ada Obi")).one()


# Finding

MARYS = "St Mary’s C.E. (V.A.) Jnr School"
FINDS = [
    *(
        "hillv",
        "HILLVIEW",
        "nursery hillview",
        "  nursery   hillview  ",
        "nurs hill any",
        "ecole",
        "École",
        "ecoles",
    ),
    *(
        "zz1",
        "ZZ1 4AB",
        "zz14ab",
        "zz1 4",
        "zz14",
        "4ab",
        "900777",
        "9007",
        "hillview westshire",
        "and",
        "& hillview",
    ),
]
FINDS_MARYS = [
    *(
        "st mary",
        "saint marys",
        "st. mary's",
        "St Mary‘s",
        "marys otherton",
        "otherton st mary",
        "mary ce",
        "mary c of e",
    ),
    *(
        "mary church of england",
        "church of eng mary",
        "cofe mary",
        "C.E. mary",
        "c e mary",
        "mary va",
        "mary v.a.",
    ),
    *("mary voluntary aided", "mary junior", "mary jnr", "mary jr", "mary sch", "other ton"[:5]),
]


@pytest.mark.parametrize("text", FINDS)
def test_a_school_is_found_by_the_beginning_of_any_of_its_words(site: Site, text: str) -> None:
    make_school(MARYS, "Otherton")
    make_school(
        "École Hillview & Nursery", "Anytown", urn=900777, postcode="ZZ1 4AB", local_authority="Westshire"
    )
    assert found(text) == ["École Hillview & Nursery"]


@pytest.mark.parametrize("text", FINDS_MARYS)
def test_a_school_is_found_as_people_say_its_name(site: Site, text: str) -> None:
    make_school("Hillview Academy", "Anytown", postcode="ZZ1 4AB")
    make_school(MARYS, "Otherton")
    assert found(text) == [MARYS]


def test_what_is_no_word_of_it_finds_no_school(site: Site) -> None:
    make_school(MARYS, "Otherton", postcode="ZZ1 4AB")
    for text in (
        "",
        " ",
        "mary anytown",
        "ary",
        "zz2",
        "'",
        "…",
        "mary xxxx",
        "m%",
        "_",
        "日本",
        "x" * 10_000,
    ):
        assert found(text) == ([MARYS] if text == "m%" else []), text


def test_the_closest_come_first(site: Site) -> None:
    for name in ("Great Oak School", "Oakfield School", "Oak Tree Nursery School", "Oak School", "The Oak"):
        make_school(name)
    assert found("oak") == [
        *("Oak School", "Oak Tree Nursery School"),  # what was typed and few more words
        "Oakfield School",  # begins as typed
        *("The Oak", "Great Oak School"),  # further back
    ]
    assert found("the oak")[0] == "The Oak"
    assert found("school oak tree") == ["Oak Tree Nursery School"]


def test_the_one_without_an_s_is_found_too_and_later(site: Site) -> None:
    make_school("St Mary Infant School", "Anytown")
    make_school("St Marys School", "Otherton")
    make_school("Maryland School", "Otherton")
    assert found("marys") == ["St Marys School", "St Mary Infant School"]
    assert found("mary infants") == ["St Mary Infant School"]


def test_open_schools_come_before_closed_ones(site: Site) -> None:
    make_school("Hillview", "Anytown", closed_on=date(2019, 8, 31))
    make_school("Great Hillview Community Primary School", "Anytown")
    assert found("hillview") == ["Great Hillview Community Primary School", "Hillview"]
    for number in range(BEST):
        make_school(f"Hillview {number}")
    assert len(found("hillview")) == BEST
    assert not any(each.closed for each in find_schools("hillview"))


def test_the_town_is_said_once(site: Site) -> None:
    assert make_school("Anytown Academy", "Anytown").shown == "Anytown Academy"
    assert make_school("Hillview", None).shown == "Hillview"
    assert len(make_school("Hillview " * 20, "Anytown " * 12).shown) == 160


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60) | st.text("st mary's&.%_\\\"'-*()é\0😀", max_size=400))
@example(text="\0")
@example(text="'; DROP TABLE schools; --")
@example(text="\ud800")
@example(text="ﷺ" * 500)
@example(text="a b c d e f g h i j k l")
def test_any_text_may_be_asked(site: Site, text: str) -> None:
    if db.session.scalar(select(School.id).limit(1)) is None:
        make_school(MARYS)
    assert len(found(text)) <= BEST
    assert len(terms_of(text)) <= 8


def test_any_text_may_be_asked_of_the_pages(site: Site) -> None:
    make_school(MARYS)
    visitor = site.visitor()
    for text in ("", "\0", "%", "<b>", '"><script>', "\U0001f600", "x" * 10_000, "' OR 1=1", "mary"):
        visitor.get("/schools", query_string={"q": text})
        matches = visitor.get("/schools/find", query_string={"q": text}).response.get_json()["schools"]
        assert len(matches) == (text == "mary")
    visitor.get("/schools?q=%ff%fe")
    visitor.get("/schools/find?q=%ff%fe")


def test_the_script_is_told_what_a_byline_will_say(site: Site) -> None:
    make_school(
        "Hillview", "Anytown", urn=900001, type="Academy", postcode="ZZ1 4AB", local_authority="Westshire"
    )
    make_school("Hillview Old", "Anytown", urn=900002, closed_on=date(2019, 8, 31))
    page = site.visitor().get("/schools/find?q=hillview")
    assert page.headers["Content-Type"] == "application/json"
    assert page.response.get_json()["schools"] == [
        {"urn": 900001, "name": "Hillview", "about": "Anytown, Westshire, ZZ1 4AB, Academy", "closed": "",
         "shown": "Hillview, Anytown"},
        {"urn": 900002, "name": "Hillview Old", "about": "Anytown", "closed": "Closed on 31 August 2019",
         "shown": "Hillview Old, Anytown"},
    ]  # fmt: skip


def test_an_answer_is_kept_until_the_register_changes(site: Site) -> None:
    make_school("Hillview")
    visitor = site.visitor()
    for path in ("/schools/find?q=hillview", "/schools?q=hillview"):
        first = visitor.get(path)
        again = {"If-None-Match": first.headers["ETag"]}
        assert first.headers["Cache-Control"].startswith("public")
        visitor.get(path, status=304, headers=again)
        make_school("Hillview Nursery")
        assert "Hillview Nursery" in visitor.get(path, headers=again).text


def test_the_question_costs_the_same_however_many_match(site: Site) -> None:
    counts = []
    for size in (1, 40):
        for number in range(size):
            make_school(f"Hillview School {size} {number}")
        find_schools("hillview school")
        with counted() as statements:
            find_schools("hillview school")
        counts.append(len(statements))
    assert counts == [4, 2], "closed schools are only looked for where open ones are few"


@pytest.mark.parametrize("text", ["hillview", "st mary leeds"])
def test_the_question_is_answered_from_indexes(site: Site, text: str) -> None:
    for number in range(200):
        make_school(f"School {number} of Hillview")
    School.settle()
    plan = "\n".join(plan_of(text))
    assert "pk_school_words" in plan or "USING PRIMARY KEY (closed=? AND word>? AND word<?)" in plan, plan
    assert "SCAN school" not in plan, plan


def plan_of(text: str) -> list[str]:
    terms = sorted(terms_of(text), key=lambda term: _schools_with(term, School.last_loaded()))
    statement = _statement(len(terms)).compile(db.engine)
    given: dict[str, Any] = statement.params | _given(terms) | {"closed": False}
    connection = db.session.connection()
    if db.engine.dialect.name == "sqlite":
        values = tuple(given[name] for name in statement.positiontup or ())
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    else:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", given)
    return [str(row[-1]) for row in rows]


# The page


def test_the_page_finds_a_school_and_leads_on_to_a_form(site: Site) -> None:
    make_school("Hillview School", "Anytown", urn=900001)
    visitor, browser = site.visitor(), site.browser(make_person())
    page = visitor.get("/schools?q=hillview")
    assert "One school matches “hillview”" in page.words
    assert "Open Government Licence" in page.words
    assert page.select("//form[.//input[@name='urn']]/@action") == ["/account/register"]
    assert page.select("//input[@name='urn']/@value") == ["900001"]
    page = visitor.get("/account/register?urn=900001")
    assert page.select("//input[@name='school']/@value") == ["Hillview School, Anytown"]
    assert page.select("//input[@name='school_urn']/@value") == ["900001"]
    page = browser.get("/schools?q=hillview")
    assert page.select("//form[.//input[@name='urn']]/@action") == ["/account/settings"]
    page = browser.get("/account/settings?urn=900001")
    assert page.select("//input[@name='school']/@value") == ["Hillview School, Anytown"]
    assert ada().school is None, "nothing is saved before it is sent"


def test_it_leads_on_to_our_own_pages_alone(site: Site) -> None:
    make_school("Hillview School")
    visitor = site.visitor()
    page = visitor.get("/schools?q=hillview&then=/case-studies/new")
    assert page.select("//form[.//input[@name='urn']]/@action") == ["/case-studies/new"]
    assert page.select("//input[@name='then']/@value") == ["/case-studies/new"]
    for other in ("https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "/\\elsewhere"):
        page = visitor.get("/schools", query_string={"q": "hillview", "then": other})
        assert page.select("//form[.//input[@name='urn']]/@action") == ["/account/register"]
        assert "elsewhere" not in page.text


def test_without_a_register_the_field_is_a_text_field(site: Site) -> None:
    assert "No register of schools is loaded" in site.visitor().get("/schools?q=x").words
    page = site.visitor().get("/account/register")
    assert not page.select("//*[contains(@class, 'school-picker')] | //button[@name='find_school']")
    assert not page.select("//script[contains(@src, 'schools')]")
    site.visitor().post("/account/register", FIELDS | {"school": "The old mill"})
    assert (ada().school, ada().school_id) == ("The old mill", None)


# Picking on a form, without a script


def find(browser: Browser, path: str, fields: dict[str, str], status: int = 200) -> Page:
    return browser.post(path, fields | {"find_school": "1"}, status=status)


def kept(page: Page, name: str) -> list[str]:
    return list(page.select(f"//main//input[@name='{name}']/@value"))


def test_from_a_few_letters_to_a_byline(site: Site) -> None:
    make_school("Hillview School", "Anytown", urn=900001, phase="primary")
    make_school("Hillview Nursery", "Otherton", urn=900002, phase="early-years")
    browser = site.visitor()
    button = browser.get("/account/register").select("//button[@name='find_school']")[0]
    assert button.get("formaction") == "/account/register#schools-found"
    page = find(browser, "/account/register", FIELDS | {"school": "hillview"})
    assert page.select("//*[@id='schools-found']")
    assert "2 schools match “hillview”" in page.words
    assert kept(page, "school_urn") == ["900002", "900001", ""] or kept(page, "school_urn") == [
        "900001",
        "900002",
        "",
    ]
    assert not page.select("//input[@name='school_urn']/@checked")
    assert kept(page, "school_asked") == ["hillview"]
    assert kept(page, "name") == ["Ada Obi"]
    assert kept(page, "email") == ["ada@school.example"]
    assert page.select("//input[@name='position'][@checked]/@value") == ["teacher"]
    assert page.select("//input[@name='adult']/@checked")
    assert not page.select("//title[starts-with(., 'Error')]")
    assert db.session.scalar(select(User.id)) is None, "nobody has been made by looking"

    picked = {"school": "hillview", "school_asked": "hillview", "school_urn": "900001"}
    browser.post("/account/register", FIELDS | picked)
    person = ada()
    assert person.byline() == "Ada Obi, teacher, Hillview School, Anytown"
    assert db.session.get_one(School, person.school_id).urn == 900001
    assert person.phase == "primary", "the school's, since none was said"


def test_a_password_is_never_sent_back_and_the_page_says_so(site: Site) -> None:
    make_school("Hillview School")
    assert "never send a password back" in site.visitor().get("/account/register").words
    page = find(site.visitor(), "/account/register", FIELDS | {"school": "hillview"})
    assert PASSWORD not in page.text
    assert "Type it again: we do not send passwords back" in page.words
    page = find(site.visitor(), "/account/register", FIELDS | {"school": "hillview", "password": ""})
    assert "Type it again" not in page.words


def test_enter_sends_the_form_and_does_not_look_for_a_school(site: Site) -> None:
    make_school("Hillview School")
    for browser, path in (
        (site.visitor(), "/account/register"),
        (site.browser(make_person()), "/account/settings"),
    ):
        first = browser.get(path).select("//main//form[.//input[@name='school']]//button")[0]
        assert (first.get("type"), first.get("name"), first.get("aria-hidden")) == ("submit", None, "true")


def test_a_phase_that_was_said_stays(site: Site) -> None:
    make_school("Hillview School", urn=900001, phase="primary")
    site.visitor().post("/account/register", FIELDS | {"phase": "secondary", "school_urn": "900001"})
    assert (ada().phase, ada().school) == ("secondary", "Hillview School, Anytown")


def test_none_of_these_keeps_the_words(site: Site) -> None:
    make_school("Hillview School", urn=900001)
    words = {"school": "hillview lodge", "school_asked": "hillview lodge", "school_urn": ""}
    site.visitor().post("/account/register", FIELDS | words)
    assert (ada().school, ada().school_id) == ("hillview lodge", None)


def test_words_that_were_changed_after_the_pick_are_words(site: Site) -> None:
    make_school("Hillview School", urn=900001)
    words = {"school": "The old mill", "school_asked": "hillview", "school_urn": "900001"}
    site.visitor().post("/account/register", FIELDS | words)
    assert (ada().school, ada().school_id) == ("The old mill", None)


@pytest.mark.parametrize("urn", ["900002", "x", "-1", "9" * 30, "٣", "900001'", "\0"])
def test_a_number_of_no_school_is_no_pick(site: Site, urn: str) -> None:
    make_school("Hillview School", urn=900001)
    words = {"school": "hillview", "school_asked": "hillview", "school_urn": urn}
    site.visitor().post("/account/register", FIELDS | words)
    assert (ada().school, ada().school_id) == ("hillview", None)


def test_nothing_typed_and_nothing_found_are_said(site: Site) -> None:
    make_school("Hillview School")
    page = find(site.visitor(), "/account/register", FIELDS, status=422)
    assert page.select("//*[contains(@class, 'error-summary')]//a[@href='#school']")
    assert page.select("//title/text()")[0].startswith("Error: ")
    assert "Enter your name" not in page.words, "the rest is not looked at yet"
    page = find(site.visitor(), "/account/register", FIELDS | {"school": "The old mill"})
    assert "No school in the register matches “The old mill”" in page.words
    assert "then shown as you typed it" in page.words


def test_looking_needs_a_good_token_and_counts_for_no_limit(site: Site) -> None:
    make_school("Hillview School")
    fields = FIELDS | {"school": "hillview", "find_school": "1"}
    page = site.visitor().post("/account/register", fields, status=422, csrf=False)
    assert "This page was open for too long" in page.words
    assert kept(page, "name") == ["Ada Obi"]
    assert not page.select("//*[@id='schools-found']")
    browser = site.visitor()
    for _ in range(45):
        find(browser, "/account/register", FIELDS | {"school": "hillview"})
    browser.post("/account/register", FIELDS)
    assert ada()


def test_a_mistake_elsewhere_keeps_the_pick(site: Site) -> None:
    make_school("Hillview School", urn=900001)
    picked = {"school": "hillview", "school_asked": "hillview", "school_urn": "900001", "email": ""}
    page = site.visitor().post("/account/register", FIELDS | picked, status=422)
    assert kept(page, "school_urn") == ["900001"]
    assert kept(page, "school_asked") == ["hillview"]
    assert "In the register of schools, URN 900001" in page.words


def test_settings_change_the_school_and_keep_it(site: Site) -> None:
    person = make_person(phase=None, school="Somewhere")
    make_school("Hillview School", "Anytown", urn=900001, phase="primary")
    id, browser = person.id, site.browser(person)
    page = find(browser, "/account/settings", SETTINGS | {"school": "hillview"})
    assert kept(page, "school_urn") == ["900001", ""]
    assert db.session.get_one(User, id).school == "Somewhere"
    browser.post(
        "/account/settings",
        SETTINGS | {"school": "hillview", "school_asked": "hillview", "school_urn": "900001"},
    )
    assert (ada().school, ada().phase) == ("Hillview School, Anytown", "primary")

    page = browser.get("/account/settings")
    assert kept(page, "school") == kept(page, "school_asked") == ["Hillview School, Anytown"]
    same = {name: kept(page, name)[0] for name in ("school", "school_asked", "school_urn")}
    browser.post("/account/settings", SETTINGS | same)
    assert (ada().school, ada().phase) == ("Hillview School, Anytown", None), "left out on purpose this time"
    assert ada().school_id is not None
    browser.post("/account/settings", SETTINGS | same | {"school": "A nursery"})
    assert (ada().school, ada().school_id) == ("A nursery", None)


def test_a_school_that_is_renamed_is_shown_anew_only_when_the_person_says_so(site: Site) -> None:
    person = make_person()
    made = make_school("Hillview School", "Anytown", urn=900001)
    person.school, person.school_id = made.shown, made.id
    db.session.commit()
    made.name = "Valley Academy"
    db.session.commit()
    assert ada().school == "Hillview School, Anytown"
    browser = site.browser(ada())
    page = browser.get("/account/settings")
    same = {name: kept(page, name)[0] for name in ("school", "school_asked", "school_urn")}
    assert same["school"] == "Hillview School, Anytown"
    browser.post("/account/settings", SETTINGS | same)
    assert ada().school == "Valley Academy, Anytown"


def test_a_visitor_who_looks_in_settings_signs_in_first(site: Site) -> None:
    make_school("Hillview School")
    page = find(site.visitor(), "/account/settings", SETTINGS | {"school": "hillview"}, status=401)
    assert page.select("//input[@name='kept.school']/@value") == ["hillview"]
