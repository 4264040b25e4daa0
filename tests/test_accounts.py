"""Accounts, as people and attackers meet them."""

from __future__ import annotations

import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import func, select

from forum.accounts.models import EmailedLink, Letter, Purpose, Tally, User
from forum.activity.models import Activity
from forum.core.db import db, now
from tests.browser import Browser, Page, Site
from tests.factories import PASSWORD, make_person, make_thread
from tests.served import one_database

ADA = "ada@school.example"
FIELDS = {
    "name": "Ada Obi",
    "email": ADA,
    "password": PASSWORD,
    "position": "teacher",
    "phase": "primary",
    "school": "Hillview School",
    "adult": "y",
}
NEW_PASSWORD = "purple kettle saturday"


def person(email: str = ADA) -> User | None:
    db.session.rollback()
    return User.by_email(email)


def register(site: Site, **changed: str) -> Page:
    return site.visitor().post("/account/register", FIELDS | changed)


def sign_in(
    browser: Browser, email: str = ADA, password: str = PASSWORD, status: int = 302, **more: str
) -> Page:
    return browser.post("/account/sign-in", {"email": email, "password": password, **more}, status=status)


def signed_in_as(browser: Browser) -> str:
    """The name in the header, or nothing."""
    found = browser.get("/about").select("//header//a[starts-with(@href, '/people/')]/text()")
    return found[0] if found else ""


def text_of(message: EmailMessage) -> str:
    return str(message.get_content())


def last_to(site: Site, address: str) -> EmailMessage:
    return [message for message in site.mail() if message["To"] == address][-1]


def link_in(message: EmailMessage, part: str) -> str:
    """The path of the link in a mail; it must lead to the site's own address."""
    line = rf"^https://conversation\.example\.org(/account/{part}/[\w-]+)$"
    found = re.search(line, text_of(message), re.MULTILINE)
    assert found, text_of(message)
    return found[1]


def said(page: Page) -> str:
    """The page without what differs each time: tokens."""
    return re.sub(r'name="csrf_token"([^>]*)value="[^"]*"', r'name="csrf_token"\1', page.text)


# Creating an account


def test_an_account_is_created_confirmed_and_used(site: Site) -> None:
    browser = site.visitor()
    page = browser.follow(browser.post("/account/register", FIELDS))
    assert f"We have sent an email to {ADA}" in page.words
    assert str(site.app.config["FORUM"].instance / "mail") in page.words
    ada = person()
    assert ada is not None
    assert ada.password_hash is not None
    assert not ada.is_confirmed
    assert ada.password_hash.startswith("$argon2id$")
    assert ada.byline() == "Ada Obi, teacher, Hillview School"

    message = last_to(site, ADA)
    assert message["Subject"] == "Confirm your email address"
    assert "team@conversation.example" in text_of(message)
    assert "personalised learning" in text_of(message)
    link = link_in(message, "confirm")
    assert "Confirm my email address" in browser.get(link).words
    assert not person().is_confirmed, "a scanner that opens the link confirms nothing"
    page = browser.follow(browser.post(link))
    assert "Your email address is confirmed" in page.words
    assert person().is_confirmed
    assert signed_in_as(browser) == ""
    assert sign_in(browser).location == "/"
    assert signed_in_as(browser) == "Ada Obi"
    verbs = db.session.scalars(select(Activity.verb).order_by(Activity.id)).all()
    assert verbs == ["person.registered", "person.confirmed"]


def test_confirming_while_signed_in_goes_home_and_says_so(site: Site) -> None:
    register(site)
    browser = site.visitor()
    sign_in(browser)
    answer = browser.post(link_in(last_to(site, ADA), "confirm"))
    assert answer.location == "/"
    assert "Your email address is confirmed" in browser.follow(answer).words
    assert person().may_post


def test_the_link_works_for_whoever_opens_it_and_changes_nobody_else(site: Site) -> None:
    ben = make_person("Ben Lee", confirmed=False)
    register(site)
    browser = site.browser(ben)
    page = browser.follow(browser.post(link_in(last_to(site, ADA), "confirm")))
    assert "Your email address is confirmed" in page.words
    assert person().is_confirmed
    assert not db.session.get_one(User, ben.id).is_confirmed
    assert signed_in_as(browser) == "Ben Lee"


def test_a_link_pressed_twice_says_it_is_done(site: Site) -> None:
    register(site)
    link = link_in(last_to(site, ADA), "confirm")
    for _ in range(2):
        browser = site.visitor()
        assert "Your email address is confirmed" in browser.follow(browser.post(link)).words
    assert db.session.scalar(select(func.count()).where(Activity.verb == "person.confirmed")) == 1


