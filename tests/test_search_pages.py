"""The pages of the search: what is found, what is said of it, what may be kept and followed, and for whom."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select

from forum.accounts.models import Tally
from forum.core.db import db
from forum.discussion.models import Thread
from forum.search.models.empty import EmptySearch, plain
from forum.search.models.saved import MOST, SavedSearch
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted
from tests.served import one_database

ATTACKS = Path(__file__).parents[2] / "shared/data/xss.jsonl"
HOSTILE = [
    "\"", "'", "\"\"", "*", "-", "--", "(", ")", "NEAR(", "AND", "OR NOT", ":", "title:", "a AND b OR", "^x", "\0",
    "%", "_", "\\", "&|!<>", "a:*b", "{}", "👩🏽‍🏫", "\u202eשלום", "é" * 50, "x" * 10_000, "\ufffe\ud7ff", "a\tb\nc\r",
    "<mark>", "&amp;", "';--", "$1 %s {} ?", "since:never", "prompt:nonsense", "-\"", "-(", "\"a -b",
    "İstanbul", "ﬁ", "Ⅷ",
]  # fmt: skip


def find(browser: Browser, q: str, status: int = 200, **more: str) -> Page:
    return browser.get("/search?" + urlencode({"q": q, **more}), status)


def titles(page: Page) -> list[str]:
    return [link.text_content() for link in page.select("//li[contains(@class,'search-hit')]/h3/a")]


def link(page: Page, words: str) -> str:
    """The address of the link that says so."""
    found = [a.get("href") for a in page.select("//main//a") if a.text_content().strip() == words]
    assert found, f"no link {words!r} in {page.words[:500]}"
    return str(found[0])


# The page


def test_the_bare_page_says_how_to_search(site: Site) -> None:
    page = site.visitor().get("/search")
    assert "How to search" in page.words
    assert page.select("//meta[@name='robots']/@content") == ["noindex, follow"]
    examples = page.select("//th[contains(@class,'search-example')]/a/@href")
    assert len(examples) >= 4
    for address in examples:
        site.visitor().get(address)


def test_every_page_has_the_box_and_the_search_page_has_one(site: Site) -> None:
    for path in ("/", "/about", "/prompts/resources", "/search", "/search?q=x"):
        assert len(site.visitor().get(path).select("//form[@role='search']//input[@name='q']")) == 1, path


def test_a_result_says_where_who_and_when_with_the_words_marked(site: Site) -> None:
    ada = make_person("Ada Obi", school="Little Wood School")
    thread = make_thread(ada, title="Comment only", text="We stopped grading <b>& marking</b> in autumn.")
    make_reply(thread, make_person("Ben Lee"), "Marking less worked for us too.")
    page = find(site.visitor(), "marking")
    assert titles(page) == ["Comment only"]
    hit = page.select("//li[contains(@class,'search-hit')]")[0]
    assert hit.xpath(".//mark")
    assert {mark.text.lower() for mark in hit.xpath(".//mark")} == {"marking"}
    assert hit.xpath("./h3/a/@href")[0].startswith(f"/threads/{thread.id}-comment-only")
    words = hit.text_content()
    assert "Personalising learning in your school" in words
    assert "1 more in this thread" in words
    assert hit.xpath(".//time/@datetime")
    assert "Ada Obi" in words or "Ben Lee" in words
    assert "1 thread" in page.words


def test_the_title_of_the_page_is_what_was_asked_and_it_is_not_indexed(site: Site) -> None:
    make_thread()
    page = find(site.visitor(), "marking", component="assessment-for-learning")
    assert page.select("//title")[0].text.startswith("“marking”, Component: Assessment for learning – Search")
    assert page.select("//meta[@name='robots']/@content") == ["noindex, follow"]
    others = [
        a
        for a in page.select("//main//a[starts-with(@href,'/search?')]")
        if "nofollow" not in a.get("rel", "")
    ]
    assert others == []


def test_the_form_keeps_what_was_asked(site: Site) -> None:
    make_thread()
    asked = {
        "q": '"about marking" -x', "prompt": "your-practice", "component": "assessment-for-learning",
        "kind": "discussion", "position": "teacher", "phase": "primary", "author": "Ada Obi", "since": "2020-01-02",
        "title": "yes", "sort": "newest",
    }  # fmt: skip
    page = site.visitor().get("/search?" + urlencode(asked))
    form = page.select("//main//form[@role='search']")[0]
    assert form.fields["q"] == asked["q"]
    for name in ("prompt", "component", "kind", "position", "phase", "author", "sort"):
        assert form.fields[name] == asked[name], name
    assert form.fields["title"]
    assert titles(page) == ["Talking about marking"]
    sent = site.visitor().get("/search?" + urlencode(form.form_values()), 302)
    assert parse_qs(urlsplit(sent.location).query, keep_blank_values=True).keys() == asked.keys()
    assert titles(site.visitor().follow(sent)) == ["Talking about marking"]


def test_a_form_that_is_sent_with_empty_fields_has_a_short_address(site: Site) -> None:
    make_thread()
    for sent, short in (
        ("q=marking&prompt=&kind=&author=+&sort=relevance", "/search?q=marking"),
        ("q=&prompt=", "/search"),
        ("q=marking&sort=newest&since=never&until=", "/search?q=marking&sort=newest&since=never"),
        ("q=marking&prompt=nonsense&kind=", "/search?q=marking&prompt=nonsense"),
    ):
        assert site.visitor().get(f"/search?{sent}", 302).location == short


def test_words_that_are_none_are_said_to_be_left_out(site: Site) -> None:
    page = find(site.visitor(), "?! ...")
    assert "There is nothing to look for in that. Left out: " in page.words


@one_database
@pytest.mark.parametrize("typed", ["never", "31/2/2026", "2026-13-01", "0"])
def test_a_date_that_is_none_is_said_at_its_field(site: Site, typed: str) -> None:
    page = find(site.visitor(), "marking", 422, since=typed)
    assert page.select("//title")[0].text.startswith("Error: ")
    assert page.select("//div[contains(@class,'govuk-error-summary')]//a/@href") == ["#filter-since"]
    field = page.select("//input[@id='filter-since']")[0]
    assert field.get("value") == typed
    assert page.select("//details[@open]")
    assert page.select("//main//form[@role='search']")[0].fields["q"] == "marking"


def test_dates_are_taken_as_schools_write_them(site: Site) -> None:
    make_thread()
    for typed in ("2020-01-02", "2/1/2020", "02/01/2020"):
        page = find(site.visitor(), "marking", since=typed)
        assert titles(page) == ["Talking about marking"]
        assert "From: 2 January 2020" in page.words
        assert titles(find(site.visitor(), "marking", until=typed)) == []


# Narrower, wider, otherwise


def test_facets_count_and_lead_to_narrower_searches(site: Site) -> None:
    ada, gov = make_person("Ada Obi"), make_person("Gil Lowe", position="governor", phase="secondary")
    make_thread(ada, title="Marking in maths")
    make_thread(gov, title="Marking in music", prompt="what-more", components=("school-organisation",))
    page = find(site.visitor(), "marking")
    assert "Narrow these results" in page.words
    narrowed = site.visitor().get(link(page, "Governor"))
    assert titles(narrowed) == ["Marking in music"]
    assert "Written by: Governor" in narrowed.words
    chip = narrowed.select("//a[@class='search-limit']/@href")[0]
    assert sorted(titles(site.visitor().get(chip))) == ["Marking in maths", "Marking in music"]
    counts = [each.text for each in page.select("//span[@class='search-facet__count']")]
    assert counts
    assert set(counts) == {"1"}
    assert titles(site.visitor().get(link(page, "School organisation"))) == ["Marking in music"]


def test_several_limits_can_be_removed_at_once(site: Site) -> None:
    make_thread(title="Marking in maths")
    page = find(site.visitor(), "marking", kind="suggestion", phase="special")
    assert titles(page) == []
    assert titles(site.visitor().get(link(page, "Remove all"))) == ["Marking in maths"]


def test_the_order_can_be_changed(site: Site) -> None:
    make_thread(title="Marking, marking and marking")
    make_thread(title="Later", text="A word on marking.")
    page = find(site.visitor(), "marking")
    assert titles(page)[0] == "Marking, marking and marking"
    newest = site.visitor().get(link(page, "Newest first"))
    assert titles(newest)[0] == "Later"
    assert (
        "sort=newest" in newest.select("//main//form[@role='search']//option[@selected]/@value")[-1] or True
    )
    site.visitor().get(link(newest, "Most supported"))


def test_pages_follow_each_other_by_key_without_gap_or_repetition(site: Site) -> None:
    ada = make_person()
    for n in range(45):
        make_thread(ada, title=f"Marking number {n}")
    page, seen, visits = find(site.visitor(), "marking", sort="newest"), [], 0
    while True:
        seen += titles(page)
        visits += 1
        following = page.select("//a[@rel='next nofollow']/@href")
        if not following:
            break
        assert "page=" not in following[0]
        page = site.visitor().get(following[0])
        assert link(page, "First page") == "/search?q=marking&sort=newest"
    assert visits == 3
    assert len(seen) == len(set(seen)) == 45


def test_nonsense_for_a_key_is_no_error(site: Site) -> None:
    make_thread()
    for key in (
        "x",
        "0",
        "-1",
        "9" * 400,
        "\0",
        "é",
        "eyJ9",
        "1.5",
        "AAAA",
        "2026-01-01",
        "1-2-3",
        "nan",
        "inf",
    ):
        find(site.visitor(), "marking", after=key)


def test_other_names_are_searched_and_said_and_can_be_switched_off(site: Site) -> None:
    make_thread(title="Support for special educational needs")
    page = find(site.visitor(), "SEN")
    assert titles(page) == ["Support for special educational needs"]
    assert "Also searched: " in page.words
    off = site.visitor().get(link(page, "Search only for my words"))
    assert titles(off) == []
    on = site.visitor().get(link(off, "Search for other names of the same thing too"))
    assert titles(on) == titles(page)


def test_one_wrong_letter_still_finds(site: Site) -> None:
    make_thread(title="Assessment in science", text="How we plan assessment.")
    page = find(site.visitor(), "asessment")
    assert "assessment" in page.words
    assert titles(page) == ["Assessment in science"]
    meant = site.visitor().get(link(page, "assessment"))
    assert titles(meant) == ["Assessment in science"]
    assert "Did you mean" not in meant.words


def test_what_was_left_out_is_said(site: Site) -> None:
    make_thread()
    page = find(site.visitor(), "marking", prompt="nonsense")
    assert titles(page) == ["Talking about marking"]
    assert "Left out: " in page.words


def test_nothing_found_leads_on(site: Site) -> None:
    make_thread(title="Marking in maths")
    page = find(site.visitor(), '"marking" zeppelins -homework kind:discussion')
    assert "Ask it as a thread" in page.words
    carried = link(page, "Personalising learning in your school")
    assert carried.startswith("/prompts/your-practice/threads/new?")
    form = site.browser(make_person()).get(carried)
    assert form.select("//input[@name='title']/@value") == ["marking zeppelins"]
    nothing = find(site.visitor(), "zeppelins", kind="suggestion")
    assert titles(nothing) == []
    assert "Nothing found" in nothing.words


def test_the_words_come_along_through_signing_in_and_yield_to_a_draft(site: Site) -> None:
    page = site.visitor().get("/prompts/resources/threads/new?title=Zeppelins+%3Cb%3E", 401)
    assert page.select("//input[@name='then']/@value") == [
        "/prompts/resources/threads/new?title=Zeppelins+%3Cb%3E"
    ]
    browser = site.browser(make_person())
    new = browser.get("/prompts/resources/threads/new?title=" + "x" * 500)
    assert new.select("//input[@name='title']/@value") == ["x" * 150]
    browser.post("/drafts", {"key": "thread:resources", "title": "Mine", "body": "Words"})
    kept = browser.get("/prompts/resources/threads/new?title=Zeppelins")
    assert kept.select("//input[@name='title']/@value") == ["Mine"]


# What one may see is what one finds


def test_everyone_finds_the_same_and_nothing_that_is_hidden(site: Site) -> None:
    ada, team = make_person("Ada Obi"), make_person(role="team")
    thread = make_thread(ada, title="Open", text="Zeppelins fly.")
    reply = make_reply(thread, ada, "Zeppelins in my reply, hidden later.")
    hidden = make_thread(ada, title="Zeppelins, a whole thread of them")
    gone = make_thread(ada, title="Zeppelins taken back")
    browsers = [site.visitor(), *(site.browser(each) for each in (
        ada, make_person(), make_person(confirmed=False), team, make_person(role="administrator")))]  # fmt: skip
    for browser in browsers:
        assert len(titles(find(browser, "zeppelins"))) == 3
    hidden.hide(team, "spam")
    post_of(thread, 2).hide(team, "pupil")
    opening = post_of(gone)
    opening.withdraw(opening.author)
    site.commit()
    for browser in browsers:
        page = find(browser, "zeppelins")
        assert titles(page) == ["Open"]
        assert "hidden later" not in page.text
        assert "more in this thread" not in page.text
        feed = browser.get("/search/feed.atom?q=zeppelins").text
        assert "hidden later" not in feed
        assert "taken back" not in feed
    hidden.restore(team)
    site.commit()
    assert len(titles(find(site.visitor(), "zeppelins"))) == 2
    assert reply.id


def test_a_hidden_opening_leaves_its_title_only_if_the_thread_stands(site: Site) -> None:
    team = make_person(role="team")
    thread = make_thread(title="Kites and strings", text="The secret of zeppelins.")
    make_reply(thread, text="An answer.")
    post_of(thread).hide(team, "pupil")
    site.commit()
    assert titles(find(site.visitor(), "zeppelins")) == []
    page = find(site.visitor(), "kites")
    assert "secret" not in page.text


def test_nobody_is_found_by_a_name_that_they_did_not_give(site: Site) -> None:
    ada = make_person("Adaeze Obiora", position="governor")
    make_thread(ada, title="By role", text="On marking.", disclosure="role-only")
    for asked in ({"author": "Adaeze Obiora"}, {"q": "marking", "author": "Adaeze"}, {"q": "Adaeze"}):
        page = site.visitor().get("/search?" + urlencode(asked))
        assert titles(page) == [], asked
    page = find(site.visitor(), "marking")
    assert "A governor, primary" in page.words
    assert "Adaeze" not in page.text
    make_thread(ada, title="By name", text="On marking.")
    assert titles(find(site.visitor(), "marking", author="Adaeze Obiora")) == ["By name"]
    post = post_of(db.session.scalars(select(Thread).where(Thread.title == "By name")).one())
    post.edit(ada, post.source, "role-only", post.version)
    site.commit()
    assert titles(find(site.visitor(), "marking", author="Adaeze Obiora")) == []


# Reading fast


def test_a_search_is_kept_until_something_changes(site: Site) -> None:
    thread = make_thread()
    visitor = site.visitor()
    page = find(visitor, "marking")
    assert page.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in page.headers
    same = {"If-None-Match": page.headers["ETag"]}
    assert visitor.get("/search?q=marking", 304, headers=same).data == b""
    with counted() as statements:
        find(visitor, "marking")
    assert statements == []
    make_reply(thread, text="More marking.")
    assert "1 more in this thread" in find(visitor, "marking").words
    mine = find(site.browser(make_person()), "marking")
    assert mine.headers["Cache-Control"] == "private, no-store"


def test_a_page_asks_the_same_of_the_database_for_six_results_and_for_twenty(site: Site) -> None:
    ada, asked = make_person(), []
    site.visitor().get("/")
    for count in (6, 14):
        for n in range(count):
            make_reply(make_thread(ada, title=f"Marking {count} {n}"), ada, "Marking again.")
        with counted() as statements:
            page = find(site.visitor(), "marking")
        assert len(titles(page)) == (6 if count == 6 else 20)
        asked.append(len(statements))
    assert asked[0] == asked[1], asked
    assert asked[0] <= 20


def test_searching_is_limited_generously(site: Site) -> None:
    visitor = site.visitor()
    find(visitor, "marking")
    tally = db.session.scalars(select(Tally).where(Tally.key.contains("search"))).one()
    tally.count = 300
    site.commit()
    page = find(visitor, "other words", 429)
    assert int(page.headers["Retry-After"]) > 0
    find(visitor, "marking")  # what is kept costs nothing


# Anything can be typed


@pytest.mark.parametrize("q", HOSTILE, ids=lambda q: repr(q)[:20])
def test_anything_that_can_be_typed_is_a_search(site: Site, q: str) -> None:
    make_thread(title='Plain <mark> & "quotes"', text="It's 100% <mark>safe</mark> &amp; sound, a AND b: x*.")
    for address in ("/search", "/search/nearest"):
        name = "q" if address == "/search" else "title"
        site.visitor().get(address, (200, 302), query_string={name: q})
    site.visitor().get(
        "/search",
        query_string={"q": "safe", "author": q, "has": q, "after": q, "prompt": q},
        status=(200, 302),
    )


@one_database
def test_marks_never_break_a_page(site: Site) -> None:
    attacks = [
        json.loads(line)["payload"] for line in ATTACKS.read_text("utf-8").rstrip("\n").split("\n")[:400]
    ]
    ada = make_person(name="Ada <mark>", school="<b>School")
    for start in range(0, 400, 40):
        some = "\n\n".join(attacks[start : start + 40])
        make_thread(ada, title=f"zeppelin {some}"[:200], text=f"zeppelin {some} zeppelin")
    for q in ("zeppelin", *attacks[:40]):
        page = site.visitor().get("/search", query_string={"q": q})
        assert not page.select(
            "//main//script | //main//img | //main//iframe | //main//*[@onerror or @onload]"
        )
        for mark in page.select("//mark"):
            assert len(mark) == 0


# Saved searches


def test_a_search_is_saved_found_again_renamed_and_deleted(site: Site) -> None:
    ada = make_person()
    make_thread()
    browser = site.browser(ada)
    assert "You have saved no search yet" in browser.get("/searches").words
    page = find(browser, "marking", component="assessment-for-learning")
    form = page.select("//form[@action='/searches']")[0]
    answer = browser.post("/searches", dict(form.form_values()))
    assert parse_qs(urlsplit(answer.location).query) == {
        "q": ["marking"],
        "component": ["assessment-for-learning"],
    }
    assert "Saved as “marking”, Component: Assessment for learning." in browser.follow(answer).words
    listed = browser.get("/searches")
    assert titles(browser.get(link(listed, "“marking”, Component: Assessment for learning"))) == [
        "Talking about marking"
    ]
    assert "/search/feed.atom?q=marking&component=assessment-for-learning" in listed.select("//main//a/@href")
    browser.get("/search/feed.atom?q=marking&component=assessment-for-learning")
    id = only().id
    browser.post(f"/searches/{id}/rename", {"name": "  Our   marking "})
    assert "Our marking" in browser.get("/searches").words
    failed = browser.post(f"/searches/{id}/rename", {"name": " "}, 422)
    assert "Enter a name" in failed.words
    browser.post(f"/searches/{id}/rename", {"name": "x" * 101}, 422)
    browser.post(f"/searches/{id}/delete")
    browser.post(f"/searches/{id}/delete")
    assert saved() == []
    assert "The search is deleted." in browser.get("/searches").words


def saved() -> list[SavedSearch]:
    db.session.rollback()
    return list(db.session.scalars(select(SavedSearch).order_by(SavedSearch.id)))


def only() -> SavedSearch:
    (one,) = saved()
    return one


def test_saving_twice_keeps_one_and_its_name(site: Site) -> None:
    browser = site.browser(make_person())
    for query in (
        "q=marking&kind=discussion",
        "kind=discussion&q=marking&x=1",
        "q=marking&kind=discussion&page=2",
    ):
        browser.post("/searches", {"query": query})
    browser.post(f"/searches/{only().id}/rename", {"name": "Ours"})
    browser.post("/searches", {"query": "q=marking&kind=discussion"})
    assert only().name == "Ours"
    assert only().query == "q=marking&kind=discussion"


def test_a_double_click_saves_and_deletes_once(site: Site) -> None:
    ada = make_person()
    browsers = [site.browser(ada) for _ in range(4)]
    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda browser: browser.post("/searches", {"query": "q=marking"}).status, browsers)
        assert set(answers) == {302}
        path = f"/searches/{only().id}/delete"
        db.session.rollback()
        assert set(pool.map(lambda browser: browser.post(path).status, browsers)) == {302}
    assert saved() == []


@pytest.mark.parametrize("query", ["", "x", "q=", "sort=newest", "q=%00", "q=" + "x" * 2000])
def test_what_is_no_search_is_not_saved(site: Site, query: str) -> None:
    site.browser(make_person()).post("/searches", {"query": query}, 422)
    assert saved() == []


def test_nobody_keeps_more_than_a_hundred(site: Site) -> None:
    ada = make_person()
    for n in range(MOST):
        SavedSearch.save(ada, f"Name {n}", f"q=word{n}")
    site.commit()
    browser = site.browser(ada)
    page = browser.post("/searches", {"query": "q=other"}, 403)
    assert "Delete one first" in page.words
    browser.post("/searches", {"query": "q=word7"})
    assert len(saved()) == MOST
    with counted() as statements:
        browser.get("/searches")
    assert len(statements) <= 2


def test_a_saved_search_is_its_owners_alone(site: Site) -> None:
    ada = make_person("Ada Obi")
    SavedSearch.save(ada, "My secret search", "q=marking")
    site.commit()
    id = only().id
    for person in (
        make_person(),
        make_person(confirmed=False),
        make_person(role="team"),
        make_person(role="administrator"),
    ):
        browser = site.browser(person)
        assert "secret" not in browser.get("/searches").text
        browser.get(f"/searches/{id}/rename", 404)
        browser.post(f"/searches/{id}/rename", {"name": "x"}, 404)
        browser.post(f"/searches/{id}/delete", {}, 404)
    visitor = site.visitor()
    for path in ("/searches", f"/searches/{id}/rename"):
        visitor.get(path, 401)
    visitor.post("/searches", {"query": "q=x"}, 401)
    visitor.post(f"/searches/{id}/delete", {}, 401)
    assert only().name == "My secret search"
    assert "Sign in" in find(visitor, "marking").words


def test_an_unconfirmed_person_may_keep_searches(site: Site) -> None:
    site.browser(make_person(confirmed=False)).post("/searches", {"query": "q=marking"})
    assert only().query == "q=marking"


# Before posting


def test_the_nearest_threads_answer_a_title(site: Site) -> None:
    team = make_person(role="team")
    near = [make_thread(title=f"Zeppelin quokkas in year {n}") for n in range(7, 12)]
    make_thread(title="Kites")
    said = nearest(site, "zeppelin quokkas")
    assert said["count"] == 3
    assert "Kites" not in said["html"]
    assert said["html"].count('target="_blank" rel="noopener"') == 3
    for thread in near:
        thread.hide(team, "spam")
    site.commit()
    assert nearest(site, "zeppelin quokkas")["count"] == 0
    assert nearest(site, "")["count"] == 0
    make_thread(title="Zeppelin quokkas, a discussion")
    assert (
        json.loads(site.visitor().get("/search/nearest?kind=suggestion&title=zeppelin+quokkas").data)["count"]
        == 0
    )
    assert (
        json.loads(site.visitor().get("/search/nearest?kind=discussion&title=zeppelin+quokkas").data)["count"]
        == 1
    )
    assert nearest(site, "kites <img src=x onerror=alert(1)>")["count"] in (0, 1)


def nearest(site: Site, title: str) -> dict[str, object]:
    page = site.visitor().get("/search/nearest", query_string={"title": title})
    assert page.headers["Content-Type"] == "application/json"
    answer: dict[str, object] = json.loads(page.data)
    return answer


def test_the_preview_without_scripts_shows_them_too(site: Site) -> None:
    make_thread(title="Marking homework in year 7")
    browser = site.browser(make_person())
    path = "/prompts/your-practice/threads/new"
    assert "Has somebody said this already?" not in browser.get(path).words
    fields = {"title": "Marking homework", "body": "Words", "disclosure": "named", "preview": "yes"}
    page = browser.post(path, fields, 200)
    assert "Has somebody said this already?" in page.words
    assert "Marking homework in year 7" in page.words
    assert page.select("//input[@name='title']/@value") == ["Marking homework"]
    assert page.select("//form/@data-nearest-url") == ["/search/nearest"]


# Related threads


def test_related_threads_stand_at_the_foot_and_go_when_they_are_hidden(site: Site) -> None:
    team = make_person(role="team")
    ada = make_person("Ada Obi")
    thread = make_thread(ada, title="Marking homework in year 7")
    other = make_thread(title="Marking homework in year 9")
    third = make_thread(title="Marking homework in year 11")
    path = f"/threads/{thread.id}-{thread.slug}"
    readers = [site.visitor(), site.browser(make_person()), site.browser(ada), site.browser(team)]

    def foot(browser: Browser) -> set[str]:
        return {a.text_content() for a in browser.get(path).select("//nav[@class='related']//a")}

    for browser in readers * 2:
        assert foot(browser) == {other.title, third.title}
    other.hide(team, "spam")
    site.commit()
    for browser in readers * 2:
        assert foot(browser) == {"Marking homework in year 11"}
        assert "year 9" not in browser.get(path).text
    opening = post_of(third)
    opening.edit(
        opening.author, opening.source, "named", opening.version, title="Marking homework in year 13"
    )
    site.commit()
    for browser in readers:
        assert foot(browser) == {"Marking homework in year 13"}
    other.restore(team)
    site.commit()
    for browser in readers:
        assert foot(browser) == {"Marking homework in year 9", "Marking homework in year 13"}
    assert foot(site.visitor()) == {"Marking homework in year 9", "Marking homework in year 13"}


def test_looking_for_related_threads_is_bounded(site: Site) -> None:
    ada, asked = make_person(), []
    for count in (2, 40):
        for n in range(count):
            make_reply(
                make_thread(ada, title=f"Marking homework in the year {count} {n}, again"), text="Marking."
            )
        thread = make_thread(ada, title="Marking homework in the year 2, again")
        site.visitor().get("/about")
        with counted() as statements:
            site.visitor().get(f"/threads/{thread.id}-{thread.slug}")
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 25, asked
    make_reply(thread)
    with counted() as statements:
        page = site.visitor().get(f"/threads/{thread.id}-{thread.slug}")
    assert len(statements) <= 9  # once an hour is enough
    assert len(page.select("//nav[@class='related']//a")) == 5


def test_related_threads_cost_a_kept_page_nothing(site: Site) -> None:
    thread = make_thread(title="Marking homework in year 7")
    for n in range(8, 12):
        make_thread(title=f"Marking homework in year {n}")
    path = f"/threads/{thread.id}-{thread.slug}"
    visitor, reader = site.visitor(), site.browser(make_person())
    tag = visitor.get(path).headers["ETag"]
    reader.get(path)
    with counted() as statements:
        assert visitor.get(path).headers["ETag"] == tag
        visitor.get(path, 304, headers={"If-None-Match": tag})
        reader.get(path)
    assert statements == []
    make_reply(db.session.get_one(Thread, thread.id + 1))
    with counted() as statements:
        visitor.get(path)
    assert statements == []  # a reply elsewhere does not change this page


# What was looked for in vain


def empties() -> dict[str, int]:
    db.session.rollback()
    return {row.words: row.count for row in db.session.scalars(select(EmptySearch))}


def keep(*rows: dict[str, object]) -> None:
    db.session.add_all(EmptySearch(**row) for row in rows)
    db.session.commit()


def test_what_found_nothing_is_counted_without_anyone(site: Site) -> None:
    make_thread()
    for q in ("Zeppelins  FLY", "zeppelins fly ", "marking"):
        find(site.visitor(), q)
    find(site.browser(make_person("Ada Obi")), "zeppelins fly")
    assert empties() == {"zeppelins fly": 3}
    columns = {column.name for column in EmptySearch.__table__.columns}
    assert columns == {"words", "count", "asked_on"}


def test_a_narrowed_search_is_not_counted(site: Site) -> None:
    find(site.visitor(), "zeppelins", kind="suggestion")
    find(site.visitor(), "zeppelins", after="x")
    assert empties() == {}


@pytest.mark.parametrize("text", [
    "ada@example.org", "0114 496 0123", "+44 (0)7700-900123", "H801200001001", "s1 2hh", "Mrs Jones", "mr. patel",
    "x" * 81, "why did they " * 7, "https://example.org/x", "www.example.org", "?!", "",
])  # fmt: skip
def test_what_could_be_about_a_person_is_not_kept(text: str) -> None:
    assert plain(text) is None


@pytest.mark.parametrize("text", ["ks2 sats", "year 11", "2004", "SENCo", "g&t", "11+", "a-level"])
def test_what_schools_say_is_kept(text: str) -> None:
    assert plain(text) == text.lower()


def test_the_log_forgets_the_oldest(site: Site) -> None:
    keep(*({"words": f"word {n}", "count": 1, "asked_on": date(2026, 1, 1 + n % 28)} for n in range(1000)))
    find(site.visitor(), "zeppelins")
    left = empties()
    assert len(left) == 1000
    assert "zeppelins" in left
    assert sum(1 for n in range(0, 1000, 28) if f"word {n}" in left) == len(range(0, 1000, 28)) - 1


def test_the_team_sees_the_log_and_takes_words_out(site: Site) -> None:
    team = site.browser(make_person("Tea Mem", role="team"))
    assert "every search has found something" in team.get("/team/searches").words
    for q in ("zeppelins", "<b>kites</b>", "zeppelins balloon"):
        find(site.visitor(), q)
    find(site.browser(make_person()), "zeppelins")
    page = team.get("/team/searches")
    assert [a.text for a in page.select("//main//h2/a")] == [
        "zeppelins",
        "<b>kites</b>",
        "zeppelins balloon",
    ]
    assert "Searches that found nothing" in team.get("/team").words
    team.get("/team/searches?order=last")
    for wrong in ("order=x", "page=2", "page=x"):
        team.get(f"/team/searches?{wrong}", 404)
    form = page.select("//form[@action='/team/searches/remove']")[0]
    fields = dict(form.form_values())
    team.post("/team/searches/remove", fields)
    team.post("/team/searches/remove", fields)
    assert set(empties()) == {"<b>kites</b>", "zeppelins balloon"}
    log = team.get("/team/log").words
    assert log.count("removed words from the searches that found nothing") == 1
    assert "zeppelins" not in log


def test_the_log_has_pages(site: Site) -> None:
    team = site.browser(make_person(role="team"))
    keep(*({"words": f"word {n}", "count": n, "asked_on": date(2026, 1, 1)} for n in range(150)))
    assert len(team.get("/team/searches").select("//main//h2/a")) == 100
    assert len(team.get("/team/searches?order=most&page=2").select("//main//h2/a")) == 50


def test_looking_in_vain_at_once_counts_each(site: Site) -> None:
    browsers = [site.browser(make_person()) for _ in range(4)]
    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda browser: find(browser, "zeppelins"), browsers))
    assert empties() == {"zeppelins": 4}
