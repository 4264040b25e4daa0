"""The library of case studies: what it counts is what there is, and every way out of it says the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select, text

from forum.accounts.models import User
from forum.case_studies.export import FORMULA, columns
from forum.case_studies.library import EXPORTED, PRINTED
from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models import shelf as shelves
from forum.case_studies.models.blocks import BLOCK, spelled
from forum.case_studies.models.facets import SORTS, Asked, facets
from forum.case_studies.models.library import study_rows
from forum.case_studies.models.shelf import shelf
from forum.core.db import db
from forum.core.freshness import versions
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue
from tests.bench.studies import write
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_study, make_thread, make_trial, post_of
from tests.feed_rules import ATOM, TOMBSTONES, check_atom, check_json_feed, check_rss, parse_xml
from tests.invented import answers, trial
from tests.queries import counted

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open

pytest_plugins = ["tests.chromium"]

HOME = "https://conversation.example.org"
CHECKS = {"atom": check_atom, "rss": check_rss, "json": check_json_feed}
ONLY = {"sqlite": "USING COVERING INDEX", "postgresql": "Index Scan using"}
HOSTILE = (
    '=HYPERLINK("http://evil.example","]]> <b>&amp;</b> \u202eשלום\u202c 👩🏽‍🏫 <script>alert(1)</script>")'
)


# What it counts


def test_every_way_out_of_a_view_says_what_one_would_count_by_hand(site: Site) -> None:
    """Its counts and its order for sixty views; and for some of them the page, the files and the feed as well."""
    chance = Random(2004)
    make_a_library(chance, 60)
    studies, visitor = by_hand(), site.visitor()
    assert 40 < len(studies) < 60  # some are hidden or withdrawn
    for number, asked in enumerate([Asked(), *(drawn(chance) for _ in range(60))]):
        left, counts = in_order(matching(studies, asked), asked.sort), counted_by_hand(studies, asked)
        wanted = [study["id"] for study in left]
        assert shelf().counts(asked.chosen) == counts, asked
        assert shelf().ids_of(asked) == wanted, asked
        if number % 6 == 0:
            the_page_the_files_and_the_feed_say(visitor, asked, wanted, counts)


def the_page_the_files_and_the_feed_say(
    visitor: Browser, asked: Asked, wanted: list[int], counts: dict[str, dict[str, int]]
) -> None:
    query = urlencode(asked.pairs())
    page = visitor.get(f"/case-studies?{query}")
    assert page.select("//h2[@id='studies']")[0].text_content().split()[0] == str(len(wanted))
    assert counts_shown(page) == {
        (name, value): count
        for name, each in counts.items()
        for value, count in each.items()
        if count or value in asked.chosen.get(name, ())
    }
    assert walked(visitor, page) == wanted
    rows = rows_of_csv(visitor.get(f"/case-studies.csv?{query}"))
    assert [row["id"] for row in rows] == list(map(str, wanted))
    document = json.loads(visitor.get(f"/case-studies.json?{query}").data)
    assert [row["id"] for row in document["studies"]] == wanted
    assert (document["count"], document["complete"]) == (len(wanted), True)
    assert sorted(in_feed(visitor, asked)) == sorted(wanted)


def test_what_is_hidden_or_withdrawn_is_nowhere_at_once(site: Site) -> None:
    team, ada = make_person(role="team"), make_person("Ada Obi")
    kept, study = make_study(title="This one stays"), make_study(author=ada, title="This one goes")
    make_reply(study.opening().thread)
    visitor, addresses = site.visitor(), ("/case-studies", "/case-studies.csv", "/case-studies.json")
    goes: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (lambda: study.opening().thread.hide(team, "spam"), lambda: study.opening().thread.restore(team)),
        (lambda: study.opening().hide(team, "spam"), lambda: study.opening().publish(team)),
        (lambda: study.opening().withdraw(ada), lambda: study.opening().bring_back(ada)),
    ]
    for hide, restore in goes:
        for address in addresses:
            assert "This one goes" in visitor.get(address).text  # and now the porch has it
        hide()
        site.commit()
        for address in addresses:
            words = visitor.get(address).text
            assert "This one goes" not in words
            assert "This one stays" in words
        assert "1 case study" in visitor.get("/case-studies").words
        assert shelf().count({"phase": (kept.phase,)}) == 1
        feed = parse_xml(visitor.get("/case-studies/feed.atom").data)
        assert len(feed.findall(f"{ATOM}entry")) == 1
        stone = feed.find(f"{TOMBSTONES}deleted-entry")
        assert stone.get("ref").endswith(f"thread/{study.thread_id}")
        restore()
        site.commit()
    assert "2 case studies" in visitor.get("/case-studies").words


def test_rows_are_selected_among_what_is_listed_whoever_asks_for_them(site: Site) -> None:
    study, other = make_study(title="This one goes"), make_study()
    study.opening().thread.hide(make_person(role="team"), "spam")
    site.commit()
    assert [row.id for row in study_rows([study.thread_id, other.thread_id])] == [other.thread_id]


def test_a_reply_elsewhere_leaves_the_sets_as_they_are(site: Site) -> None:
    make_study()
    other, before = make_thread(), shelf()
    make_reply(other)
    after = shelf()
    assert after.sets is before.sets
    assert after.version != before.version or after is before
    make_study()
    assert len(shelf().ids) == 2


def test_only_the_block_of_a_study_that_has_changed_is_read_again(site: Site) -> None:
    write(BLOCK + 50, brief=True)
    before, team = shelf(), make_person(role="team")
    assert len(before.blocks) == 2
    old = db.session.get_one(CaseStudy, min(before.ids))
    with raw_reads() as queries:
        old.opening().thread.hide(team, "spam")
        site.commit()
        after = shelf()
    assert sum("case_studies" in query for query in queries) == 1
    assert len(after.ids) == len(before.ids) - 1
    kept = before.blocks.keys() & after.blocks.keys()
    assert [after.blocks[mark] is before.blocks[mark] for mark in kept] == [True]
    counts, wanted = after.counts({}), counted_by_hand(by_hand(), Asked())
    assert counts.pop("tried") != wanted.pop("tried")  # rows without their trials
    assert counts == wanted


def test_trials_that_are_shown_make_a_study_tried(site: Site) -> None:
    study, ben = make_study(), make_person("Ben Lee")
    visitor = site.visitor()
    assert "Not tried by others yet" in visitor.get("/case-studies").words
    make_trial(study, ben, outcome="partly")
    assert "Tried by 1 other: 1 worked in part" in visitor.get("/case-studies?tried=yes").words
    post_of(study.opening().thread, 2).withdraw(ben)
    site.commit()
    assert "No case study has all of these" in visitor.get("/case-studies?tried=yes").words


def test_a_study_says_when_it_was_confirmed_and_is_marked_until_it_is_again(site: Site) -> None:
    ada = make_person("Ada Obi")
    study, visitor = make_study(author=ada), site.visitor()
    assert "Confirmed on" in visitor.get("/case-studies?renewal=no").words
    study.ask_to_renew()
    site.commit()
    assert "Needs to be confirmed again last confirmed on" in visitor.get("/case-studies?renewal=yes").words
    study.confirm(ada)
    site.commit()
    assert "Needs to be confirmed again last" not in visitor.get("/case-studies").words
    assert shelf().counts({})["renewal"] == {"no": 1, "yes": 0}


# Choosing


def test_several_values_may_be_chosen_and_each_taken_away(site: Site) -> None:
    for phase in ("primary", "primary", "special", "secondary"):
        make_study(phase=phase, region="london")
    page = site.visitor().get("/case-studies?phase=special&phase=primary&region=london&sort=title")
    assert "3 of 4 case studies" in page.words
    chosen = page.select("//ul[@aria-label='Chosen filters']//a")
    assert [link.text_content() for link in chosen] == [
        "Remove the filter Phase: Primary",
        "Remove the filter Phase: Special or alternative provision",
        "Remove the filter Region: London",
        "Clear all filters",
    ]
    assert chosen[0].get("href") == "/case-studies?phase=special&region=london&sort=title"
    assert chosen[3].get("href") == "/case-studies?sort=title"
    boxes = page.select("//input[@type='checkbox'][@checked]")
    assert [box.get("value") for box in boxes] == ["primary", "special", "london"]
    assert page.select("//link[@rel='canonical']/@href") == [
        f"{HOME}/case-studies?phase=primary&phase=special&region=london&sort=title"
    ]
    assert (
        page.select("//title")[0]
        .text_content()
        .startswith("Case studies: Primary, Special or alternative provision, London – ")
    )
    after = site.visitor().get(chosen[0].get("href"))
    assert "1 of 4 case studies" in after.words


def test_blank_choices_ask_nothing_and_unknown_ones_are_no_page(site: Site) -> None:
    make_study()
    visitor = site.visitor()
    assert "1 case study" in visitor.get("/case-studies?phase=&region=&sort=&page=").words
    for query in (
        "phase=none",
        "effect_mark=5",
        "component=7",
        "sort=best",
        "page=0",
        "page=2",
        "tried=maybe",
    ):
        visitor.get(f"/case-studies?{query}", 404)
    for path in (
        "/case-studies.csv",
        "/case-studies.json",
        "/case-studies/feed.atom",
        "/case-studies/feed.rss",
    ):
        visitor.get(f"{path}?region=atlantis", 404)


def test_pages_hold_twenty_and_paper_holds_them_all(site: Site) -> None:
    write(45)
    visitor = site.visitor()
    page = visitor.get("/case-studies?sort=title")
    assert len(ids_shown(page)) == 20
    assert len(walked(visitor, page)) == 45
    paper = visitor.get("/case-studies?sort=title&print=1")
    assert ids_shown(paper) == walked(visitor, page)
    assert f"{HOME}/case-studies?sort=title" in paper.words
    assert "These are the first" not in paper.words
    visitor.get("/case-studies?print=1&page=2", 404)


def test_an_empty_library_invites(site: Site) -> None:
    page = site.visitor().get("/case-studies")
    assert "No case studies yet. Be the first to share one." in page.words
    assert "/case-studies/new" in page.select("//main//a/@href")
    assert not page.select("//input[@type='checkbox']")


def test_a_byline_is_shown_as_its_author_chose(site: Site) -> None:
    ada = make_person("Ada Obi", school="Larkfield School")
    make_study(author=ada, disclosure="role-only", school="")
    for address in ("/case-studies", "/case-studies?print=1", "/case-studies.csv", "/case-studies.json"):
        words = site.visitor().get(address).text
        assert "A teacher, primary" in words
        assert "Obi" not in words
        assert "Larkfield" not in words
        assert f"/people/{ada.id}" not in words


def test_the_team_s_mark_stands_beside_the_author_s(site: Site) -> None:
    team, study = make_person(role="team"), make_study(effect_mark=4, cost_mark=1, evidence_mark=2)
    marks = {"effect": 2, "cost": 1, "evidence": 1}
    study.mark(team, {f"{n}_{w}": v for n, m in marks.items() for w, v in (("mark", m), ("reason", "So."))})
    site.commit()
    page = site.visitor().get("/case-studies?effect_mark=4")  # a filter is by the author's own
    assert "Great improvementThe team: No clear difference" in page.words
    assert "Very littleThe team says the same" in page.words
    row = rows_of_csv(site.visitor().get("/case-studies.csv"))[0]
    assert (row["effect_mark"], row["team_effect_mark"]) == ("Great improvement", "No clear difference")


# To take away


def test_no_cell_of_the_sheet_is_a_formula(site: Site) -> None:
    make_study(title=HOSTILE[:190], school="+44 School")
    for sign in FORMULA:
        make_study(title=f"{sign}1+1", school=f"{sign}cmd|' /C calc'!A0")
    page = site.visitor().get("/case-studies.csv")
    rows = rows_of_csv(page)
    assert len(rows) == len(FORMULA) + 1
    for row in rows:
        for value in row.values():
            assert not value.startswith(FORMULA)
    assert {row["title"] for row in rows} >= {"'=1+1", "'-1+1", "'@1+1"}
    assert b"'+44 School" in page.data


def test_the_sheet_opens_in_a_spreadsheet_and_says_what_may_be_done(site: Site) -> None:
    make_study(title="Café, “quoted”", licence="cc-by-4.0", quote="yes", contact="no", region="")
    page = site.visitor().get("/case-studies.csv")
    assert page.data.startswith(b"\xef\xbb\xbfid,url,title,byline")
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.headers["Content-Disposition"] == 'attachment; filename="case-studies.csv"'
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    row = rows_of_csv(page)[0]
    assert list(row) == columns()
    assert row["title"] == "Café, “quoted”"
    assert row["url"].startswith(f"{HOME}/threads/")
    assert row["region"] == ""
    assert (row["quote"], row["contact"]) == ("Yes", "No")
    assert row["licence"] == "Yes, under Creative Commons Attribution 4.0 (CC BY 4.0)"
    assert row["licence_text"] == "https://creativecommons.org/licenses/by/4.0/"
    document = json.loads(site.visitor().get("/case-studies.json").data)
    assert list(document["studies"][0]) == columns()
    assert document["studies"][0]["components"] == ["Assessment for learning"]


def test_a_file_holds_five_thousand_and_says_so(site: Site) -> None:
    write(EXPORTED + 3, brief=True)
    visitor = site.visitor()
    page = visitor.get("/case-studies.csv?sort=confirmed")
    assert len(rows_of_csv(page)) == EXPORTED
    assert "case-studies-first-5000-of-5003.csv" in page.headers["Content-Disposition"]
    document = json.loads(visitor.get("/case-studies.json").data)
    assert (document["count"], document["complete"], len(document["studies"])) == (
        EXPORTED + 3,
        False,
        EXPORTED,
    )
    words = visitor.get("/case-studies").words
    assert "The files hold the first 5,000 of 5,003: filter to reach the others." in words
    assert f"The page to print holds the first {PRINTED}." in words
    assert f"These are the first {PRINTED}." in visitor.get("/case-studies?print=1").words


# Feeds


@pytest.mark.parametrize("format", CHECKS)
def test_the_feed_of_a_view_is_valid_whatever_is_in_it(site: Site, format: str) -> None:
    visitor = site.visitor()
    for query in ("", "?phase=primary&tried=yes&component=school-organisation"):
        CHECKS[format](visitor.get(f"/case-studies/feed.{format}{query}").data)
    make_study(title=HOSTILE[:190], did=HOSTILE * 20, aims="]]>\x01\x0b", phase="primary")
    CHECKS[format](visitor.get(f"/case-studies/feed.{format}?phase=primary").data)


def test_a_page_says_which_feed_has_the_same_filters(site: Site) -> None:
    make_study(phase="primary", region="london")
    make_study(phase="special", region="london")
    visitor = site.visitor()
    page = visitor.get("/case-studies?region=london&phase=primary&sort=title")
    links = page.select("//head/link[@rel='alternate']/@href")
    assert [urlsplit(link).path for link in links] == [f"/case-studies/feed.{format}" for format in CHECKS]
    for link in links:
        assert urlsplit(link).query == "phase=primary&region=london"
        assert link in page.select("//main//a/@href")
        CHECKS[urlsplit(link).path.rpartition(".")[2]](visitor.get(link).data)
    feed = parse_xml(visitor.get(links[0]).data)
    assert feed.findtext(f"{ATOM}title") == "New case studies: Primary, London"
    assert len(feed.findall(f"{ATOM}entry")) == 1
    other = parse_xml(visitor.get("/case-studies/feed.atom").data)
    assert feed.findtext(f"{ATOM}id") != other.findtext(f"{ATOM}id")
    relations = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert relations["self"] == f"{HOME}/case-studies/feed.atom?phase=primary&region=london"
    assert relations["alternate"].endswith("?phase=primary&region=london")


def test_the_whole_of_a_view_is_in_the_archives_of_its_feed(site: Site) -> None:
    write(260, brief=True)
    db.session.execute(text("UPDATE posts SET published_at = '2024-01-01', updated_at = '2024-01-01'"))
    db.session.execute(text("UPDATE threads SET created_at = '2024-01-01'"))
    site.commit()
    asked = Asked({"tried": ("yes",)})
    assert sorted(in_feed(site.visitor(), asked)) == sorted(shelf().ids_of(asked))


# How fast, and how fresh


def test_a_hundred_studies_take_no_more_queries_than_one(site: Site) -> None:
    visitor, taken = site.visitor(), []
    for more in (1, 99):
        write(more)
        shelf()
        for path in ("?", "?print=1&", ".csv?", ".json?", "/feed.atom?"):
            with counted() as statements:
                visitor.get(f"/case-studies{path}n={more}")
            taken.append(len(statements))
    assert taken[:5] == taken[5:]
    assert taken[0] == 1


def test_the_whole_library_is_read_along_one_narrow_index(site: Site) -> None:
    write(300, brief=True)
    with raw_reads() as queries:
        shelves.init_app(site.app)
        for sort in SORTS:
            shelf().ids_of(Asked(sort=sort))
    ours = [query for query in queries if "case_studies" in query or "threads" in query]
    read = "\n".join(plan(query.replace("{}", "0", 1).replace("{}", "2047", 1)) for query in ours)
    if db.engine.dialect.name == "postgresql":  # of so few it may take them by their own ids
        read = read.replace("pk_case_studies", "ix_case_studies_facets")
    of_studies, of_threads = ("facets", "tried", "latest"), ("studies", "studies_title")
    for name in (
        *(f"case_studies_{each}" for each in of_studies),
        *(f"threads_{each}" for each in of_threads),
    ):
        assert f"{ONLY[db.engine.dialect.name]} ix_{name}" in read, read
    where = Asked({"phase": ("primary", "special"), "region": ("london",)}).conditions()
    newest = select(CaseStudy.thread_id).where(CaseStudy.listed, *where).order_by(CaseStudy.thread_id.desc())
    assert "ix_case_studies_facets" in plan(spelled(newest.limit(50)))


def test_a_page_is_kept_until_something_changes(site: Site) -> None:
    make_study()
    first = site.visitor().get("/case-studies?phase=primary")
    assert first.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in first.headers
    with counted() as statements:
        again = site.visitor().get("/case-studies?phase=primary")
    assert not statements
    assert again.data == first.data
    known = {"If-None-Match": first.headers["ETag"]}
    site.visitor().get("/case-studies?phase=primary", 304, headers=known)
    make_study()
    assert site.visitor().get("/case-studies?phase=primary", headers=known).data != first.data


def test_many_exports_at_once_are_asked_to_wait(site: Site) -> None:
    make_study()
    visitor = site.visitor()
    for number in range(30):
        visitor.get(f"/case-studies.csv?n={number}")
    assert visitor.get("/case-studies.csv?n=31", 429).headers["Retry-After"]
    visitor.get("/case-studies.csv?n=1")  # what is kept costs nothing


def test_the_site_leads_to_the_library(site: Site) -> None:
    make_study()
    visitor = site.visitor()
    for path in ("/", "/prompts/your-practice", "/feeds"):
        assert "/case-studies" in visitor.get(path).select("//main//a/@href"), path
    for path in ("/", "/prompts/your-practice"):
        assert "/case-studies/new" in visitor.get(path).select("//main//a/@href"), path
    assert "/case-studies" not in visitor.get("/prompts/resources").select("//main//a/@href")
    current = visitor.get("/case-studies").select("//nav//a[@aria-current='page']")
    assert [link.get("href") for link in current] == ["/case-studies"]
    assert "<loc>https://conversation.example.org/case-studies</loc>" in visitor.get("/sitemap-0.xml").text


# In a browser


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_choosing_in_a_browser(live: LiveSite, opened: Open, javascript: bool) -> None:
    with live.work():
        make_study(title=f"Talking in pairs {javascript}", phase="special", region="london")
        make_study(title=f"Reading aloud {javascript}", phase="middle", region="north-east")
    window = opened(javascript=javascript, width=320)
    page = window.go("/case-studies")
    assert not page.get_by_role("checkbox").first.is_visible()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Special or alternative provision").check()
    page.locator("summary", has_text="Region").click()
    page.get_by_label("London").check()
    window.press("Apply filters")
    assert "Talking in pairs" in window.words
    assert "Reading aloud" not in window.words
    page.get_by_role("link", name="Remove the filter Region: London").click()
    page.wait_for_url("**/case-studies?phase=special")
    page.get_by_role("link", name="Clear all filters").click()
    page.wait_for_url("**/case-studies")
    assert "Reading aloud" in window.words
    window.check()


# A library, and the same counted without any of the library's own code


def make_a_library(chance: Random, studies: int) -> None:
    """So many studies by a few people, some tried, some hidden, withdrawn or waiting to be confirmed."""
    team = make_person("Tea Mem", role="team")
    people = [make_person(f"Person {n}", position="teacher", phase="primary") for n in range(6)]
    for number in range(studies):
        author = chance.choice(people)
        title = f"{chance.choice(('Talk', 'Marking', 'Music', 'a walk'))} {number:03}"
        study = CaseStudy.publish(author, answers(chance, title))
        for person in chance.sample(people, chance.choice((0, 0, 0, 1, 3))):
            if person is not author:
                Trial.report(study, person, trial(chance))
        _becomes(chance, study, author, team)
        if number % 20 == 0:
            db.session.commit()
    db.session.commit()


def _becomes(chance: Random, study: CaseStudy, author: User, team: User) -> None:
    fate = chance.random()
    if fate < 0.08:
        study.opening().thread.hide(team, "spam")
    elif fate < 0.14:
        study.opening().hide(team, "spam")
    elif fate < 0.2:
        study.opening().withdraw(author)
    elif fate < 0.4:
        study.ask_to_renew()
        if fate < 0.27:
            study.confirm(author)


def by_hand() -> list[dict[str, Any]]:
    """Every study that anyone may read, with the values of its facets and of its orders."""
    carried = {row.id: row.slug for row in catalogue().components}
    found = []
    query = (
        select(CaseStudy, Thread, Post)
        .join(Thread, Thread.id == CaseStudy.thread_id)
        .join(Post, (Post.thread_id == Thread.id) & (Post.number == 1))
    )
    for study, thread, post in db.session.execute(query):
        if not (is_shown(thread) and is_shown(post)):
            continue
        theirs = select(Post).join(Trial, Trial.post_id == Post.id).where(Trial.thread_id == thread.id)
        times = sum(is_shown(each) for each in db.session.scalars(theirs))
        found.append(
            {
                "id": thread.id,
                "slug": thread.slug,
                "component": {slug for id, slug in carried.items() if study.component_bits >> id & 1},
                **{
                    name: {str(getattr(study, name))}
                    for name in ("phase", "region", "school_type", "cost_band")
                },
                **{
                    f"{name}_mark": {str(getattr(study, f"{name}_mark"))}
                    for name in ("effect", "cost", "evidence")
                },
                "tried": {"yes" if times else "no"},
                "renewal": {"yes" if study.renewal_asked_at else "no"},
                "times": times,
                "confirmed_at": study.confirmed_at,
            }
        )
    return found


def is_shown(thing: Thread | Post) -> bool:
    return (thing.publication, thing.moderation) == ("published", "clear")


def matching(studies: list[dict[str, Any]], asked: Asked, but: str = "") -> list[dict[str, Any]]:
    return [
        study
        for study in studies
        if all(study[name] & set(values) for name, values in asked.chosen.items() if name != but)
    ]


def counted_by_hand(studies: list[dict[str, Any]], asked: Asked) -> dict[str, dict[str, int]]:
    return {
        facet.name: {
            value: sum(value in study[facet.name] for study in matching(studies, asked, but=facet.name))
            for value in facet.choices
        }
        for facet in facets()
    }


def in_order(studies: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    if sort == "title":
        return sorted(studies, key=lambda study: (study["slug"], study["id"]))
    first = {"tried": "times", "confirmed": "confirmed_at", "newest": "id"}[sort]
    return sorted(studies, key=lambda study: (study[first], study["id"]), reverse=True)


def drawn(chance: Random) -> Asked:
    chosen = {}
    for facet in facets():
        if chance.random() < 0.25:
            values = chance.sample(list(facet.choices), chance.randint(1, min(3, len(facet.choices))))
            chosen[facet.name] = tuple(value for value in facet.choices if value in values)
    return Asked(chosen, chance.choice(list(SORTS)))


# What a reader sees


def ids_shown(page: Page) -> list[int]:
    links = page.select("//ul[contains(@class, 'study-list')]//h3/a/@href")
    return [int(link.removeprefix("/threads/").partition("-")[0]) for link in links]


def walked(visitor: Browser, page: Page) -> list[int]:
    """What is listed on this page and all after it."""
    found = ids_shown(page)
    while onwards := page.select("//a[@rel='next']/@href"):
        page = visitor.get(onwards[0])
        found += ids_shown(page)
    return found


def counts_shown(page: Page) -> dict[tuple[str, str], int]:
    found = {}
    for box in page.select("//form[@id='filters']//input[@type='checkbox']"):
        label = page.select(f"//label[@for='{box.get('id')}']//span[@class='facet__count']")[0]
        words = label.text_content().strip(": ").split()
        found[box.get("name"), box.get("value")] = int(words[0].replace(",", ""))
    return found


@contextmanager
def raw_reads() -> Iterator[list[str]]:
    """The queries that go past SQLAlchemy inside the block."""
    reader: Any = versions()
    row, queries = reader.row, []

    def noted(query: str, values: tuple[int | str, ...]) -> Any:
        queries.append(query)
        return row(query, values)

    reader.row = noted
    try:
        yield queries
    finally:
        del reader.row


def plan(query: str) -> str:
    """How the database would answer. With so few rows PostgreSQL takes the index only if nothing else is left."""
    if db.engine.dialect.name == "sqlite":
        return "\n".join(row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    for way in ("seqscan", "bitmapscan", "sort"):
        db.session.execute(text(f"SET LOCAL enable_{way} = off"))
    rows = db.session.execute(text(f"EXPLAIN {query}"))
    return "\n".join(row[0] for row in rows).replace(" Only", "").replace(" Backward", "")


def rows_of_csv(page: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.data.decode("utf-8-sig"), newline="")))


def in_feed(visitor: Browser, asked: Asked) -> list[int]:
    """The threads in the feed of a view and in the archives that it leads back to."""
    found, address = [], f"/case-studies/feed.atom?{asked.query}"
    while address:
        document = visitor.get(address).data
        check_atom(document)
        feed = parse_xml(document)
        found += [int(id.text.rpartition("/")[2]) for id in feed.findall(f"{ATOM}entry/{ATOM}id")]
        earlier = feed.find(f"{ATOM}link[@rel='prev-archive']")
        address = "" if earlier is None else earlier.get("href").removeprefix(HOME)
    return found