def test_a_link_that_is_old_altered_or_for_something_else_says_how_to_get_another(site: Site) -> None:
    register(site)
    link = link_in(last_to(site, ADA), "confirm")
    site.visitor().post("/account/reset", {"email": ADA})
    reset = link_in(last_to(site, ADA), "reset")
    wrong = [
        link[:-1],
        link + "x",
        "/account/confirm/" + "x" * 5000,
        reset.replace("reset", "confirm"),
        "/account/confirm/%00",
        "/account/confirm/%ff%fe",
        link.replace("confirm", "reset"),
        link.replace("/confirm/", "/settings/email/"),
    ]
    for url in wrong:
        page = site.visitor().get(url, status=410)
        assert "This link no longer works" in page.words
        site.visitor().post(url, status=410)
    assert page.select("//main//a[@href='/account/settings/email']")
    with time_machine.travel(now() + timedelta(days=3, minutes=1)):
        page = site.visitor().get(link, status=410)
        assert page.select("//main//a[@href='/account/confirm']")
        site.visitor().post(link, status=410)
    assert not person().is_confirmed


def test_a_link_is_pressed_without_a_good_token_and_asks_again(site: Site) -> None:
    register(site)
    link = link_in(last_to(site, ADA), "confirm")
    page = site.visitor().post(link, csrf=False, status=422)
    assert "This page was open for too long" in page.words
    assert page.select("//title/text()")[0].startswith("Error: ")
    assert not person().is_confirmed


def test_registering_an_address_that_exists_looks_the_same_and_is_told_to_the_address(site: Site) -> None:
    make_person("Ada Obi", ADA)
    known, unknown = site.visitor(), site.visitor()
    answers = [
        known.post("/account/register", FIELDS | {"email": " ADA@School.example "}),
        unknown.post("/account/register", FIELDS | {"email": "new@school.example"}),
    ]
    assert answers[0].location == answers[1].location == "/account/check-your-email"
    pages = [said(known.follow(answers[0])), said(unknown.follow(answers[1]))]
    assert pages[0].replace("ADA@school.example", "*") == pages[1].replace("new@school.example", "*")
    assert db.session.scalar(select(func.count()).select_from(User)) == 2
    message = site.mail()[0]
    assert message["Subject"] == "You already have an account"
    assert "/account/sign-in" in text_of(message)
    assert sign_in(site.visitor()).location == "/", "the password is still the old one"


def test_registering_an_unconfirmed_address_again_cannot_give_it_to_whoever_came_first(site: Site) -> None:
    register(site, name="Not Ada", password="an intruder knows this")
    register(site)
    message = last_to(site, ADA)
    assert message["Subject"] == "You already have an account"
    assert "/account/confirm/" not in text_of(message)
    browser = site.visitor()
    browser.post(link_in(message, "reset"), {"password": NEW_PASSWORD})
    assert person().is_confirmed
    sign_in(site.visitor(), password="an intruder knows this", status=422)
    sign_in(site.visitor(), password=NEW_PASSWORD)


def test_two_at_once_with_one_address_make_one_account(site: Site) -> None:
    browsers = [site.visitor() for _ in range(4)]
    tokens = [browser.csrf_token() for browser in browsers]
    start = Barrier(4)

    def send(browser: Browser, token: str) -> tuple[int, str]:
        start.wait()
        answer = browser.client.post("/account/register", data=FIELDS | {"csrf_token": token})
        return answer.status_code, answer.headers["Location"]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, browsers, tokens))
    assert answers == [(302, "/account/check-your-email")] * 4
    assert db.session.scalar(select(func.count()).select_from(User)) == 1
    subjects = sorted(message["Subject"] for message in site.mail())
    assert subjects == ["Confirm your email address"] + ["You already have an account"] * 3


def test_every_missing_answer_is_named_and_every_word_is_still_there(site: Site) -> None:
    page = site.visitor().post("/account/register", {}, status=422)
    summary = page.select("//div[@class='govuk-error-summary__body']//a")
    assert [(link.get("href"), link.text) for link in summary] == [
        ("#name", "Enter your name"),
        ("#position", "Select your position"),
        ("#email", "Enter your email address"),
        ("#password", "Choose a password"),
        ("#adult", "You must be 18 or over to have an account"),
    ]
    assert page.select("//title/text()")[0].startswith("Error: Create an account")
    for link in summary:
        assert page.select(f"//*[@id='{link.get('href')[1:]}']")
    page = site.visitor().post("/account/register", FIELDS | {"adult": ""}, status=422)
    assert page.select("//input[@name='email']/@value") == [ADA]
    assert page.select("//input[@name='school']/@value") == ["Hillview School"]
    assert page.select("//input[@name='position'][@checked]/@value") == ["teacher"]
    assert page.select("//select/option[@selected]/@value") == ["primary"]
    assert not page.select("//input[@name='password']/@value")
    assert person() is None


