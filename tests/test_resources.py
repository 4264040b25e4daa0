"""Resources: what the team says of them, what people say, and what changed because of it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.core.assets import BUILD, read_manifest
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.discussion.models import Post, Prompt, Revision, Thread
from forum.resources.models import Answers, Figures, Resource, ResourceChange, Review, ReviewCount
from forum.resources.models.lists import open_talks
from forum.resources.models.resources import RESERVED
from forum.seed.load import HERE, BadFile, load_conversation
from tests.browser import Browser, Site
from tests.factories import make_person, make_reply, make_review, make_thread, post_of
from tests.queries import counted
from tests.served import one_database

SLUG = "governornet"
PAGE = f"/resources/{SLUG}"
WORDS = {
    "helped_with": "complaints",
    "helped_whom": "new governors",
    "missing": "an index",
    "body": "It took me **twenty** minutes.",
}
REVIEW = {"known": "used", "helped": "somewhat", **WORDS, "disclosure": "named", "submission": "a"}
SILENT = {"known": "heard", "helped": "", "disclosure": "named", "submission": "a"}
FACTS = {
    "name": "A list of clerks",
    "provider": "Northmoor",
    "group": "Websites",
    "audience": "Governors",
    "components": ["school-organisation"],
    "address": "www.clerks.example",
    "archived_address": "https://archive.example/clerks",
    "summary": "Who to ask.",
    "since": "",
}


def the_resource(slug: str = SLUG) -> Resource:
    return db.session.scalars(Resource.named(slug).execution_options(populate_existing=True)).one()


def the_talk(slug: str = SLUG) -> Thread:
    return db.session.get_one(Thread, the_resource(slug).thread_id)


def figures(slug: str = SLUG) -> Figures:
    resource = the_resource(slug)
    return ReviewCount.of_all([resource.id]).get(resource.id, Figures())


def said(review: Review) -> Post:
    assert review.post_id
    thread = db.session.get_one(Post, review.post_id)
    return post_of(db.session.get_one(Thread, thread.thread_id), thread.number or 0)


# Reviews


def test_a_review_is_made_and_its_words_are_a_post(site: Site) -> None:
    ada = make_person("Ada Obi", position="governor")
    browser = site.browser(ada)
    browser.get(f"{PAGE}/review")
    back = browser.follow(browser.post(f"{PAGE}/review", REVIEW))
    assert "Your review is counted, and what you wrote is in the talk" in back.words
    assert "You said that you have used it, and that it helped somewhat" in back.words
    thread = the_talk()
    page = site.visitor().get(f"/threads/{thread.id}-{thread.slug}")
    post = page.select("//article[@id='post-2']")[0].text_content()
    for words in (
        "Ada Obi, governor",
        "I have used it. It helped somewhat.",
        "With what: complaints.",
        "For whom: new governors.",
        "What is missing: an index.",
        "It took me twenty minutes.",
    ):
        assert words in post
    assert figures() == Figures(answered=1, heard=1, used=1, somewhat=1)


def test_a_review_without_words_is_counted_and_shows_nowhere(site: Site) -> None:
    ada = make_person("Ada Obi")
    site.browser(ada).post(f"{PAGE}/review", SILENT)
    assert figures() == Figures(answered=1, heard=1)
    assert the_talk().posts_count == 1
    visitor = site.visitor()
    for path in (PAGE, "/resources", f"/threads/{the_talk().id}", f"/people/{ada.id}", "/posts/feed.atom"):
        page = visitor.get(path, status=(200, 301))
        if path != f"/people/{ada.id}":
            assert "Ada Obi" not in page.text
        assert "heard of it, but" not in page.text
    line = db.session.scalars(select(Activity).where(Activity.verb == "resource.reviewed")).one()
    assert not line.public and line.detail == {"resource": SLUG}


def test_changing_a_review_edits_its_post_and_keeps_what_it_said(site: Site) -> None:
    browser = site.browser(make_person())
    browser.post(f"{PAGE}/review", REVIEW)
    form = browser.get(f"{PAGE}/review")
    assert form.select("//input[@name='helped'][@checked]/@value") == ["somewhat"]
    assert form.select("//input[@name='missing']/@value") == ["an index"]
    assert form.select("//textarea[@name='body']/text()")[0].strip() == WORDS["body"]
    browser.post(f"{PAGE}/review", {**REVIEW, "helped": "great-deal", "missing": ""})
    assert figures() == Figures(answered=1, heard=1, used=1, great_deal=1)
    post = post_of(the_talk(), 2)
    assert "It helped a great deal." in post.source and "missing" not in post.source
    revision = db.session.scalars(select(Revision)).one()
    assert "It helped somewhat." in revision.source
    assert the_talk().posts_count == 2


def test_the_same_review_again_changes_nothing(site: Site) -> None:
    browser = site.browser(make_person())
    browser.post(f"{PAGE}/review", REVIEW)
    version, lines = the_talk().version, db.session.scalar(select(func.count(Activity.id)))
    browser.post(f"{PAGE}/review", REVIEW)
    browser.post(f"{PAGE}/review", {**REVIEW, "submission": "another"})
    assert the_talk().version == version
    assert db.session.scalar(select(func.count(Activity.id))) == lines
    assert figures().answered == 1


def test_taking_the_words_out_withdraws_the_post_and_writing_again_brings_it_back(site: Site) -> None:
    browser = site.browser(make_person())
    browser.post(f"{PAGE}/review", REVIEW)
    browser.post(f"{PAGE}/review", {**REVIEW, **dict.fromkeys(WORDS, "")})
    assert post_of(the_talk(), 2).publication == "withdrawn"
    assert figures().answered == 1
    form = browser.get(f"{PAGE}/review")
    assert form.select("//input[@name='missing']/@value") == [""]
    browser.post(f"{PAGE}/review", {**REVIEW, "missing": "a map"})
    post = post_of(the_talk(), 2)
    assert post.is_shown and "a map" in post.source
    assert the_talk().posts_count == 2


def test_words_withdrawn_by_the_post_are_not_brought_back_by_a_change_of_answer(site: Site) -> None:
    ada = make_person()
    make_review(ada, missing="an index")
    said(db.session.scalars(select(Review)).one()).withdraw(ada)
    site.commit()
    browser = site.browser(ada)
    form = browser.get(f"{PAGE}/review")
    assert form.select("//input[@name='missing']/@value") == [""]
    browser.post(f"{PAGE}/review", SILENT)
    assert post_of(the_talk(), 2).publication == "withdrawn"
    assert figures() == Figures(answered=1, heard=1)


def test_after_thirty_days_new_words_are_a_new_post(site: Site) -> None:
    ada = make_person()
    make_review(ada, missing="an index")
    make_review(ada)
    with time_machine.travel(now() + timedelta(days=31)):
        review = make_review(ada, missing="a map")
    assert said(review).number == 3
    assert post_of(the_talk(), 2).publication == "withdrawn"


def test_a_hidden_post_stays_hidden_and_as_it_is_whatever_the_review_says(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    review = make_review(ada, missing="the name of a child")
    said(review).hide(team, "pupil")
    site.commit()
    browser = site.browser(ada)
    form = browser.get(f"{PAGE}/review")
    assert "Hidden by the team" in form.words and not form.select("//textarea | //input[@name='missing']")
    answer = browser.post(f"{PAGE}/review", {**REVIEW, "helped": "not-at-all", "missing": "another name"})
    assert "not shown" in browser.follow(answer).words
    post = post_of(the_talk(), 2)
    assert post.moderation == "hidden" and "the name of a child" in post.source
    assert figures() == Figures(answered=1, heard=1, used=1, not_at_all=1)
    browser.post(f"{PAGE}/review", SILENT)
    assert post_of(the_talk(), 2).moderation == "hidden"
    assert the_talk().posts_count == 2


def test_a_role_only_review_names_nobody(site: Site) -> None:
    ada = make_person("Ada Obi", school="Hillview School")
    site.browser(ada).post(f"{PAGE}/review", {**REVIEW, "disclosure": "role-only"})
    visitor, thread = site.visitor(), the_talk()
    for path in (
        PAGE,
        f"/threads/{thread.id}-{thread.slug}",
        f"/threads/{thread.id}/feed.atom",
        "/posts/feed.rss",
    ):
        text = visitor.get(path).text
        assert "A teacher, primary" in text
        assert "Ada" not in text and "Hillview" not in text and f"/people/{ada.id}" not in text
    assert "twenty" not in visitor.get(f"/people/{ada.id}").text
    site.browser(ada).post(f"{PAGE}/review", REVIEW)
    assert "Ada Obi" in visitor.get(PAGE).text


def test_who_may_review(site: Site) -> None:
    site.visitor().get(f"{PAGE}/review", status=401)
    team = site.browser(make_person(role="team"))
    team.get(f"{PAGE}/review", status=403)
    assert "does not review" in team.post(f"{PAGE}/review", REVIEW, status=403).words
    unconfirmed = site.browser(make_person(confirmed=False))
    assert "Confirm your email address" in unconfirmed.get(f"{PAGE}/review").words
    page = unconfirmed.post(f"{PAGE}/review", REVIEW, status=422)
    assert page.select("//textarea[@name='body']/text()")[0].strip() == WORDS["body"]
    assert not db.session.scalars(select(Review)).all()
    assert figures() == Figures()
    site.visitor().get("/resources/no-such-thing", status=404)
    site.browser(make_person()).get("/resources/no-such-thing/review", status=404)


@one_database
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"known": ""}, "Select whether you have heard of it, or used it"),
        ({"known": "often"}, "Select whether you have heard of it, or used it"),
        ({"helped": ""}, "Select how much it helped"),
        ({"helped": "immensely"}, "Select how much it helped"),
        ({"known": "heard"}, "choose “I have used it”, or take those words out first"),
        ({"missing": "x" * 301}, "What is missing must be 300 characters or fewer"),
        ({"body": "x" * 20_001}, "Your text must be 20,000 characters or fewer"),
        ({"disclosure": "none"}, "Not a valid choice"),
    ],
)
def test_a_review_that_fails_comes_back_whole(site: Site, fields: dict[str, str], message: str) -> None:
    browser, sent = site.browser(make_person()), {**REVIEW, **fields}
    page = browser.post(f"{PAGE}/review", sent, status=422)
    assert page.select("//title/text()")[0].startswith("Error: ")
    assert message in page.words
    for name in ("helped_with", "helped_whom", "missing"):
        assert page.select(f"//input[@name='{name}']/@value") == [sent[name]]
    assert page.select("//textarea[@name='body']/text()")[0].strip() == sent["body"]
    assert not db.session.scalars(select(Review)).all()


def test_how_much_it_helped_does_not_count_for_who_has_not_used_it(site: Site) -> None:
    sent = {**SILENT, "helped": "great-deal", "missing": "an index"}
    site.browser(make_person()).post(f"{PAGE}/review", sent)
    assert figures() == Figures(answered=1, heard=1)
    assert "helped" not in post_of(the_talk(), 2).source


def test_words_for_a_locked_thread_come_back_and_answers_alone_are_counted(site: Site) -> None:
    the_resource().open_talk()
    the_talk().lock(make_person(role="team"))
    site.commit()
    browser = site.browser(make_person())
    page = browser.post(f"{PAGE}/review", REVIEW, status=422)
    assert "This thread is locked" in page.words
    assert page.select("//input[@name='missing']/@value") == ["an index"]
    assert figures() == Figures()
    browser.post(f"{PAGE}/review", SILENT)
    assert figures().answered == 1


def test_a_double_click_at_the_same_moment_makes_one_review(site: Site) -> None:
    ada = make_person()
    the_resource().open_talk()
    db.session.commit()
    browsers = [site.browser(ada) for _ in range(4)]
    forms = [{**REVIEW, "csrf_token": browser.csrf_token()} for browser in browsers]
    start = Barrier(4)

    def click(browser: Browser, form: dict[str, Any]) -> str:
        start.wait()
        return browser.post(f"{PAGE}/review", form).location

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(click, browsers, forms)) == {PAGE}
    assert db.session.scalar(select(func.count(Review.id))) == 1
    assert figures() == Figures(answered=1, heard=1, used=1, somewhat=1)
    assert the_talk().posts_count == 2


def test_many_people_at_once_are_all_counted_and_the_thread_is_opened_once(site: Site) -> None:
    browsers = [site.browser(make_person(f"Writer {n}")) for n in range(6)]
    forms = [{**REVIEW, "csrf_token": browser.csrf_token()} for browser in browsers]
    db.session.rollback()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda browser, form: browser.post(f"{PAGE}/review", form), browsers, forms))
    assert figures() == Figures(answered=6, heard=6, used=6, somewhat=6)
    assert db.session.scalar(select(func.count(Thread.id))) == 1
    assert the_talk().posts_count == 7


def test_a_review_sent_after_the_session_ended_is_made_once(site: Site) -> None:
    ada, visitor = make_person("Ada Obi", "ada@example.org"), site.visitor()
    page = visitor.post(f"{PAGE}/review", REVIEW, status=401)
    fields = {field.get("name"): field.get("value") or "" for field in page.select("//main//form//input")}
    again = {**fields, "email": ada.email, "password": "correct horse battery"}
    back = visitor.post("/account/sign-in", again, status=200)
    sent = {field.get("name"): field.get("value") or "" for field in back.select("//main//form//input")}
    sent["body"] = back.select("//textarea[@name='body']/text()")[0].strip()
    assert back.select("//main//form/@action") == [f"{PAGE}/review"]
    for _ in range(2):
        visitor.post(f"{PAGE}/review", sent)
    assert figures() == Figures(answered=1, heard=1, used=1, somewhat=1)
    assert "It took me" in post_of(the_talk(), 2).source


def test_an_ordinary_edit_of_a_review_is_an_edit_of_the_review(site: Site) -> None:
    ada = make_person()
    post = said(make_review(ada, missing="an index"))
    assert site.browser(ada).get(f"/posts/{post.id}/edit", status=302).location == f"{PAGE}/review"
    reply = make_reply(the_talk(), ada)
    site.browser(ada).get(f"/posts/{reply.id}/edit")


@pytest.mark.parametrize(
    "text", ["```\nnever closed", "    code", "> quote", "| a |\n|---|", "[x]: /y", "---", "# H"]
)
def test_no_word_of_one_answer_swallows_another(site: Site, text: str) -> None:
    """Whatever begins a block in Markdown, each label of the post is still a label."""
    ada = make_person()
    sent = {**REVIEW, "helped_with": text, "helped_whom": text, "missing": text, "body": f"{text}\n\nMore."}
    site.browser(ada).post(f"{PAGE}/review", sent)
    html = str(post_of(the_talk(), 2).html)
    for label in ("With what:", "For whom:", "What is missing:"):
        assert f"<p><strong>{label}</strong>" in html


# The thread of a resource


def test_each_resource_has_one_thread_made_by_the_team(site: Site) -> None:
    assert len(open_talks()) == 13
    site.commit()
    assert open_talks() == []
    resource, thread = the_resource(), the_talk()
    assert (thread.kind, thread.title, thread.slug) == ("resource", "GovernorNet", "governornet")
    prompt = db.session.scalars(select(Prompt).where(Prompt.slug == "resources")).one()
    assert thread.prompt_id == prompt.id
    post = post_of(thread)
    assert post.author.byline() == "Resources for progress, personalised learning team"
    assert resource.summary in post.source and "`www.governor.net.co.uk`" in post.source
    assert 'href="http' not in post.html
    page = site.visitor().get("/components/school-organisation")
    assert "GovernorNet" in page.words
    assert "Resources for progress" in site.visitor().get(f"/people/{thread.author_id}").words


def test_nobody_can_sign_in_as_the_voice_of_the_resources(site: Site) -> None:
    open_talks()
    site.commit()
    voice = db.session.get_one(User, the_talk().author_id)
    assert voice.email is None and voice.password_hash is None
    assert User.with_password("", "") is None
    page = site.visitor().post("/account/sign-in", {"email": "site:resources", "password": "x"}, status=422)
    assert page.select("//h1/text()") == ["Sign in"]


def test_loading_at_the_command_line_opens_what_is_missing_once(site: Site) -> None:
    runner = site.app.test_cli_runner()
    first = runner.invoke(args=["conversation", "load"])
    assert first.exit_code == 0 and first.output.count("Thread: ") == 13
    before = db.session.scalar(select(func.count(Thread.id)))
    db.session.rollback()
    second = runner.invoke(args=["conversation", "load"])
    assert second.output == "Nothing to change: the conversation is loaded.\n"
    assert db.session.scalar(select(func.count(Thread.id))) == before == 13


def test_a_thread_that_was_opened_once_is_found_again(site: Site) -> None:
    """Down the migration and up again: the resource forgets its thread, the thread is still there."""
    open_talks()
    resource, thread = the_resource(), the_talk().id
    resource.thread_id = None
    site.commit()
    assert open_talks() == ["Thread: GovernorNet"]
    assert the_resource().thread_id == thread
    assert db.session.scalar(select(func.count(Thread.id))) == 13


def test_what_a_file_says_anew_is_told_in_the_thread(site: Site, tmp_path: Path) -> None:
    open_talks()
    site.commit()
    for name in ("conversation.toml", "components.toml", "resources.toml"):
        text = (HERE / name).read_text("utf-8")
        (tmp_path / name).write_text(
            text.replace('name = "GovernorNet"', 'name = "Governors online"'), "utf-8"
        )
    assert "Resource: governornet (changed)" in load_conversation(tmp_path)
    open_talks()
    site.commit()
    assert the_talk().title == "Governors online"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('components = ["school-organisation"]', 'components = "school-organisation"', "must be a list"),
        (
            'components = ["school-organisation"]',
            'components = ["no-such"]',
            "there is no component 'no-such'",
        ),
        ('slug = "governornet"', 'slug = "requests"', "is the address of a page"),
        ('audience = "Governors and their clerks"', "", "audience is missing"),
    ],
)
def test_a_bad_file_of_resources_is_named(site: Site, tmp_path: Path, old: str, new: str, names: str) -> None:
    db.session.delete(the_resource())
    db.session.flush()
    for name in ("conversation.toml", "components.toml", "resources.toml"):
        (tmp_path / name).write_text((HERE / name).read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(BadFile, match=names):
        load_conversation(tmp_path)


def test_resources_need_the_prompt_under_which_they_are_talked_about(site: Site, tmp_path: Path) -> None:
    db.session.delete(db.session.scalars(select(Prompt).where(Prompt.slug == "resources")).one())
    db.session.flush()
    for name in ("conversation.toml", "components.toml", "resources.toml"):
        text = (HERE / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace('slug = "resources"', 'slug = "materials"'), "utf-8")
    with pytest.raises(BadFile, match="talked about under the prompt 'resources'"):
        load_conversation(tmp_path)


def test_a_hidden_thread_leaves_the_facts_and_takes_no_words(site: Site) -> None:
    team = make_person(role="team")
    make_review(missing="an index")
    the_talk().hide(team, "spam")
    site.commit()
    page = site.visitor().get(PAGE)
    assert "The talk about it is not open" in page.words and "an index" not in page.words
    assert "an index" in site.browser(team).get(PAGE).words
    site.browser(make_person()).post(f"{PAGE}/review", REVIEW, status=422)


# What the team says of a resource


def test_the_team_adds_a_resource(site: Site) -> None:
    team = site.browser(make_person(role="team"))
    team.get("/team/resources/new")
    answer = team.post("/team/resources/new", FACTS)
    assert answer.location == "/resources/a-list-of-clerks"
    resource = the_resource("a-list-of-clerks")
    assert (resource.group, resource.order, resource.components) == ("websites", 14, ["school-organisation"])
    assert team.post("/team/resources/new", FACTS).location == answer.location
    twin = team.post("/team/resources/new", {**FACTS, "summary": "Another."}, status=422)
    assert "There is a resource called A list of clerks already" in twin.words
    page = site.visitor().get(answer.location)
    links = page.select("//dd/a[@href='https://archive.example/clerks']/@rel")
    assert links == ["nofollow noopener"]
    assert "A list of clerks" in site.visitor().get("/resources").words
    assert "added a resource" in team.get("/team/log").words
    site.visitor().get(f"/threads/{resource.thread_id}-a-list-of-clerks")
    assert answer.location in site.visitor().get("/sitemap-0.xml").text


def test_what_the_team_added_survives_the_files(site: Site) -> None:
    team = make_person(role="team")
    site.browser(team).post("/team/resources/new", FACTS)
    db.session.rollback()
    assert load_conversation() == ["Nothing to change: the conversation is loaded."]
    assert the_resource("a-list-of-clerks").is_retired is False


def test_no_resource_has_the_address_of_a_page(site: Site) -> None:
    answer = site.browser(make_person(role="team")).post("/team/resources/new", {**FACTS, "name": "Requests"})
    assert RESERVED == ("requests",)
    assert answer.location == "/resources/requests-2"


def test_the_team_edits_the_facts_and_the_thread_says_so(site: Site) -> None:
    team = site.browser(make_person("Tea Mem", role="team"))
    open_talks()
    site.commit()
    form = team.get(f"/team{PAGE}/edit")
    sent = {**FACTS, "name": "Governors online", "since": form.select("//input[@name='since']/@value")[0]}
    assert form.select("//input[@name='name']/@value") == ["GovernorNet"]
    team.post(f"/team{PAGE}/edit", sent)
    page = site.visitor().get(PAGE)
    assert page.select("//h1/text()") == ["Governors online"]
    thread = the_talk()
    assert (thread.title, thread.slug) == ("Governors online", "governors-online")
    assert "Who to ask." in post_of(thread).source
    assert db.session.scalars(select(Revision)).one().title == "GovernorNet"
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.resource-edited")).one()
    assert line.detail["before"]["name"] == "GovernorNet" and line.actor != thread.author_id
    conflict = team.post(f"/team{PAGE}/edit", {**sent, "provider": "Someone else"}, status=409)
    assert "A colleague has changed this resource" in conflict.words and "Northmoor" in conflict.words
    assert conflict.select("//input[@name='provider']/@value") == ["Someone else"]
    again = {**sent, "provider": "Someone else", "since": conflict.select("//input[@name='since']/@value")[0]}
    team.post(f"/team{PAGE}/edit", again)
    assert "Someone else" in site.visitor().get(PAGE).words


@one_database
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//evil.example",
        "data:text/html,x",
        "ftp://a.example/x",
        "http://",
        "https:///x",
        "http://a.example/ x",
        'https://a.example/"><script>',
        "https://good.example@evil.example/",
        "https://a.example\\@b",
        "http://[::1",
        "www.archive.example",
        "https://a.example/" + "x" * 500,
    ],
)
def test_an_archived_address_is_one_that_a_reader_may_be_sent_to(site: Site, address: str) -> None:
    team = site.browser(make_person(role="team"))
    page = team.post("/team/resources/new", {**FACTS, "archived_address": address}, status=422)
    assert page.select("//input[@name='archived_address']/@value") == [address]
    assert page.select("//title/text()")[0].startswith("Error: ")


def test_a_retired_resource_stays_and_takes_no_reviews(site: Site) -> None:
    make_review(missing="an index")
    team, ada = site.browser(make_person(role="team")), site.browser(make_person())
    page = team.post(
        f"/team{PAGE}/retire", {"on-day": "31", "on-month": "2", "on-year": "2011", "because": ""}, 422
    )
    assert "must be a real date" in page.words and page.select("//input[@name='on-day']/@value") == ["31"]
    team.post(
        f"/team{PAGE}/retire", {"on-day": "31", "on-month": "3", "on-year": "2011", "because": "It closed."}
    )
    assert the_resource().retired_on == date(2011, 3, 31)
    visitor = site.visitor()
    for path in (PAGE, f"/threads/{the_talk().id}-governornet"):
        words = visitor.get(path).words
        assert "Retired on 31 March 2011" in words and "It closed." in words and "an index" in words
        assert "Review it" not in words.replace("Review it, or say more", "")
    assert "Retired" in visitor.get("/resources").words
    assert "takes no new reviews" in ada.get(f"{PAGE}/review", status=403).words
    ada.post(f"{PAGE}/review", REVIEW, status=403)
    assert figures().answered == 1
    team.post(f"/team{PAGE}/bring-back")
    ada.post(f"{PAGE}/review", SILENT)
    assert figures().answered == 2
    log = team.get("/team/log").words
    assert "retired a resource" in log and "brought back a resource" in log and "It closed." in log


def test_a_review_and_a_retirement_at_once_leave_no_half(site: Site) -> None:
    """Whoever comes second sees what the first did."""
    team, ada = make_person(role="team"), make_person()
    resource = the_resource()
    resource.retire(team, date(2011, 3, 31), "It closed.")
    site.commit()
    with pytest.raises(Refused):
        Review.give(the_resource(), ada, Answers(known="heard"))
    db.session.rollback()
    assert figures() == Figures()


@pytest.mark.parametrize("verb", ["add", "edit", "retire", "bring_back", "tell"])
def test_only_the_team_keeps_the_list(site: Site, verb: str) -> None:
    ada, resource = make_person(), the_resource()
    with pytest.raises(Refused):
        if verb == "add":
            Resource.add(ada, resource.facts)
        elif verb == "edit":
            resource.edit(ada, resource.facts, None)
        elif verb == "retire":
            resource.retire(ada, date(2011, 3, 31), "Because.")
        elif verb == "bring_back":
            resource.bring_back(ada)
        else:
            ResourceChange.tell(resource, ada, date(2011, 3, 31), "All.", [])


# What changed because of people


CHANGE = {
    "on-day": "12",
    "on-month": "11",
    "on-year": "2026",
    "what": "There is *an index*.",
    "submission": "c",
}


def test_what_changed_stands_on_the_page_in_the_talk_and_in_its_feed(site: Site) -> None:
    make_review(missing="an index")
    elsewhere = post_of(make_thread(prompt="what-more", title="Elsewhere"))
    team = site.browser(make_person("Tea Mem", role="team"))
    team.get(f"/team{PAGE}/changes/new")
    sent = {**CHANGE, "rests_on": f"2, /posts/{elsewhere.id}"}
    for _ in range(2):
        assert team.post(f"/team{PAGE}/changes/new", sent).location == f"{PAGE}#changes"
    page = site.visitor().get(PAGE)
    section = page.select("//article[@class='change']")
    assert len(section) == 1
    words = section[0].text_content()
    assert "12 November 2026" in words and "There is an index." in words
    assert "post 2," in words and "post 1 in Elsewhere" in words
    thread = the_talk()
    post = post_of(thread, 3)
    assert (
        "What changed because of you on 12 November 2026" in post.html and "Tea Mem" in post.author.byline()
    )
    assert "What changed because of you" in site.visitor().get(f"/threads/{thread.id}/feed.atom").text
    assert thread.answered_at is not None or thread.posts_count == 3
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.resource-changed")).one()
    assert line.public and len(line.detail["rests on"]) == 2
    assert "said what changed because of people" in team.get("/team/log").words


@pytest.mark.parametrize("named", ["7", "/posts/999", "#9", "elsewhere", "3 nonsense", " ".join("1" * 21)])
def test_what_changed_rests_only_on_posts_that_everyone_can_read(site: Site, named: str) -> None:
    make_review(missing="an index")
    team = site.browser(make_person(role="team"))
    page = team.post(f"/team{PAGE}/changes/new", {**CHANGE, "rests_on": named}, status=422)
    assert page.select("//input[@name='rests_on']/@value") == [named]
    assert page.select("//textarea[@name='what']/text()")[0].strip() == CHANGE["what"]
    assert not db.session.scalars(select(ResourceChange)).all()


def test_a_change_names_no_post_that_is_hidden_and_goes_with_its_own(site: Site) -> None:
    colleague = make_person(role="team")
    review = make_review(missing="an index")
    team = site.browser(make_person(role="team"))
    team.post(f"/team{PAGE}/changes/new", {**CHANGE, "rests_on": "2"})
    said(review).hide(colleague, "pupil")
    site.commit()
    assert "It rests on" not in site.visitor().get(PAGE).words.partition("What people say")[0]
    team.post(f"/team{PAGE}/changes/new", {**CHANGE, "submission": "d", "rests_on": "2"}, status=422)
    post_of(the_talk(), 3).hide(colleague, "other")
    site.commit()
    assert "There is an index" not in site.visitor().get(PAGE).words


def test_only_who_wrote_a_change_can_change_it(site: Site) -> None:
    ada = make_person(role="team")
    make_review(missing="an index")
    author, colleague = site.browser(ada), site.browser(make_person(role="team"))
    author.post(f"/team{PAGE}/changes/new", {**CHANGE, "rests_on": "2"})
    change = db.session.scalars(select(ResourceChange)).one()
    path = f"/team/resources/changes/{change.id}"
    colleague.get(path, status=403)
    assert author.get(f"/posts/{change.post_id}/edit", status=302).location == path
    form = author.get(path)
    since = form.select("//input[@name='since']/@value")[0]
    assert form.select("//input[@name='rests_on']/@value") == [f"/posts/{post_of(the_talk(), 2).id}"]
    author.post(path, {**CHANGE, "what": "There is a map.", "rests_on": "", "since": since})
    page = site.visitor().get(PAGE).words
    assert "There is a map." in page and "It rests on" not in page.partition("What people say")[0]
    assert "There is a map." in post_of(the_talk(), 3).source
    late = author.post(path, {**CHANGE, "what": "There is a globe.", "since": since}, status=409)
    assert "There is a map." in late.words
    assert late.select("//textarea[@name='what']/text()")[0].strip() == "There is a globe."
    author.post(path, {**CHANGE, "since": "nonsense"}, status=409)


# Pages


def test_a_page_is_another_one_as_soon_as_somebody_answers(site: Site) -> None:
    visitor, browser = site.visitor(), site.browser(make_person())
    open_talks()
    site.commit()
    paths = ("/resources", PAGE, f"/threads/{the_talk().id}-governornet")
    tags = {path: visitor.get(path).headers["ETag"] for path in paths}
    for path, tag in tags.items():
        visitor.get(path, status=304, headers={"If-None-Match": tag})
    other = visitor.get("/resources/extended-schools").headers["ETag"]
    browser.post(f"{PAGE}/review", SILENT)
    for path, tag in tags.items():
        page = visitor.get(path, headers={"If-None-Match": tag})
        assert "1 person has answered" in page.words, path
    visitor.get("/resources/extended-schools", status=304, headers={"If-None-Match": other})


def test_a_visitors_page_is_for_everyone(site: Site) -> None:
    make_review(missing="an index")
    for path in ("/resources", PAGE, "/resources/requests"):
        page = site.visitor().get(path)
        assert page.headers["Cache-Control"].startswith("public") and "Set-Cookie" not in page.headers


def test_the_list_stands_in_the_groups_of_the_pamphlet(site: Site) -> None:
    page = site.visitor().get("/resources")
    groups = page.select("//section[starts-with(@aria-labelledby, 'group-')]/h2/text()")
    assert groups == ["Strategies", "Programmes", "Websites", "Teams"]
    assert len(page.select("//li[contains(@class, 'resource-row')]")) == 13
    assert "Nobody has reviewed it yet" in page.words


def test_the_thread_shows_the_facts_and_what_the_reader_said(site: Site) -> None:
    ada = make_person()
    make_review(ada)
    thread = the_talk()
    path = f"/threads/{thread.id}-{thread.slug}"
    visitor = site.visitor().get(path)
    assert "Who it is for Governors and their clerks" in visitor.words
    assert "1 person has answered: too few to show" in visitor.words and "You said" not in visitor.words
    assert "You said that you have used it" in site.browser(ada).get(path).words
    assert "You said" not in site.browser(make_person()).get(path).words


def test_pages_ask_the_same_of_the_database_for_one_and_for_a_hundred(site: Site) -> None:
    team = make_person(role="team")
    browser, teams = site.browser(make_person()), site.browser(team)
    open_talks()
    site.commit()
    thread = the_talk()
    paths = ("/resources", PAGE, f"/threads/{thread.id}-{thread.slug}")

    def asked() -> list[int]:
        counts = []
        for each, path in [(browser, path) for path in paths] + [(teams, "/team/resources")]:
            site.app.wsgi_app.forget()
            with counted() as statements:
                each.get(path)
            counts.append(len(statements))
        return counts

    def fill(times: int) -> None:
        for number in range(times):
            person = make_person(position=["teacher", "governor", "headteacher"][number % 3])
            review = make_review(person, missing=f"thing {number}")
            if number % 5 == 0:
                ResourceChange.tell(
                    the_resource(), team, date(2026, 1, 1), f"Change {number}.", [said(review)]
                )
        site.commit()

    fill(1)
    asked()  # once before, for what is kept of the reader
    fill(1)
    few = asked()
    fill(98)
    assert asked() == few


def test_every_bar_that_a_chart_can_have_is_in_the_stylesheet() -> None:
    css = BUILD / read_manifest()["forum.css"]
    widths = set(re.findall(r"\.bar--(\d+)\{width:(\d+)%\}", css.read_text("utf-8").replace(";}", "}")))
    assert {(f"{n}", f"{n}") for n in range(1, 101)} <= widths
