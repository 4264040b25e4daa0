"""Before it is public: what says who somebody is, what the team watches for, and what becomes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.core import identifying
from forum.core.db import db
from forum.core.folding import folded, places
from forum.core.identifying import find
from forum.discussion.models import Post, Thread
from forum.discussion.models.drafts import Draft
from forum.discussion.models.gate import Act
from forum.moderation.models import Item, Watched
from forum.moderation.models.judging import judged, share_of
from forum.moderation.models.watched import in_force
from forum.moderation.models.watching import BadTerm, Terms, Watch, checked
from forum.resources.models import Resource
from tests.browser import Browser, Page, Site
from tests.factories import make_person, make_reply, make_study, make_suggestion, make_thread, post_of
from tests.test_case_studies_writing import begin, fields_of, fill

EXAMPLES = Path(__file__).with_name("identifying.toml")
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "discussion.jsonl"
NAMED = "Last week Jamie Smith in Year 4 read to us."
SAID = "Jamie Smith in Year 4"
TEAM, PUBLISH = {"go_on": "team"}, {"go_on": "publish"}


@dataclass
class World:
    """One site for the whole story: a participant, a team member, an administrator and a thread."""

    site: Site
    thread: int
    ada: Browser
    tess: Browser
    root: Browser
    people: dict[str, User]

    @property
    def url(self) -> str:
        return f"/threads/{self.thread}"


@pytest.fixture
def world(site: Site) -> World:
    people = {
        "ada": make_person("Ada Obi", email="ada@example.org"),
        "tess": make_person("Tess Okafor", role="team"),
        "root": make_person("Rita Root", role="administrator"),
    }
    thread = make_thread(title="Marking in pairs", text="How do you mark?")
    browsers = {name: site.browser(person) for name, person in people.items()}
    return World(site, thread.id, people=people, **browsers)


def waiting() -> list[Item]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(Item.waiting()))


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def make_list(by: Browser, status: int = 302, use: bool = True, **fields: str) -> Page:
    """A list of watched terms, made and put to use as the team does."""
    said = {"name": "Spam", "kind": "words", "terms": "cheap pills", "act": "hold", "note": "Sell elsewhere."}
    made = by.post("/team/watched/new", {**said, **fields}, status=status)
    if status == 302 and use:
        since = by.get(made.location).select("//input[@name='since']/@value")[0]
        by.post(f"{made.location}/use", {"since": since})
    return made


# The detector


@pytest.mark.parametrize(
    ("text", "kind", "marked"),
    [
        ("We saw Ja\u200bmie Smith in Ye\u00adar 4 read.", "pupil", "Ja\u200bmie Smith in Ye\u00adar 4"),
        ("\ufeffＪａｍｉｅ Ｓｍｉｔｈ in Year ４ read.", "pupil", "Ｊａｍｉｅ Ｓｍｉｔｈ in Year ４"),
        ("𝐉𝐚𝐦𝐢𝐞 Smith\u200b\u3000in Year 4\u200b read.", "pupil", "𝐉𝐚𝐦𝐢𝐞 Smith\u200b\u3000in Year 4"),
        ("Zoe\u0308 Smith in Year 4 read.", "pupil", "Zoe\u0308 Smith in Year 4"),
        ("Write to j\u200bane.doe＠example．org now.", "email", "j\u200bane.doe＠example．org"),
        ("Call 0\u200d7700 ９00\u2060123 now.", "phone", "0\u200d7700 ９00\u2060123"),
    ],
)
def test_what_does_not_show_hides_nobody(text: str, kind: str, marked: str) -> None:
    """Characters without a width and letters in another dress; what is marked is what was typed."""
    (found,) = find(text)
    assert (found.kind, text[found.start : found.end]) == (kind, marked)


def test_the_detector_is_as_good_as_the_guide_says() -> None:
    """At least 300 invented examples; the figures of docs/moderating.md are these or worse."""
    developed, kept = judged(EXAMPLES)
    assert developed.examples + kept.examples >= 300
    assert developed.whole.precision >= 0.97 and developed.whole.recall >= 0.97, developed.faults
    assert kept.whole.precision >= 0.93 and kept.whole.recall >= 0.93
    assert {*developed.scores} == {*kept.scores} == {*identifying.KINDS}


def test_it_holds_no_more_than_two_in_a_hundred_of_real_posts() -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here: real posts are never copied into the project")
    with REAL.open(encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    share = share_of(f"{post.get('subject') or ''}\n\n{post.get('body') or ''}" for post in posts[::6])
    assert share.posts == 500
    assert share.percent <= 2


HARD = (
    "A ", "Jamie Smith, is in of to a my ", "0 ", "0", "x@", "A.B", "1/1/", "Jamie-", "in Year ", "born on ",
    "Jamie Smith in Year 4 ", "a@b.c.d.e.f.g.h.i ", "Jamie Smith and he pupil ", "+44",
    "Jamie, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, ",
)  # fmt: skip


@pytest.mark.parametrize("hard", HARD)
def test_the_detector_is_linear_in_any_text(hard: str) -> None:
    """Four times the text takes about four times as long, and 100 KB a moment. The time is this process's own."""

    def cost(size: int) -> float:
        text = (hard * (size // len(hard) + 1))[:size]
        began = time.process_time()
        identifying.find(text)
        return time.process_time() - began

    quarter, whole = cost(25_000), cost(100_000)
    assert whole < 2
    assert whole < max(10 * quarter, 0.5)


# The composer


def test_a_named_pupil_comes_back_whole_and_can_be_changed(world: World) -> None:
    key = {"submission": "first-try", "disclosure": "role-only"}
    page = world.ada.post(f"{world.url}/posts", {"body": NAMED, **key}, status=422)
    assert page.select("//title")[0].text.startswith("Error: ")
    assert [mark.text for mark in page.select("//mark")] == [SAID]
    assert "A name with a class, a year or an age tells anyone who the child is." in page.words
    assert "Leave the name out: “a pupil in Year 4”" in page.words
    assert page.select("//textarea[@name='body']")[0].text.strip() == NAMED
    assert page.select("//input[@name='disclosure'][@value='role-only'][@checked]")
    assert page.select("//input[@name='submission']/@value")[0] == "first-try"
    assert page.select("//div[contains(@class, 'error-summary')]//a[@href='#body']")
    buttons = page.select("//form[contains(@action, '/posts')]//button/@name")
    assert buttons[-1] == "go_on", "Enter presses the first button, which must be the form's own"
    assert count(Item) == 0
    assert NAMED not in world.site.visitor().get(f"{world.url}-marking-in-pairs").text
    world.ada.post(f"{world.url}/posts", {"body": "A pupil in Year 4 read to us.", **key})
    assert "A pupil in Year 4 read to us." in world.site.visitor().get(f"{world.url}-marking-in-pairs").words
    assert waiting() == []


def test_going_on_sends_it_to_the_team_once_with_what_was_found(world: World) -> None:
    key = {"submission": "going-on", "body": NAMED}
    for _ in range(2):
        sent = world.ada.post(f"{world.url}/posts", {**key, **TEAM})
    assert "#waiting-" in sent.location
    (item,) = waiting()
    assert (item.why, item.reason) == ("held", "private")
    assert NAMED not in world.site.visitor().get(f"{world.url}-marking-in-pairs").text
    mine = world.ada.get(f"{world.url}-marking-in-pairs")
    assert NAMED in mine.words and "Waiting for the team" in mine.words
    seen = world.tess.get(f"/team/queue/{item.id}")
    assert "What was found in it" in seen.words
    assert [mark.text for mark in seen.select("//mark")] == [SAID]
    assert "It may say who someone is" in world.tess.get("/team/queue?reason=private").words
    world.tess.post(f"/team/queue/{item.id}/decide", {"act": "publish"})
    assert NAMED in world.site.visitor().get(f"{world.url}-marking-in-pairs").words
    post = post_of(db.session.get_one(Thread, world.thread), 2)
    fields = {"body": f"{NAMED} Twice.", "since": str(post.version), "disclosure": "named"}
    world.ada.post(f"/posts/{post.id}/edit", fields)
    assert waiting() == [], "what the team has let stand is not asked about again"
    assert "Twice." in world.site.visitor().get(f"{world.url}-marking-in-pairs").words
    fields = {**fields, "body": f"{NAMED} Ring 07700 900123.", "since": str(post.version)}
    page = world.ada.post(f"/posts/{post.id}/edit", fields, status=422)
    assert [mark.text for mark in page.select("//mark")] == ["07700 900123"]
    world.ada.post(f"/posts/{post.id}/edit", {**fields, **TEAM})
    assert [item.reason for item in waiting()] == ["private"]
    assert "07700" not in world.site.visitor().get(f"{world.url}-marking-in-pairs").text


def test_the_gate_holds_what_no_form_has_asked_about(world: World) -> None:
    """Whatever way words come in: the verbs themselves ask."""
    post = make_reply(db.session.get_one(Thread, world.thread), text=NAMED)
    assert post.is_held
    thread = make_thread(title=SAID, text="How she reads.")
    assert thread.publication == "held"
    assert [item.reason for item in waiting()] == ["private", "private"]
    world.site.visitor().get(f"/threads/{thread.id}", status=404)


def test_every_form_asks_and_loses_nothing(world: World) -> None:
    """A new thread, a suggestion, a review, a request and their edits: the same page, the same two ways on."""
    words = f"We do it too. {NAMED}"
    suggestion, resource = (
        make_suggestion(author=world.people["ada"]),
        db.session.scalars(select(Resource.slug).limit(1)).one(),
    )
    since = str(post_of(suggestion.thread, 1).version)
    suggested = {
        "body": words,
        "why": "It helps.",
        "helps": "All.",
        "title": "Ask once",
        "disclosure": "named",
    }
    missed = {"title": "A list", "for_whom": "Governors", "body": words, "disclosure": "named"}
    forms = {
        "/prompts/your-practice/threads/new": {"title": "Reading", "body": words, "disclosure": "named"},
        "/suggestions/new": suggested,
        f"/suggestions/{suggestion.thread_id}/edit": {**suggested, "since": since},
        f"/resources/{resource}/review": {"known": "heard", "body": words, "disclosure": "named"},
        "/resources/requests/new": missed,
    }
    for number, (url, fields) in enumerate(forms.items()):
        fields = {**fields, "submission": f"form-{number}"}
        page = world.ada.post(url, fields, status=422)
        assert [mark.text for mark in page.select("//mark")] == [SAID], url
        assert words in [area.text.strip() for area in page.select("//textarea")], url
        page = world.ada.post(url, {**fields, **PUBLISH}, status=422)
        assert page.select("//button[@name='go_on'][@value='team']"), "nothing is published past the team"
        answer = world.ada.post(url, {**fields, **TEAM}, status=(200, 302))
        if answer.status == 200:  # the suggestions that are nearest
            world.ada.post(url, {**fields, **TEAM, "seen": "yes"})
        assert SAID not in world.site.visitor().get("/feed.atom").text, url
    assert [item.reason for item in waiting()] == ["private"] * len(forms)


def test_nothing_is_lost_when_the_session_ends_meanwhile(world: World) -> None:
    page = world.ada.post(
        f"{world.url}/posts", {"body": NAMED, **TEAM, "csrf_token": "old"}, status=400, csrf=False
    )
    assert NAMED in page.select("//textarea")[0].text
    assert page.select("//input[@name='go_on'][@value='team']")
    signed_out = world.site.visitor().post(
        f"{world.url}/posts", {"body": NAMED, **TEAM}, status=(200, 401, 403)
    )
    assert NAMED in signed_out.text
    assert waiting() == []


def test_the_team_is_asked_and_may_go_on_by_itself(world: World) -> None:
    page = world.tess.post(f"{world.url}/posts", {"body": NAMED}, status=422)
    assert page.select("//button[@name='go_on'][@value='publish']")
    world.tess.post(f"{world.url}/posts", {"body": NAMED, **PUBLISH})
    assert NAMED in world.site.visitor().get(f"{world.url}-marking-in-pairs").words


def test_a_check_while_one_types_keeps_nothing(world: World) -> None:
    before = count(Draft), count(Item), count(Post)
    answer = json.loads(world.ada.post("/check", {"body": NAMED}, status=200).text)
    assert SAID in answer["html"] and "<mark" in answer["html"]
    assert json.loads(world.ada.post("/check", {"body": "All is well."}, status=200).text) == {"html": ""}
    hostile = json.loads(
        world.ada.post("/check", {"body": "<script> Jamie Smith in Year 4"}, status=200).text
    )
    assert "<script>" not in hostile["html"]
    assert (count(Draft), count(Item), count(Post)) == before


# What the team watches for


def test_a_list_is_tried_used_changed_and_stopped_on_the_record(world: World) -> None:
    make_reply(db.session.get_one(Thread, world.thread), text="Buy CHEAP\u200b pills now, and more.")
    made = make_list(world.tess, use=False)
    page = world.tess.get(made.location)
    assert "1 of the last 2 posts would have been caught" in page.words
    assert [mark.text for mark in page.select("//mark")] == ["CHEAP\u200b pills"]
    world.ada.post(f"{world.url}/posts", {"body": "Where are cheap pills?"})
    assert waiting() == [], "a list that is not used finds nothing"

    since = page.select("//input[@name='since']/@value")[0]
    world.tess.post(f"{made.location}/use", {"since": since})
    body = {"body": "Get ＣＨＥＡＰ ｐｉｌｌｓ here."}
    page = world.ada.post(f"{world.url}/posts", body, status=422)
    assert "Sell elsewhere." in page.words
    world.ada.post(f"{world.url}/posts", {**body, **TEAM})
    (item,) = waiting()
    assert item.reason == "words"
    assert "Sell elsewhere." in world.tess.get(f"/team/queue/{item.id}").words

    edit = f"{made.location}/edit"
    said = {
        "name": "Spam",
        "kind": "words",
        "terms": "cheap pills\nhow do you mark",
        "act": "nudge",
        "note": "Why?",
    }
    version = world.tess.get(edit).select("//input[@name='since']/@value")[0]
    tried = world.tess.post(edit, {**said, "since": version}, status=200)
    assert "would have been caught" in tried.words and "not saved yet" in tried.words
    stamp = tried.select("//input[@name='tried']/@value")[0]
    world.tess.post(edit, {**said, "since": version, "tried": stamp})
    stale = world.tess.post(edit, {**said, "since": version, "tried": stamp}, status=409)
    assert "A colleague has changed this list" in stale.words
    ask = {"body": "So, how do you mark?"}
    page = world.ada.post(f"{world.url}/posts", ask, status=422)
    assert page.select("//button[@name='go_on'][@value='publish']")
    world.ada.post(f"{world.url}/posts", {**ask, **PUBLISH})
    assert "So, how do you mark?" in world.site.visitor().get(f"{world.url}-marking-in-pairs").words

    world.tess.post(f"{made.location}/stop", {})
    world.ada.post(f"{world.url}/posts", {"body": "And how do you mark them?"})
    history = world.tess.get(made.location).words
    log = world.tess.get("/team/log").words
    for did in ("made a list", "put to use a list", "changed a list", "stopped using a list"):
        assert f"Tess Okafor {did}" in history and did in log


def test_what_is_refused_says_so_and_keeps_the_text(world: World) -> None:
    made = make_list(world.tess, use=False, kind="host", terms="https://www.pills.example/buy", act="refuse")
    assert "administrator" in world.tess.get(made.location).words
    world.tess.post(f"{made.location}/use", {"since": "1"}, status=403)
    since = world.root.get(made.location).select("//input[@name='since']/@value")[0]
    world.root.post(f"{made.location}/use", {"since": "77"}, status=409)
    world.root.post(f"{made.location}/use", {"since": since})
    world.tess.post(f"{made.location}/stop", {}, status=403)
    weaker = {"name": "Spam", "kind": "host", "terms": "pills.example", "act": "nudge", "note": "Never mind."}
    edit = world.tess.post(f"{made.location}/edit", {**weaker, "since": "2"}, status=200)
    stamp = edit.select("//input[@name='tried']/@value")[0]
    world.tess.post(f"{made.location}/edit", {**weaker, "since": "2", "tried": stamp}, status=403)
    for link in ("https://shop.pills.example/x", "[here](//pills&#46;example)", "www.PILLS.example."):
        for way in ({}, TEAM, PUBLISH):
            page = world.ada.post(f"{world.url}/posts", {"body": f"See {link}", **way}, status=422)
            assert page.select("//textarea[@name='body']")[0].text.strip() == f"See {link}"
            assert "it cannot be published" in page.words and "Sell elsewhere." in page.words
            assert not page.select("//button[@name='go_on']")
    world.ada.post(f"{world.url}/posts", {"body": "See https://notpills.example"})
    assert waiting() == []


def test_what_cannot_be_watched_for_is_said(world: World) -> None:
    for kind, terms, said in (
        ("pattern", "fine\n(", "is not a pattern that can be used"),
        ("pattern", "(a*)*", "would find nothing at all, everywhere"),
        ("pattern", "(?=x)", "is not a pattern that can be used"),
        ("pattern", "(x{1,90}y){9}", "too large a pattern"),
        ("host", "not a host", "is not the name of a host"),
        ("words", "...", "has no letter or digit"),
        ("words", "x" * 201, "200 characters or fewer"),
        ("pattern", "\n".join(f"a{n}" for n in range(501)), "at most 500 lines"),
    ):
        page = make_list(world.tess, status=422, kind=kind, terms=terms)
        assert said in page.words, terms
        assert page.select("//textarea[@name='terms']")[0].text.strip() == terms
    assert count(Watched) == 0


def test_the_list_is_made_ready_once_for_each_version(world: World) -> None:
    make_list(world.tess)
    db.session.rollback()
    first = in_force()[0]
    assert in_force()[0] is first
    make_list(world.tess, name="More", terms="dear pills")
    db.session.rollback()
    assert in_force()[0] is not first


# The matcher


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    yield Watch(
        [
            Terms(1, "words", ("Big Deal", "café", "c++"), Act.HOLD),
            Terms(
                2,
                "pattern",
                ("fr[e3]{2} money", "(x+x+)+yzz", "[0-9]{6}", "colou?r", "naïve(té)?"),
                Act.NUDGE,
            ),
            Terms(3, "host", ("evil.example",), Act.REFUSE),
        ]
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a BIG\u200b deal", ["BIG\u200b deal"]),
        ("big\n\n deal!", ["big\n\n deal"]),
        ("bigg deal, bigdeal", []),
        ("ＢＩＧ ｄｅａｌ", ["ＢＩＧ ｄｅａｌ"]),
        ("b\u00adig de\u2060al", ["b\u00adig de\u2060al"]),
        ("CAFE\u0301 or CAFÉ", ["CAFE"]),
        ("we use c++ here", ["c++"]),
        ("_fr33 money_", ["fr33 money"]),
        ("freefree money", []),
        ("id 123456, not 1234567", ["123456"]),
        ("Color and colours", ["Color"]),
        ("how NAIVE", ["NAIVE"]),
        ("see https://www.evil.example/x", ["www.evil.example"]),
        ("evil。example", ["evil。example"]),
        ("so...evil.example, or -evil.example.", ["evil.example"]),
        ("evil%2Eexample and evil\\.example", ["evil.example"]),
        ("http://notevil.example http://evil.example.com", []),
    ],
)
def test_terms_are_found_however_they_are_written(watch: Watch, text: str, found: list[str]) -> None:
    assert list(dict.fromkeys(hit.words for hit in watch.find(text))) == found


def test_folded_text_knows_where_it_stood() -> None:
    text = "Ａ  Straße\u200b ﬁx É"
    plain = folded(text)
    assert plain == "a strasse fix e"
    where = places(text)
    assert len(where) == len(plain) + 1
    assert text[where[plain.index("fix")]] == "ﬁ"


@pytest.mark.parametrize(
    "pattern", ["(x+x+)+y", "(?:a|aa)+$", "(?:[ab]*a[ab]{40})+c", "(.*)(.*)(.*)(.*)[0-9]z", "(\\w+\\s?)+!"]
)
def test_no_pattern_can_stall_a_request(pattern: str) -> None:
    try:
        checked("pattern", pattern)
    except BadTerm:
        return
    watch = Watch([Terms(1, "pattern", (pattern,), Act.HOLD)])
    began = time.process_time()
    for text in ("x" * 50_000, "ab" * 25_000, "a " * 25_000):
        watch.find(text)
    assert time.process_time() - began < 2


def test_a_case_study_and_a_report_on_one_ask_too(world: World) -> None:
    base = begin(world.ada, title="Reading aloud")
    fill(world.ada, base)
    hidden = fields_of(world.ada.get(f"{base}/did"))
    world.ada.post(f"{base}/did", {**hidden, "did": NAMED})
    fields = fields_of(world.ada.get(f"{base}/check"))
    page = world.ada.post(f"{base}/check", fields, status=422)
    (link,) = page.select("//div[contains(@class, 'error-summary')]//a[mark]/@href")
    assert link == f"{base}/did?then=check#did", "it is changed where it was asked for"
    assert world.ada.get(link.partition("#")[0]).select("//textarea[@id='did']")
    assert count(Item) == 0
    for _ in range(2):
        world.ada.post(f"{base}/check", {**fields, **TEAM})
    (item,) = waiting()
    assert item.reason == "private"
    assert SAID not in world.site.visitor().get("/case-studies").text

    tried = f"/case-studies/{make_study(title='Talk first').thread_id}/tried"
    report = {
        "phase": "primary",
        "outcome": "same",
        "saw": NAMED,
        "disclosure": "named",
        "submission": "report-1",
    }
    page = world.ada.post(tried, report, status=422)
    assert page.select("//textarea[@name='saw']")[0].text.strip() == NAMED
    world.ada.post(tried, {**report, **TEAM})
    assert len(waiting()) == 2