@one_database
@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "x" * 121, "120 characters or fewer"),
        ("name", "x" * 200_000, "120 characters or fewer"),
        ("name", "Ada\nSubject: hello", "Name must be on one line"),
        ("name", "Ada\r\nBcc: all@school.example", "Name must be on one line"),
        ("name", "\u202e\u202e\x00\x07", "Enter your name"),
        ("name", "\u200b", "Name must have letters in it"),
        ("name", "Sam, Personalised  Learning Team", "only its members are shown so"),
        ("school", "The personalised learning team", "only its members are shown so"),
        ("school", "x" * 161, "160 characters or fewer"),
        ("school", "Hill\nview", "must be on one line"),
        ("email", "nobody", "Enter an email address in the correct format"),
        ("email", "a@b", "Enter an email address in the correct format"),
        (
            "email",
            "ada@school.example\nBcc: all@school.example",
            "Enter an email address in the correct format",
        ),
        ("email", "ada@school.example, ben@school.example", "Enter an email address in the correct format"),
        ("email", "Ada <ada@school.example>", "Enter an email address in the correct format"),
        ("email", "x" * 200_000 + "@school.example", "Enter an email address in the correct format"),
        ("email", "@" * 200_000, "Enter an email address in the correct format"),
        ("position", "king", "Select your position"),
        ("phase", "king", "Select a phase from the list"),
        ("password", "short one", "at least 10 characters"),
        ("password", "x" * 1025, "1,024 characters or fewer"),
        ("password", "password123", "too easy to guess"),
        ("password", "Qwertyuiop", "too easy to guess"),
        ("password", "          ", "too easy to guess"),
        ("password", "ADA@school.example", "must not be your name or your email address"),
        ("password", "ada  obi-wan", "must not be your name or your email address"),
        ("adult", "", "You must be 18 or over"),
    ],
)
def test_what_cannot_be_used_is_said(site: Site, field: str, value: str, complaint: str) -> None:
    fields = FIELDS | {"name": "Ada Obi-Wan"} | {field: value}
    page = site.visitor().post("/account/register", fields, status=422)
    assert complaint in page.select("//div[@class='govuk-error-summary__body']")[0].text_content()
    assert person() is None
    assert not site.mail()


def test_what_reorders_or_controls_is_left_out_of_a_name(site: Site) -> None:
    register(site, name="  Ada \u202e\u200f  Obi\x00\t ", school="", phase="")
    assert person().name == "Ada \u200f Obi"
    assert (person().school, person().phase) == (None, None)


def test_long_and_odd_passwords_are_taken_whole(site: Site) -> None:
    long = "ö🎒 \x00 kettle " * 40
    register(site, password=long)
    sign_in(site.visitor(), password=long)
    sign_in(site.visitor(), password=long[:-1], status=422)
    sign_in(site.visitor(), password="x" * 200_000, status=422)


def test_an_address_has_one_spelling(site: Site) -> None:
    register(site, email="Ada@SCHÖN.example")
    assert person("ada@xn--schn-7qa.example") is not None
    sign_in(site.visitor(), email="ada@schön.example")
    sign_in(site.visitor(), email=" ADA@xn--schn-7qa.EXAMPLE ")


def test_no_word_of_a_stranger_is_in_a_mail_to_someone_else(site: Site) -> None:
    register(site, name="Win a prize at evil.example", school="evil.example")
    register(site, name="Win a prize at evil.example")
    assert len(site.mail()) == 2
    assert not any("evil" in message.as_string() for message in site.mail())


# Asking for the link again


def test_the_link_is_sent_again_and_the_answer_never_tells(site: Site) -> None:
    make_person(email="confirmed@school.example")
    make_person(email="waiting@school.example", confirmed=False)
    pages = set()
    for name in ("confirmed", "waiting", "unknown"):
        browser = site.visitor()
        page = browser.follow(browser.post("/account/confirm", {"email": f"{name}@school.example"}))
        pages.add(said(page).replace(f"{name}@", "*@"))
    assert len(pages) == 1
    assert {message["To"]: message["Subject"] for message in site.mail()} == {
        "confirmed@school.example": "Your email address is confirmed",
        "waiting@school.example": "Confirm your email address",
        "unknown@school.example": "You have no account with us",
    }
    site.visitor().post(link_in(last_to(site, "waiting@school.example"), "confirm"))
    assert person("waiting@school.example").is_confirmed


