"""Threads and posts, as people meet them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.discussion.models import Post, Prompt, Revision, Thread
from forum.discussion.models.drafts import Draft
from tests.browser import Browser, Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted

NEW = "/prompts/your-practice/threads/new"
REPLY = {"body": "We mark with three colours.", "disclosure": "named", "submission": "a", "in_reply_to": ""}
THREAD = {
    "title": "Marking in colours",
    "body": "What do **you** do?",
    "disclosure": "named",
    "submission": "s",
    "components": ["assessment-for-learning", "school-organisation"],
}


def url_of(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def test_a_thread_is_started_read_and_answered(site: Site) -> None:
    ada, ben = make_person("Ada Obi", school="Hillview School"), make_person("Ben Lee", position="governor")
    page = site.browser(ada).post(NEW, THREAD)
    assert re.fullmatch(r"/threads/\d+-marking-in-colours", page.location)
    read = site.visitor().get(page.location)
    assert "Ada Obi, teacher, Hillview School" in read.words
    assert read.select("//div[@class='post__body']//strong/text()") == ["you"]
    assert read.select("//a[@class='govuk-tag']/@href") == [
        "/components/assessment-for-learning",
        "/components/school-organisation",
    ]
    thread = db.session.scalars(select(Thread)).one()
    answer = site.browser(ben).post(f"/threads/{thread.id}/posts", REPLY)
    assert answer.location == f"{url_of(thread)}#post-2"
    assert "three colours" in site.visitor().get(page.location).words


def test_a_role_only_post_names_nobody_anywhere_on_the_page(site: Site) -> None:
    thread = make_thread(make_person("Ada Obi", school="Hillview School"), disclosure="role-only")
    text = site.visitor().get(url_of(thread)).text
    assert "A teacher, primary" in text
    assert "Ada" not in text and "Hillview" not in text and f"/people/{thread.author_id}" not in text


def test_lowering_the_disclosure_takes_the_name_out_at_once(site: Site) -> None:
    ada = make_person("Ada Obi")
    thread = make_thread(ada)
    post = post_of(thread)
    visitor = site.visitor()
    assert "Ada Obi" in visitor.get(url_of(thread)).text
    site.browser(ada).post(
        f"/posts/{post.id}/edit",
        {"title": thread.title, "body": post.source, "disclosure": "role-only", "since": str(post.version)},
    )
    for path in (
        url_of(thread),
        "/prompts/your-practice",
        "/",
        f"/posts/{post.id}/history",
        f"/threads/{thread.id}/feed.atom",
        "/feed.atom",
        "/posts/feed.rss",
        "/feed.json",
    ):
        assert "Ada Obi" not in visitor.get(path).text, path


def test_posting_twice_makes_one_post(site: Site) -> None:
    ada = make_person()
    thread = make_thread()
    browser = site.browser(ada)
    first = browser.post(f"/threads/{thread.id}/posts", REPLY)
    assert browser.post(f"/threads/{thread.id}/posts", REPLY).location == first.location
    assert browser.post(NEW, THREAD).location == browser.post(NEW, THREAD).location
    assert db.session.scalar(select(func.count(Post.id))) == 3


def test_the_same_form_with_other_words_is_another_post(site: Site) -> None:
    browser, thread = site.browser(make_person()), make_thread()
    browser.post(f"/threads/{thread.id}/posts", REPLY)
    browser.post(f"/threads/{thread.id}/posts", {**REPLY, "body": "And with stickers."})
    assert sorted(db.session.scalars(select(Post.number).where(Post.thread_id == thread.id))) == [1, 2, 3]


def test_going_back_and_sending_the_same_words_again_makes_one_post(site: Site) -> None:
    browser, thread = site.browser(make_person()), make_thread()
    first = browser.post(f"/threads/{thread.id}/posts", REPLY)
    assert (
        browser.post(f"/threads/{thread.id}/posts", {**REPLY, "submission": "b"}).location == first.location
    )
    started = browser.post(NEW, {**THREAD, "submission": "c"})
    assert browser.post(NEW, {**THREAD, "submission": "d"}).location == started.location
    assert browser.post(NEW, {**THREAD, "title": "Another", "submission": "e"}).location != started.location
    assert db.session.scalar(select(func.count(Post.id))) == 4


def test_a_double_click_at_the_same_moment_makes_one_post(site: Site) -> None:
    ada, thread = make_person(), make_thread()
    reply = f"/threads/{thread.id}/posts"
    browsers = [site.browser(ada) for _ in range(4)]
    tokens = [browser.csrf_token() for browser in browsers]
    start = Barrier(4)

    def click(browser: Browser, token: str, path: str, fields: dict[str, Any]) -> str:
        start.wait()
        return browser.post(path, {**fields, "csrf_token": token}).location

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(click, browsers, tokens, [reply] * 4, [REPLY] * 4))
        threads = set(pool.map(click, browsers, tokens, [NEW] * 4, [THREAD] * 4))
    assert len(places) == 1 and len(threads) == 1
    assert db.session.scalar(select(func.count(Post.id))) == 3


def test_replies_at_once_take_numbers_without_gap(site: Site) -> None:
    thread = make_thread()
    reply = f"/threads/{thread.id}/posts"
    browsers = [site.browser(make_person(f"Writer {n}")) for n in range(6)]
    fields = [{**REPLY, "csrf_token": browser.csrf_token()} for browser in browsers]
    db.session.rollback()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda browser, form: browser.post(reply, form), browsers, fields))
    db.session.expire_all()
    assert sorted(db.session.scalars(select(Post.number).where(Post.thread_id == thread.id))) == list(
        range(1, 8)
    )
    assert db.session.get_one(Thread, thread.id).posts_count == 7


def test_a_form_that_fails_comes_back_whole(site: Site) -> None:
    browser = site.browser(make_person())
    page = browser.post(NEW, {**THREAD, "title": "  "}, status=422)
    assert page.select("//title/text()")[0].startswith("Error: ")
    assert page.select("//textarea[@name='body']/text()")[0].strip() == THREAD["body"]
    assert len(page.select("//input[@name='components'][@checked]")) == 2
    assert "Enter a title" in page.words
    long = "long words " * 6000
    page = browser.post(NEW, {**THREAD, "body": long}, status=422)
    assert page.select("//textarea[@name='body']/text()")[0].strip() == long.strip()
    thread = make_thread()
    page = browser.post(f"/threads/{thread.id}/posts", {**REPLY, "body": " \n "}, status=422)
    assert "Enter your reply" in page.words


def test_a_bad_token_costs_nobody_their_words(site: Site) -> None:
    thread = make_thread()
    browser = site.browser(make_person())
    page = browser.post(f"/threads/{thread.id}/posts", {**REPLY, "csrf_token": "stale"}, status=400)
    assert page.select("//textarea[@name='body']/text()")[0].strip() == REPLY["body"]
    form = {field.get("name"): field.get("value") for field in page.select("//main//form//input")}
    assert form["submission"] == "a"
    assert page.select("//main//form/@action") == [f"/threads/{thread.id}/posts"]
    browser.post(f"/threads/{thread.id}/posts", {**REPLY, "csrf_token": form["csrf_token"]})


def test_an_expired_session_keeps_the_text_through_sign_in(site: Site) -> None:
    ada, thread = make_person("Ada Obi", "ada@example.org"), make_thread()
    visitor = site.visitor()
    page = visitor.post(f"/threads/{thread.id}/posts", REPLY, status=401)
    fields = {field.get("name"): field.get("value") or "" for field in page.select("//main//form//input")}
    wrong = {**fields, "email": "ada@example.org", "password": "not this one at all"}
    again = visitor.post("/account/sign-in", wrong, status=422)
    fields = {field.get("name"): field.get("value") or "" for field in again.select("//main//form//input")}
    back = visitor.post(
        "/account/sign-in", {**fields, "email": ada.email, "password": "correct horse battery"}, status=200
    )
    assert back.select("//textarea[@name='body']/text()")[0].strip() == REPLY["body"]
    sent = {field.get("name"): field.get("value") or "" for field in back.select("//main//form//input")}
    sent["body"] = back.select("//textarea[@name='body']/text()")[0].strip()
    action = back.select("//main//form/@action")[0]
    visitor.post(action, sent)
    assert "three colours" in site.visitor().get(url_of(thread)).words


def test_a_request_from_another_site_does_nothing_and_sets_no_cookie(site: Site) -> None:
    thread, browser = make_thread(), site.browser(make_person())
    page = browser.post(
        f"/threads/{thread.id}/posts", REPLY, status=403, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert "Set-Cookie" not in page.headers
    assert db.session.scalar(select(func.count(Post.id))) == 1


def test_unconfirmed_people_write_drafts_and_do_not_publish(site: Site) -> None:
    browser, thread = site.browser(make_person(confirmed=False)), make_thread()
    page = browser.post(f"/threads/{thread.id}/posts", REPLY, status=422)
    assert "Confirm your email address" in page.words
    assert page.select("//textarea[@name='body']/text()")[0].strip() == REPLY["body"]
    browser.post("/drafts", {**REPLY, "key": f"reply:{thread.id}"})
    assert "three colours" in browser.get("/drafts").words
    assert browser.post(NEW, THREAD, status=422).select("//input[@name='title']/@value") == [
        "Marking in colours"
    ]


def test_drafts_are_kept_offered_and_removed_on_publishing(site: Site) -> None:
    ada = make_person()
    browser, thread = site.browser(ada), make_thread(title="Marking")
    saved = browser.post(
        "/drafts", {**REPLY, "key": f"reply:{thread.id}"}, status=200, headers={"Accept": "application/json"}
    )
    assert re.fullmatch(r'\{"saved_at":\s*"\d+:\d\d[ap]m"\}\s*', saved.text)
    page = browser.get(url_of(thread))
    assert page.select("//textarea[@name='body']/text()")[0].strip() == REPLY["body"]
    assert "your draft" in page.words
    assert "Marking" in browser.get("/drafts").words
    assert "three colours" not in site.browser(make_person()).get("/drafts").words
    browser.post(f"/threads/{thread.id}/posts", REPLY)
    assert db.session.scalar(select(func.count(Draft.id))) == 0
    browser.post("/drafts", {**THREAD, "key": "thread:resources"})
    page = browser.get("/prompts/resources/threads/new")
    assert len(page.select("//input[@name='components'][@checked]")) == 2
    draft = db.session.scalars(select(Draft)).one()
    site.browser(make_person()).post(f"/drafts/{draft.id}/discard", status=404)
    browser.post(f"/drafts/{draft.id}/discard")
    assert db.session.scalar(select(func.count(Draft.id))) == 0


@pytest.mark.parametrize(
    "key", ["", "reply:", "reply:999", "reply:x", "thread:no", "edit:1", "x", "reply:" + "9" * 90]
)
def test_a_draft_of_nothing_is_refused(site: Site, key: str) -> None:
    make_thread()
    site.browser(make_person()).post("/drafts", {**REPLY, "key": key}, status=(404, 422))


def test_a_script_that_saves_a_draft_hears_that_the_session_is_over(site: Site) -> None:
    thread = make_thread()
    site.visitor().post(
        "/drafts", {**REPLY, "key": f"reply:{thread.id}"}, status=401, headers={"Accept": "application/json"}
    )


def test_edits_leave_versions_that_anyone_may_compare(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada, text="We talk about marking in the morning.")
    post = post_of(thread)
    browser = site.browser(ada)
    form = browser.get(f"/posts/{post.id}/edit")
    since = form.select("//input[@name='since']/@value")[0]
    browser.post(
        f"/posts/{post.id}/edit",
        {
            "title": "Talk of marking",
            "body": "We talk about marking at noon.",
            "disclosure": "named",
            "since": since,
        },
    )
    page = site.visitor().get(f"/posts/{post.id}/history")
    assert " ".join(page.select("//ins/text()")).strip().endswith("at noon.") or page.select("//ins")
    assert page.select("//del")
    assert "Title" in page.words and "Talk of" in " ".join(page.select("//ins")[0].itertext())
    site.visitor().get(f"/threads/{thread.id}-talking-about-marking", status=301)
    assert db.session.scalar(select(func.count(Revision.id))) == 1
    assert "edited" in site.visitor().get(f"/threads/{thread.id}-talk-of-marking").words


def test_a_conflict_of_two_edits_is_shown_and_nothing_is_overwritten(site: Site) -> None:
    ada = make_person()
    post = post_of(make_thread(ada, text="one two three"))
    browser = site.browser(ada)
    edit = {"title": "Talking about marking", "disclosure": "named", "since": str(post.version)}
    browser.post(f"/posts/{post.id}/edit", {**edit, "body": "one two three four"})
    page = browser.post(f"/posts/{post.id}/edit", {**edit, "body": "zero one two three"}, status=409)
    assert page.select("//textarea[@name='body']/text()")[0].strip() == "zero one two three"
    assert "four" in " ".join(page.select("//del")[0].itertext())
    assert post_of(db.session.scalars(select(Thread)).one()).source == "one two three four"
    again = page.select("//input[@name='since']/@value")[0]
    browser.post(f"/posts/{post.id}/edit", {**edit, "body": "zero to four", "since": again})


def test_only_the_author_edits_and_withdraws(site: Site) -> None:
    thread = make_thread()
    post = post_of(thread)
    for person in (make_person(), make_person(role="team"), make_person(role="administrator")):
        browser = site.browser(person)
        browser.get(f"/posts/{post.id}/edit", status=403)
        browser.post(f"/posts/{post.id}/edit", {"body": "x", "since": "1"}, status=403)
        browser.post(f"/posts/{post.id}/delete", status=403)
        browser.post(f"/posts/{post.id}/restore", status=404)
    site.visitor().get(f"/posts/{post.id}/edit", status=401)


def test_a_withdrawn_post_leaves_its_place_and_comes_back_for_30_days(site: Site) -> None:
    ada = make_person()
    thread = make_thread()
    post = make_reply(thread, ada, "Words that go away")
    browser, visitor = site.browser(ada), site.visitor()
    assert "Words that go away" in browser.get(f"/posts/{post.id}/delete").words
    browser.post(f"/posts/{post.id}/delete")
    page = visitor.get(url_of(thread))
    assert "Words that go away" not in page.text
    assert "Withdrawn by its author" in page.select("//article[@id='post-2']")[0].text_content()
    visitor.get(f"/posts/{post.id}/history", status=404)
    assert visitor.get(f"/posts/{post.id}", status=302).location.endswith("#post-2")
    with time_machine.travel(now() + timedelta(days=31), tick=True):
        site.browser(ada).post(f"/posts/{post.id}/restore", status=403)
    browser.post(f"/posts/{post.id}/restore")
    assert "Words that go away" in visitor.get(url_of(thread)).text


def test_an_unanswered_thread_goes_with_its_opening_post(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada, title="A hasty thought")
    post = post_of(thread)
    browser, visitor = site.browser(ada), site.visitor()
    browser.post(f"/posts/{post.id}/delete")
    visitor.get(url_of(thread), status=404)
    assert "A hasty thought" not in visitor.get("/prompts/your-practice").text
    assert "Restore" in browser.get(url_of(thread)).words
    site.browser(make_person()).post(f"/threads/{thread.id}/posts", REPLY, status=404)
    browser.post(f"/threads/{thread.id}/posts", REPLY, status=422)
    browser.post(f"/posts/{post.id}/restore")
    assert "A hasty thought" in visitor.get("/prompts/your-practice").text


def test_an_answered_opening_post_goes_alone(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada, text="The opening words")
    make_reply(thread, text="The answer")
    site.browser(ada).post(f"/posts/{post_of(thread).id}/delete")
    page = site.visitor().get(url_of(thread))
    assert "The opening words" not in page.text and "The answer" in page.text


def test_a_locked_thread_takes_no_post_and_loses_no_word(site: Site) -> None:
    thread = make_thread()
    thread.lock(make_person(role="team"))
    site.commit()
    page = site.browser(make_person()).post(f"/threads/{thread.id}/posts", REPLY, status=422)
    assert "locked" in page.words
    site.browser(make_person(role="team")).post(f"/threads/{thread.id}/posts", REPLY)


def test_quoting_fills_the_reply_and_says_what_it_answers(site: Site) -> None:
    thread = make_thread(make_person("Ada Obi"), text="First line\n\nSecond line")
    browser = site.browser(make_person())
    page = browser.get(f"{url_of(thread)}?quote={post_of(thread).id}")
    words = page.select("//textarea[@name='body']/text()")[0]
    assert "> First line" in words and "Ada Obi" in words
    answers = page.select("//input[@name='in_reply_to']/@value")[0]
    browser.post(f"/threads/{thread.id}/posts", {**REPLY, "body": words + "Yes.", "in_reply_to": answers})
    assert post_of(thread, 2).in_reply_to == 1
    assert "in reply to #1" in browser.get(url_of(thread)).words
    hidden, team = make_reply(thread, text="secret words"), make_person(role="team")
    post_of(thread, 3).hide(team, "personal")
    site.commit()
    assert "secret words" not in browser.get(f"{url_of(thread)}?quote={hidden.id}").text


def test_preview_shows_safe_html_with_and_without_a_script(site: Site) -> None:
    browser = site.browser(make_person())
    answer = browser.post("/preview", {"body": "**bold** <script>alert(1)</script>"}, status=200)
    assert (
        answer.response.json["html"] == "<p><strong>bold</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    )
    page = browser.post(NEW, {**THREAD, "preview": "yes"}, status=200)
    assert page.select("//section[@class='preview']//strong/text()") == ["you"]
    assert page.select("//input[@name='title']/@value") == ["Marking in colours"]
    assert db.session.scalar(select(func.count(Thread.id))) == 0


def test_pages_are_numbered_and_a_permalink_finds_its_place(site: Site) -> None:
    thread = make_thread()
    ada = make_person()
    posts = [make_reply(thread, ada, f"reply {n}") for n in range(2, 46)]
    visitor = site.visitor()
    page = visitor.get(f"{url_of(thread)}?page=2")
    assert [int(id.removeprefix("post-")) for id in page.select("//article/@id")] == list(range(21, 41))
    assert visitor.get(f"/posts/{posts[-1].id}", status=302).location == f"{url_of(thread)}?page=3#post-45"
    assert "(page 3 of 3)" in visitor.get(f"{url_of(thread)}?page=3").select("//title/text()")[0]
    for wrong in ("4", "0", "-1", "x", "1e9", "٣", "9" * 30):
        visitor.get(f"{url_of(thread)}?page={wrong}", status=404)


def test_old_and_wrong_slugs_lead_to_the_thread(site: Site) -> None:
    thread = make_thread()
    for path in (f"/threads/{thread.id}", f"/threads/{thread.id}-wrong"):
        assert site.visitor().get(path, status=301).location == url_of(thread)
    assert (
        site.visitor().get(f"/threads/{thread.id}-wrong?page=1", status=301).location
        == f"{url_of(thread)}?page=1"
    )
    site.visitor().get("/threads/999-none", status=404)


def test_a_prompt_lists_sorts_and_filters_its_threads(site: Site) -> None:
    head, governor = (
        make_person("Head", position="headteacher", phase="secondary"),
        make_person(position="governor"),
    )
    first = make_thread(head, title="First of all", components=("school-organisation",))
    second = make_thread(governor, title="Second thoughts")
    make_reply(first)
    visitor = site.visitor()

    def titles(query: str = "") -> list[str]:
        return visitor.get(f"/prompts/your-practice{query}").select("//ul[@class='thread-list']//h3//text()")

    assert titles() == ["First of all", "Second thoughts"]
    assert titles("?sort=newest") == ["Second thoughts", "First of all"]
    assert titles("?sort=unanswered") == ["Second thoughts"]
    assert titles("?position=headteacher") == ["First of all"] == titles("?phase=secondary")
    assert titles("?component=school-organisation&kind=discussion&sort=newest") == ["First of all"]
    assert titles("?component=school-organisation&position=governor") == []
    second.pin(make_person(role="team"))
    site.commit()
    assert titles() == ["Second thoughts", "First of all"]
    for wrong in ("?sort=x", "?kind=x", "?position=x", "?phase=x", "?component=x", "?page=2"):
        visitor.get(f"/prompts/your-practice{wrong}", status=404)
    assert visitor.get("/components/school-organisation").select("//h3//text()") == ["First of all"]
    visitor.get("/prompts/none", status=404)
    visitor.get("/components/none", status=404)


def test_pages_of_a_filtered_list_keep_the_filter(site: Site) -> None:
    ada = make_person()
    for n in range(41):
        make_thread(ada, title=f"Thread {n}")
    page = site.visitor().get("/prompts/your-practice?position=teacher&page=2")
    assert "/prompts/your-practice?position=teacher&page=3" in page.select("//nav//a/@href")
    assert len(page.select("//ul[@class='thread-list']/li")) == 20


def test_a_new_name_shows_everywhere_at_once(site: Site) -> None:
    ada = make_person("Ada Obi")
    thread = make_thread(ada)
    visitor = site.visitor()
    visitor.get(url_of(thread))
    ada.describe(name="Ada Okafor", position="headteacher", phase=None, school=None, disclosure="named")
    site.commit()
    assert "Ada Okafor, headteacher" in visitor.get(url_of(thread)).words
    assert "Ada Okafor, headteacher" in visitor.get("/prompts/your-practice").words
    assert visitor.get("/prompts/your-practice?position=headteacher").select("//h3")


def test_each_act_leaves_one_line_and_bumps_both_versions(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    thread = make_thread(ada)
    prompt = db.session.get_one(Prompt, thread.prompt_id)
    post = make_reply(thread, ada)
    acts = [
        lambda: thread.reply(ada, "more"),
        lambda: post_of(thread, 2).edit(ada, "changed", "named", post.version),
        lambda: post_of(thread, 2).withdraw(ada),
        lambda: post_of(thread, 2).bring_back(ada),
        lambda: post_of(thread, 2).hide(team, "spam"),
        lambda: post_of(thread, 2).publish(team),
        lambda: thread.lock(team),
        lambda: thread.unlock(team),
        lambda: thread.pin(team),
        lambda: thread.unpin(team),
        lambda: thread.hide(team, "spam"),
        lambda: thread.restore(team),
    ]
    for act in acts:
        before = (thread.version, prompt.version, db.session.scalar(select(func.count(Activity.id))))
        act()
        site.commit()
        after = (thread.version, prompt.version, db.session.scalar(select(func.count(Activity.id))))
        assert after[0] > before[0] and after[1] > before[1] and after[2] == before[2] + 1
    with pytest.raises(Refused):
        thread.reply(make_person(confirmed=False), "no")


@pytest.mark.parametrize(
    "path", ["/prompts/your-practice", "/components/assessment-for-learning", "/", "THREAD"]
)
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_page_costs_the_same_queries_at_1_and_at_20(site: Site, path: str, signed_in: bool) -> None:
    ada = make_person()
    browser = site.browser(ada) if signed_in else site.visitor()
    thread = make_thread(ada)

    def cost(query: str) -> int:
        with counted() as queries:
            browser.get((url_of(thread) if path == "THREAD" else path) + query)
        return len(queries)

    browser.get("/about")  # what is kept of the person and the texts is read once
    browser.get(url_of(thread))  # related threads are looked for once an hour
    make_reply(thread)
    one = cost("?a=1")
    for n in range(19):
        make_reply(thread, make_person(f"Person {n}"))
        make_thread(make_person(f"Someone {n}"), title=f"Thread {n}")
    assert cost("?a=2") == one <= 9


def test_hostile_numbers_and_bytes_are_not_errors_of_ours(site: Site) -> None:
    visitor = site.visitor()
    for path in (
        "/threads/99999999999999999999-x",
        "/posts/99999999999999999999",
        "/prompts/%00",
        "/prompts/%ff",
        "/people/0",
        "/threads/1-%0a",
        "/posts/9999999999/history",
    ):
        visitor.get(path, status=(301, 404))
    browser = site.browser(make_person())
    thread = make_thread()
    browser.post(f"/threads/{thread.id}/posts", {**REPLY, "body": "\x00nul 😀 \u202eright to left"})
    browser.post(
        f"/threads/{thread.id}/posts", {**REPLY, "body": "again", "in_reply_to": "9" * 40}, status=302
    )