def test_an_unconfirmed_person_is_told_in_settings_and_asks_with_one_press(site: Site) -> None:
    ada = make_person(email=ADA, confirmed=False)
    browser = site.browser(ada)
    for url in ("/account/settings", "/account/settings/email", "/account/settings/password"):
        page = browser.get(url)
        assert page.select("//form[@action='/account/confirm']//button")[0].text == "Send the link again"
    page = browser.follow(browser.post("/account/confirm"))
    assert ADA in page.words
    browser.post(link_in(last_to(site, ADA), "confirm"))
    assert not browser.get("/account/settings").select("//form[@action='/account/confirm']")
    assert "there is nothing more to do" in browser.get("/account/confirm").words


# Signing in and out


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(site: Site) -> None:
    make_person(email=ADA)
    wrong = sign_in(site.visitor(), password="not the password", status=422)
    unknown = sign_in(site.visitor(), email="eda@school.example", status=422)
    assert said(wrong) == said(unknown).replace("eda@", "ada@")
    assert "The email address or the password is wrong" in wrong.words
    assert wrong.select("//input[@name='email']/@value") == [ADA]
    assert not wrong.select("//input[@name='password']/@value")


def test_a_wrong_password_and_an_unknown_address_take_the_same_time(site: Site) -> None:
    make_person(email=ADA)
    db.session.add(User(name="Imported", imported_as="old forum: 1"))
    site.commit()
    times: dict[str, list[float]] = {ADA: [], "eda@school.example": []}
    for _ in range(7):
        for email, taken in times.items():
            browser = site.visitor()
            token = browser.csrf_token()
            began = time.process_time()
            sign_in(browser, email=email, password="not the password", status=422, csrf_token=token)
            taken.append(time.process_time() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 1 / 3 < known / unknown < 3


def test_signing_in_leads_to_what_was_asked_for_and_never_off_the_site(site: Site) -> None:
    make_person(email=ADA)
    page = site.visitor().get("/account/settings?a=b", status=401)
    then = page.select("//input[@name='then']/@value")[0]
    assert then == "/account/settings?a=b"
    assert sign_in(site.visitor(), then=then).location == then


@one_database
@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "///evil.example",
        "evil.example",
        "https:evil.example",
        "",
    ],
)
def test_a_redirect_never_leaves_the_site(site: Site, then: str) -> None:
    make_person(email=ADA)
    assert sign_in(site.visitor(), then=then).location == "/"
    assert sign_in(site.visitor(), kept_action=then, **{"kept.body": "words"}).location == "/"


def test_a_session_starts_anew(site: Site) -> None:
    make_person(email=ADA)
    browser = site.visitor()
    browser.post("/account/reset", {"email": ADA})
    token = browser.csrf_token()
    sign_in(browser, csrf_token=token)
    with browser.client.session_transaction() as session:
        assert "sent" not in session
        assert not session.permanent, "a shared computer forgets it with the browser"
    answer = browser.post("/account/settings", {"csrf_token": token, "name": "Someone"}, status=400)
    assert "Someone" in answer.text, "the token of the visitor is not the person's, and no word is lost"


def test_signed_in_people_are_sent_home_from_the_way_in(site: Site) -> None:
    browser = site.browser(make_person(email=ADA))
    assert browser.get("/account/sign-in", status=302).location == "/"
    assert browser.get("/account/register", status=302).location == "/"
    assert sign_in(browser).location == "/"
    assert browser.post("/account/register", FIELDS).location == "/"
    page = browser.post("/account/sign-in", {"email": ADA, "password": PASSWORD}, csrf=False, status=409)
    assert "You are signed in already" in page.words
    browser.post("/account/register", FIELDS, csrf=False, status=409)


def test_remember_me_outlives_the_session_and_not_a_sign_out(site: Site) -> None:
    make_person(email=ADA)
    browser = site.visitor()
    answer = sign_in(browser, remember="y")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("remember_token="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    browser.client.delete_cookie("session")
    assert signed_in_as(browser) == "Ada Obi"
    assert browser.post("/account/sign-out").location == "/"
    assert signed_in_as(browser) == ""
    assert browser.client.get_cookie("remember_token") is None
    sign_in(browser)
    browser.client.delete_cookie("session")
    assert signed_in_as(browser) == ""


def test_who_signs_in_without_it_is_not_remembered_as_the_one_before(site: Site) -> None:
    make_person(email=ADA)
    make_person("Ben Lee", email="ben@school.example")
    browser = site.visitor()
    sign_in(browser, remember="y")
    browser.client.delete_cookie("session")
    kept = browser.client.get_cookie("remember_token")
    browser.client.delete_cookie("remember_token")
    token = browser.csrf_token()
    browser.client.set_cookie("remember_token", kept.value[:-1] + "x")
    sign_in(browser, email="ben@school.example", csrf_token=token)
    assert browser.client.get_cookie("remember_token") is None


def test_signing_out_needs_our_own_form(site: Site) -> None:
    browser = site.browser(make_person())
    browser.get("/account/sign-out", status=405)
    browser.post("/account/sign-out", csrf=False, status=400)
    assert signed_in_as(browser) == "Ada Obi"
    site.visitor().post("/account/sign-out", csrf=False, status=400)
    site.visitor().post("/account/sign-out")


def test_text_sent_while_signed_out_survives_signing_in_and_a_wrong_password(site: Site) -> None:
    make_person(email=ADA)
    thread = make_thread()
    action = f"/threads/{thread.id}/posts"
    words = 'First line\r\n  "second" <b>&amp; more\r\n'
    browser = site.visitor()
    page = browser.post(action, {"body": words, "disclosure": "role-only", "submission": "s"}, status=401)
    for password, status in (("not the password", 422), ("", 422), (PASSWORD, 200)):
        hidden = page.select("//main//input[@type='hidden']")
        fields = {field.get("name"): field.get("value") for field in hidden}
        assert fields["kept.body"].replace("\r", "") == words.replace("\r", "")
        assert fields["kept_action"] == action
        fields |= {"email": ADA, "password": password}
        page = browser.post("/account/sign-in", fields, status=status)
    form = page.select(f"//main//form[@action='{action}']")[0]
    offered = form.xpath(".//textarea[@name='body']")[0].text.replace("\r", "")
    assert offered.strip("\n") == words.replace("\r", "").strip("\n")
    fields = {field.get("name"): field.get("value") for field in form.xpath(".//input")}
    assert fields["disclosure"] == "role-only"
    answer = browser.client.post(action, data=fields | {"body": words})
    assert answer.status_code == 302, "the fresh token is good"
    assert "second" in site.visitor().get(f"/threads/{thread.id}-{thread.slug}").text


def test_kept_text_is_not_lost_where_another_tab_signed_in_first(site: Site) -> None:
    make_person(email=ADA)
    browser = site.visitor()
    page = browser.post("/threads/1/posts", {"body": "my words", "password": "secret"}, status=401)
    assert "secret" not in page.text
    old = page.select("//main//input[@name='csrf_token']/@value")[0]
    sign_in(browser)
    fields = {
        "csrf_token": old,
        "kept_action": "/threads/1/posts",
        "kept.body": "my words",
        "kept.csrf_token": "x",
        "email": ADA,
        "password": PASSWORD,
    }
    page = browser.post("/account/sign-in", fields, status=409)
    assert page.select("//textarea[@name='body']")[0].text.strip() == "my words"
    page = browser.post("/account/sign-in", fields | {"csrf_token": browser.csrf_token()}, status=200)
    assert page.select("//textarea[@name='body']")[0].text.strip() == "my words"
    assert len(page.select("//main//form//input[@name='csrf_token']")) == 1


@one_database
@pytest.mark.parametrize(
    "fields",
    [
        {"email": "", "password": ""},
        {"email": "a\x00b", "password": "\x00"},
        {"email": "x" * 200_000, "password": "x"},
        {"email": "\ud7ff\U0010ffff@\u202e", "password": "\uffff"},
        {"password": "no address at all"},
    ],
)
def test_nonsense_at_the_door_is_answered(site: Site, fields: dict[str, str]) -> None:
    for url in ("/account/sign-in", "/account/reset", "/account/confirm", "/account/register"):
        site.visitor().post(url, fields, status=422)


def test_someone_without_a_password_cannot_sign_in(site: Site) -> None:
    db.session.add(User(name="Imported", email=ADA, email_key=ADA, imported_as="old forum: 1"))
    site.commit()
    sign_in(site.visitor(), status=422)


# A forgotten password


def test_a_forgotten_password_is_chosen_anew_by_mail(site: Site) -> None:
    ada = make_person(email=ADA, confirmed=False)
    elsewhere = site.browser(ada)
    browser = site.visitor()
    page = browser.follow(browser.post("/account/reset", {"email": "ADA@school.example"}))
    assert "to choose a new password" in page.words
    link = link_in(last_to(site, ADA), "reset")
    browser.get(link)
    page = browser.post(link, {"password": "password123"}, status=422)
    assert "too easy to guess" in page.words
    answer = browser.post(link, {"password": NEW_PASSWORD})
    assert answer.location == "/account/sign-in"
    assert "Your password is changed" in browser.follow(answer).words
    assert person().is_confirmed
    assert signed_in_as(elsewhere) == ""
    sign_in(site.visitor(), status=422)
    sign_in(browser, password=NEW_PASSWORD)
    assert last_to(site, ADA)["Subject"] == "Your password was changed"
    browser.get(link, status=410)
    browser.post(link, {"password": "another good password"}, status=410)


def test_a_reset_tells_the_address_alone_that_there_is_no_account(site: Site) -> None:
    make_person(email=ADA)
    pages = set()
    for email in (ADA, "nobody@school.example"):
        browser = site.visitor()
        pages.add(said(browser.follow(browser.post("/account/reset", {"email": email}))).replace(email, "*"))
    assert len(pages) == 1
    message = last_to(site, "nobody@school.example")
    assert message["Subject"] == "You have no account with us"
    assert "There is no account with it" in text_of(message)


def test_a_reset_link_runs_out_in_an_hour_and_when_another_is_used(site: Site) -> None:
    make_person(email=ADA)
    for _ in range(2):
        site.visitor().post("/account/reset", {"email": ADA})
    first, second = (link_in(message, "reset") for message in site.mail())
    with time_machine.travel(now() + timedelta(minutes=61)):
        site.visitor().get(first, status=410)
    site.visitor().post(first, {"password": NEW_PASSWORD})
    page = site.visitor().get(second, status=410)
    assert page.select("//main//a[@href='/account/reset']")


def test_the_database_knows_no_token(site: Site) -> None:
    register(site)
    token = link_in(last_to(site, ADA), "confirm").rpartition("/")[2]
    kept = db.session.scalars(select(EmailedLink.token_digest)).one()
    assert kept != token
    assert not db.session.scalars(select(Letter.text)).one(), "a mail that has gone is not kept"


# Settings


def test_settings_change_how_a_person_is_shown(site: Site) -> None:
    browser = site.browser(make_person(email=ADA))
    page = browser.get("/account/settings")
    assert page.select("//input[@name='name']/@value") == ["Ada Obi"]
    assert page.select("//input[@name='disclosure'][@checked]/@value") == ["named"]
    fields = {
        "name": "Ada O’Bi",
        "position": "governor",
        "phase": "",
        "school": "Moor Lane School",
        "disclosure": "role-only",
    }
    page = browser.follow(browser.post("/account/settings", fields))
    assert "Your settings are saved" in page.words
    ada = person()
    assert ada.byline() == "Ada O’Bi, governor, Moor Lane School"
    assert (ada.phase, ada.disclosure) == (None, "role-only")
    page = browser.post("/account/settings", fields | {"name": "", "disclosure": "loud"}, status=422)
    assert "Enter your name" in page.words
    assert "Select what a new post begins with" in page.words
    assert page.select("//header//a[starts-with(@href, '/people/')]/text()") == ["Ada O’Bi"]
    assert person().name == "Ada O’Bi"


def test_settings_are_for_people_with_an_account(site: Site) -> None:
    for url in ("/account/settings", "/account/settings/email", "/account/settings/password"):
        page = site.visitor().get(url, status=401)
        assert "no-store" in page.headers["Cache-Control"]
        site.visitor().post(url, {"name": "Ada"}, status=401)
        assert "no-store" in site.browser(make_person()).get(url).headers["Cache-Control"]


def test_a_new_password_ends_every_other_session_and_keeps_this_one(site: Site) -> None:
    ada = make_person(email=ADA)
    here, elsewhere, remembered = site.visitor(), site.browser(ada), site.visitor()
    sign_in(here, remember="y")
    sign_in(remembered, remember="y")
    fields = {"current_password": "not the password", "password": NEW_PASSWORD}
    page = here.post("/account/settings/password", fields, status=422)
    assert "That is not your current password" in page.words
    page = here.post("/account/settings/password", fields | {"password": ADA}, status=422)
    assert "must not be your name or your email address" in page.words
    answer = here.post("/account/settings/password", fields | {"current_password": PASSWORD})
    assert "signed out everywhere else" in here.follow(answer).words
    assert [signed_in_as(browser) for browser in (here, elsewhere, remembered)] == ["Ada Obi", "", ""]
    here.client.delete_cookie("session")
    assert signed_in_as(here) == "Ada Obi", "this browser is still remembered"
    sign_in(site.visitor(), status=422)
    sign_in(site.visitor(), password=NEW_PASSWORD)
    assert last_to(site, ADA)["Subject"] == "Your password was changed"


def test_an_address_is_changed_by_the_new_one_and_told_to_the_old(site: Site) -> None:
    ada = make_person(email=ADA)
    browser = site.browser(ada)
    fields = {"email": "ada@new.example", "password": PASSWORD}
    page = browser.post("/account/settings/email", fields | {"password": "not the password"}, status=422)
    assert "That is not your password" in page.words
    assert not site.mail()
    browser.post("/account/settings/email", fields | {"email": ADA.upper()}, status=422)
    page = browser.follow(browser.post("/account/settings/email", fields))
    assert "ada@new.example" in page.words
    assert last_to(site, ADA)["Subject"] == "Your email address is about to change"
    assert person("ada@new.example") is None
    link = link_in(last_to(site, "ada@new.example"), "settings/email")
    browser.post("/account/reset", {"email": ADA})
    reset = link_in(last_to(site, ADA), "reset")
    browser.get(link)
    assert person("ada@new.example") is None, "a scanner that opens the link changes nothing"
    page = browser.follow(browser.post(link))
    assert "Your email address is changed" in page.words
    assert person("ada@new.example").id == ada.id
    assert person() is None
    assert signed_in_as(browser) == "Ada Obi"
    assert last_to(site, ADA)["Subject"] == "Your email address was changed"
    site.visitor().get(reset, status=410)
    assert "Your email address is changed" in site.visitor().get(link).words
    sign_in(site.visitor(), email="ada@new.example")


def test_an_address_that_belongs_to_another_is_not_given_away(site: Site) -> None:
    ada, ben = make_person(email=ADA), make_person("Ben Lee", email="ben@school.example")
    browser = site.browser(ada)
    pages = set()
    for email in ("ben@school.example", "new@school.example"):
        page = browser.follow(browser.post("/account/settings/email", {"email": email, "password": PASSWORD}))
        pages.add(said(page).replace(email, "*"))
    assert len(pages) == 1
    message = last_to(site, "ben@school.example")
    assert message["Subject"] == "This address has an account"
    assert "/settings/email/" not in text_of(message)

    link = link_in(last_to(site, "new@school.example"), "settings/email")
    register(site, email="new@school.example")
    page = browser.post(link, status=409)
    assert "belongs to another account" in page.words
    assert person().id == ada.id
    assert person("ben@school.example").id == ben.id


def test_a_link_to_change_the_address_dies_with_the_password_and_in_a_day(site: Site) -> None:
    ada = make_person(email=ADA)
    browser = site.browser(ada)
    browser.post("/account/settings/email", {"email": "ada@new.example", "password": PASSWORD})
    link = link_in(last_to(site, "ada@new.example"), "settings/email")
    with time_machine.travel(now() + timedelta(hours=25)):
        site.visitor().get(link, status=410)
    browser.post("/account/settings/password", {"current_password": PASSWORD, "password": NEW_PASSWORD})
    site.visitor().get(link, status=410)


def test_a_mistyped_address_is_put_right_and_confirmed_at_once(site: Site) -> None:
    ada = make_person(email="wrong@school.example", confirmed=False)
    browser = site.browser(ada)
    browser.post("/account/settings/email", {"email": ADA, "password": PASSWORD})
    browser.post(link_in(last_to(site, ADA), "settings/email"))
    assert person().is_confirmed
    assert {message["To"] for message in site.mail()} == {ADA}, "a stranger's address is told nothing"


def test_an_older_link_does_not_confirm_a_newer_address(site: Site) -> None:
    register(site)
    old = link_in(last_to(site, ADA), "confirm")
    ada = person()
    token = EmailedLink.make(ada, Purpose.CHANGE, "ada@new.example")
    site.commit()
    site.visitor().post(f"/account/settings/email/{token}")
    assert "Your email address is confirmed" in site.visitor().get(old).words
    assert person("ada@new.example").id == ada.id


# Limits


def test_tries_for_one_account_are_limited_and_other_accounts_are_not(site: Site) -> None:
    make_person(email=ADA)
    make_person("Ben Lee", email="ben@school.example")
    for number in range(10):
        spelling = ADA.upper() if number % 2 else "ada@ｓchool.example"
        sign_in(site.visitor(), email=spelling, password="not the password", status=422)
    page = sign_in(site.visitor(), status=429)
    assert 0 < int(page.headers["Retry-After"]) <= 901
    assert "Too many tries" in page.words
    assert sign_in(site.visitor(), email="ben@school.example").location == "/"
    assert site.visitor().get("/account/sign-in").status == 200
    assert db.session.scalar(select(func.count()).select_from(Tally)), "refused requests have counted"
    with time_machine.travel(now() + timedelta(minutes=15, seconds=1)):
        sign_in(site.visitor())


def test_tries_from_one_network_address_are_limited_and_other_addresses_are_not(site: Site) -> None:
    make_person(email=ADA)
    for number in range(50):
        sign_in(site.visitor(), email=f"person{number}@school.example", password="", status=422)
    sign_in(site.visitor(), status=429)
    browser = site.visitor()
    fields = {"email": ADA, "password": PASSWORD}
    browser.post("/account/sign-in", fields, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})


@pytest.mark.parametrize("url", ["/account/reset", "/account/confirm", "/account/register"])
def test_mail_to_one_address_is_limited(site: Site, url: str) -> None:
    for _ in range(5):
        site.visitor().post(url, FIELDS)
    page = site.visitor().post(url, FIELDS, status=429)
    assert 0 < int(page.headers["Retry-After"]) <= 3601
    assert len(site.mail()) == 5
    site.visitor().post(url, FIELDS | {"email": "other@school.example"})


@pytest.mark.parametrize(
    ("url", "tries"), [("/account/reset", 20), ("/account/confirm", 20), ("/account/register", 40)]
)
def test_mail_from_one_network_address_is_limited(site: Site, url: str, tries: int) -> None:
    for number in range(tries):
        site.visitor().post(url, {"email": f"person{number}"}, status=422)
    site.visitor().post(url, FIELDS, status=429)


def test_asking_again_while_signed_in_is_limited_for_each_person(site: Site) -> None:
    ada, ben = make_person(confirmed=False), make_person(confirmed=False)
    for _ in range(5):
        site.browser(ada).post("/account/confirm")
    site.browser(ada).post("/account/confirm", status=429)
    site.browser(ben).post("/account/confirm")


def test_guessing_the_password_from_inside_is_limited(site: Site) -> None:
    browser = site.browser(make_person())
    for url in ("/account/settings/password", "/account/settings/email"):
        for _ in range(10):
            browser.post(url, {"current_password": "x", "password": "y"}, status=422)
        browser.post(url, {"current_password": PASSWORD, "password": NEW_PASSWORD}, status=429)


# Pages


@one_database
def test_the_pages_help_browsers_to_fill_them_in(site: Site) -> None:
    fills = {
        "/account/register": {
            "name": "name",
            "email": "email",
            "password": "new-password",
            "school": "organization",
        },
        "/account/sign-in": {"email": "email", "password": "current-password"},
        "/account/reset": {"email": "email"},
        "/account/confirm": {"email": "email"},
        "/account/settings/email": {"email": "email", "password": "current-password"},
        "/account/settings/password": {"current_password": "current-password", "password": "new-password"},
    }
    for url, names in fills.items():
        browser = site.browser(make_person()) if "settings" in url else site.visitor()
        page = browser.get(url)
        for name, fill in names.items():
            assert page.select(f"//main//input[@name='{name}']/@autocomplete") == [fill]
        assert "no-store" in page.headers["Cache-Control"]
        assert not page.select("//main//input[@maxlength]"), "a browser would cut what is pasted"


def test_mail_is_plain_short_and_whole(site: Site) -> None:
    make_person(email=ADA)
    browser = site.visitor()
    for url, email in (
        ("register", ADA),
        ("register", "b@school.example"),
        ("reset", ADA),
        ("reset", "c@school.example"),
        ("confirm", ADA),
    ):
        browser.post(f"/account/{url}", FIELDS | {"email": email})
    ada = site.browser(person())
    for email in ("d@school.example", "b@school.example"):
        ada.post("/account/settings/email", {"email": email, "password": PASSWORD})
    ada.post(link_in(last_to(site, "d@school.example"), "settings/email"))
    messages = site.mail()
    assert len({message["Subject"] for message in messages}) >= 8
    for message in messages:
        assert message.get_content_type() == "text/plain"
        assert message["From"] == "no-reply@conversation.example"
        assert len(message["Subject"]) <= 45
        text = text_of(message)
        assert "team@conversation.example" in text
        assert "personalised learning" in text
        assert "https://conversation.example.org" in text
        assert not re.search(r"{[{%]|None|Undefined|&#|localhost", text)
