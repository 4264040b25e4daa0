"""The plain pages, and what machines ask for."""

from __future__ import annotations

import lxml.etree
import pytest
from sqlalchemy import text, update

from forum.accounts.models import User
from forum.core.db import db, now
from forum.discussion.models import Component, Prompt, Thread
from forum.pages import sitemap, views
from forum.resources.models import Resource
from forum.worker.models import Heartbeat
from tests.browser import Browser, Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted
from tests.served import one_database

STANDING = ("/", "/about", "/how-we-moderate", "/accessibility", "/privacy", "/cookies", "/resources")
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
HOME = "https://conversation.example.org"


def addresses(browser: Browser, path: str) -> list[str]:
    """Every <loc> of a sitemap, as a path."""
    page = browser.get(path)
    assert page.headers["Content-Type"] == "application/xml; charset=utf-8"
    found = lxml.etree.fromstring(page.data).xpath("//s:loc/text()", namespaces=SITEMAP)
    assert all(address.startswith(HOME) for address in found)
    return [address.removeprefix(HOME) for address in found]


# The standing pages


@one_database
@pytest.mark.parametrize("path", STANDING)
def test_anyone_reads_the_standing_pages(site: Site, path: str) -> None:
    page = site.visitor().get(path)
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"].startswith("public")
    assert site.visitor().get(path, 304, headers={"If-None-Match": page.headers["ETag"]}).data == b""


@one_database
@pytest.mark.parametrize("path", STANDING)
def test_a_signed_in_person_reads_them_with_their_own_chrome(site: Site, path: str) -> None:
    page = site.browser(make_person(name="Bo Chen")).get(path)
    assert "Bo Chen" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_home_shows_what_is_asked_and_where_to_answer(site: Site) -> None:
    page = site.visitor().get("/")
    for prompt in db.session.scalars(Prompt.in_order()):
        assert prompt.question in page.words
        assert page.select(f"//main//a[@href='/prompts/{prompt.slug}']")
        assert page.select(f"//main//a[@href='/prompts/{prompt.slug}/threads/new']")
    for component in db.session.scalars(Component.in_order()):
        assert page.select(f"//main//a[@href='/components/{component.slug}']")


def test_home_says_so_while_there_is_nothing(site: Site) -> None:
    assert "Nobody has started a thread yet" in site.visitor().get("/").words


def test_home_shows_the_ten_threads_last_written_in(site: Site) -> None:
    ada = make_person()
    threads = [make_thread(ada, title=f"Thread number {n}.") for n in range(12)]
    make_reply(threads[0], ada)
    page = site.visitor().get("/")
    titles = [title.text_content() for title in page.select("//li[@class='thread-row']/h3")]
    assert titles == [f"Thread number {n}." for n in (0, 11, 10, 9, 8, 7, 6, 5, 4, 3)]


def test_home_counts_the_threads_of_each_prompt_to_a_bound(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_person()
    make_thread(ada, prompt="resources")
    make_thread(ada, prompt="your-practice")
    make_thread(ada, prompt="your-practice").hide(ada, "spam")
    site.commit()
    cards = site.visitor().get("/").select("//section[contains(@class, 'summary-card')]")
    assert [card.xpath("substring-before(.//p[2], ' ·')") for card in cards] == [
        "1 thread",
        "1 thread",
        "0 threads",
    ]
    assert views._at_most(1000) == "1,000"
    assert views._at_most(1001) == "more than 1,000"


def test_home_does_not_show_a_hidden_thread(site: Site) -> None:
    thread = make_thread(title="Something that must go")
    browser = site.visitor()
    assert "Something that must go" in browser.get("/").text
    thread.hide(make_person(role="team"), "pupil")
    site.commit()
    assert "Something that must go" not in browser.get("/").text


def test_a_changed_conversation_is_a_new_page_everywhere(site: Site) -> None:
    before = {path: site.visitor().get(path).headers["ETag"] for path in STANDING}
    prompt = db.session.scalars(Prompt.in_order()).first()
    assert prompt is not None
    prompt.introduce(make_person(role="team"), "Another title", prompt.question, prompt.introduction)
    site.commit()
    assert "Another title" in site.visitor().get("/").words
    assert all(site.visitor().get(path).headers["ETag"] != etag for path, etag in before.items())


# A person's page


def test_a_persons_page_says_who_they_are(site: Site) -> None:
    ada = make_person(position="headteacher", phase="primary", school="Millbrook Primary School")
    page = site.visitor().get(f"/people/{ada.id}")
    assert page.select("//h1")[0].text_content() == "Ada Obi"
    for fact in ("Headteacher", "Primary", "Millbrook Primary School", "Member since"):
        assert fact in page.words
    assert "has not written anything" in page.words
    assert ada.email not in page.text


def test_it_lists_what_they_wrote_newest_first(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada, title="How we mark", text="We **mark** less & talk more.")
    reply = make_reply(make_thread(title="Setting"), ada, text="We never set.")
    page = site.visitor().get(f"/people/{ada.id}")
    rows = page.select("//ul[@class='thread-list']/li")
    assert [row.xpath("string(.//a/@href)") for row in rows] == [
        f"/posts/{reply.id}",
        f"/posts/{post_of(thread).id}",
    ]
    assert "We never set." in rows[0].text_content()
    assert "Started the thread" in rows[1].text_content()
    assert "We mark less & talk more." in rows[1].text_content()
    assert facts(page) == {"Posts": "2", "Threads started": "1"}


def test_what_was_written_under_a_role_alone_never_shows(site: Site) -> None:
    """Not in the list, not in a count, and a page with it is the same as one without."""
    ada, bo = make_person(), make_person(name="Ada Obi")
    thread = make_thread(make_person())
    for person in (ada, bo):
        make_reply(thread, person, text="Under my name.")
    for _ in range(views.POSTS_SHOWN + 5):
        make_reply(thread, ada, text="Under my role.", disclosure="role-only")
    make_thread(ada, title="A secret of mine", disclosure="role-only")
    shown, plain = (site.visitor().get(f"/people/{person.id}") for person in (ada, bo))
    assert "Under my role" not in shown.text
    assert "A secret of mine" not in shown.text
    assert facts(shown) == {"Posts": "1", "Threads started": "0"}
    assert shown.words.replace("post 2", "post 3").replace("#2", "#3") == plain.words
    for viewer in (ada, make_person(role="team")):
        assert "Under my role" not in site.browser(viewer).get(f"/people/{ada.id}").text


def test_a_reply_under_ones_name_in_ones_own_role_only_thread_is_no_thread_started(site: Site) -> None:
    ada = make_person()
    make_reply(make_thread(ada, disclosure="role-only"), ada)
    assert facts(site.visitor().get(f"/people/{ada.id}")) == {"Posts": "1", "Threads started": "0"}


def test_what_is_gone_is_gone_there_too(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    thread = make_thread(ada, text="The opening of it.")
    make_reply(thread, ada, text="To be hidden.")
    make_reply(thread, ada, text="To be withdrawn.")
    make_reply(make_thread(ada, title="Hidden whole", text="Out of sight."), ada, text="And this.")
    browser = site.visitor()
    assert facts(browser.get(f"/people/{ada.id}"))["Posts"] == "5"
    post_of(thread, 2).hide(team, "personal")
    post_of(thread, 3).withdraw(ada)
    db.session.get_one(Thread, thread.id + 1).hide(team, "illegal")
    site.commit()
    page = browser.get(f"/people/{ada.id}")
    assert facts(page) == {"Posts": "1", "Threads started": "1"}
    for words in ("To be hidden", "To be withdrawn", "Hidden whole", "And this"):
        assert words not in page.text


def test_older_posts_are_a_page_further(site: Site) -> None:
    ada = make_person()
    thread = make_thread(ada)
    for n in range(2, 2 * views.POSTS_SHOWN + 2):
        make_reply(thread, ada, text=f"This is answer {n}.")
    page, seen = site.visitor().get(f"/people/{ada.id}"), []
    while True:
        seen += [row.text_content() for row in page.select("//li[@class='thread-row']//p[last()]")]
        older = page.select("//a[@rel='next']/@href")
        if not older:
            break
        page = site.visitor().get(older[0])
    assert len(seen) == len(set(seen)) == 2 * views.POSTS_SHOWN + 1
    assert page.select(f"//nav[@aria-label='Posts']//a[@href='/people/{ada.id}']")


@pytest.mark.parametrize(
    "path", ["/people/99999", "/people/0", "/people/ada", f"/people/{2**31}", f"/people/{2**63}"]
)
def test_nobody_there(site: Site, path: str) -> None:
    site.visitor().get(path, 404)


@pytest.mark.parametrize("before", ["x", "-1", "1.5", str(2**31), "9" * 40, "٣"])
def test_a_page_of_posts_before_nonsense_is_not_there(site: Site, before: str) -> None:
    ada = make_person()
    site.visitor().get(f"/people/{ada.id}?before={before}", 404)


def test_before_an_address_is_confirmed_only_its_owner_sees_the_page(site: Site) -> None:
    ada = make_person(confirmed=False)
    site.visitor().get(f"/people/{ada.id}", 404)
    site.browser(make_person()).get(f"/people/{ada.id}", 404)
    site.browser(ada).get(f"/people/{ada.id}")
    site.browser(make_person(role="team")).get(f"/people/{ada.id}")
    ada.confirm()
    site.commit()
    site.visitor().get(f"/people/{ada.id}")


def test_someone_who_was_imported_has_a_page(site: Site) -> None:
    person = User(name="Chris from before", position="governor", imported_as="old:7", created_at=now())
    db.session.add(person)
    site.commit()
    assert "Chris from before" in site.visitor().get(f"/people/{person.id}").words


def test_a_new_school_shows_at_once(site: Site) -> None:
    ada = make_person(school="Old School")
    browser = site.visitor()
    assert "Old School" in browser.get(f"/people/{ada.id}").text
    ada.describe(name="Ada Obi", position="teacher", phase="primary", school="New School", disclosure="named")
    site.commit()
    page = browser.get(f"/people/{ada.id}")
    assert "New School" in page.text
    assert "Old School" not in page.text


def facts(page: object) -> dict[str, str]:
    """The counts on a person's page."""
    rows = page.select("//div[contains(@class, 'summary-list__row')]")  # type: ignore[attr-defined]
    found = {row.xpath("string(dt)"): row.xpath("string(dd)") for row in rows}
    return {name: found[name] for name in ("Posts", "Threads started")}


# Resources


def test_every_resource_is_there_with_its_address_as_text(site: Site) -> None:
    page = site.visitor().get("/resources")
    resources = db.session.scalars(Resource.in_order()).all()
    assert len(resources) == 13
    for resource in resources:
        (row,) = page.select(f"//li[@id='{resource.slug}']")
        assert resource.name in row.text_content()
        assert resource.provider in row.text_content()
        assert resource.address in site.visitor().get(f"/resources/{resource.slug}").words
    assert not page.select("//main//a[contains(@href, 'dfes')]")
    assert page.select("//main//a[@href='/prompts/resources']")


# What machines ask for


def test_robots_keep_out_of_what_is_not_for_reading(site: Site) -> None:
    page = site.visitor().get("/robots.txt")
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    for path in ("/account", "/drafts", "/team", "/posts/*/edit"):
        assert f"Disallow: {path}\n" in page.text
    assert page.text.endswith(f"\n\nSitemap: {HOME}/sitemap.xml\n")


def test_the_sitemap_of_an_empty_site_has_its_standing_pages(site: Site) -> None:
    assert addresses(site.visitor(), "/sitemap.xml") == ["/sitemap-0.xml"]
    listed = addresses(site.visitor(), "/sitemap-0.xml")
    assert len(listed) == len(set(listed))
    assert {*STANDING, "/prompts/what-more", "/components/school-organisation", "/feeds"} <= set(listed)
    site.visitor().get("/sitemap-1.xml", 404)


def test_the_sitemap_names_each_thread_once_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "BLOCK", 3)
    ada, team = make_person(), make_person(role="team")
    threads = [make_thread(ada, title=f"Thread & number {n}") for n in range(14)]
    for gone in (*threads[3:9], threads[10]):
        gone.hide(team, "spam")
    site.commit()
    parts = addresses(site.visitor(), "/sitemap.xml")
    assert parts == ["/sitemap-0.xml", "/sitemap-1.xml", "/sitemap-4.xml", "/sitemap-5.xml"]
    found = [path for part in parts[1:] for path in addresses(site.visitor(), part)]
    assert found == [f"/threads/{t.id}-{t.slug}" for t in threads if not t.is_hidden]
    for path in found:
        site.visitor().get(path)
    site.visitor().get("/sitemap-2.xml", 404)
    site.visitor().get("/sitemap-6.xml", 404)
    site.visitor().get(f"/sitemap-{2**31}.xml", 404)


def test_the_sitemap_does_not_date_a_thread_by_its_authors_move_to_another_school(site: Site) -> None:
    ada = make_person()
    make_thread(ada, disclosure="role-only")
    before = site.visitor().get("/sitemap-1.xml").text
    ada.describe(name="Ada Obi", position="teacher", phase="primary", school="New School", disclosure="named")
    site.commit()
    assert site.visitor().get("/sitemap-1.xml").text == before


def test_health_asks_nothing_of_the_database(site: Site) -> None:
    with counted() as ran:
        page = site.visitor().get("/health")
    assert (page.text, ran) == ("alive\n", [])
    assert page.headers["Cache-Control"] == "no-store"


def test_ready_once_there_is_a_conversation_and_a_worker(site: Site) -> None:
    assert "flask worker" in site.visitor().get("/ready", 503).text
    Heartbeat.beat("a worker")
    site.commit()
    assert site.visitor().get("/ready").text == "ready\n"
    db.session.execute(text("DELETE FROM conversation"))
    site.commit()
    assert "flask conversation load" in site.visitor().get("/ready", 503).text


def test_not_ready_where_the_tables_are_missing(site: Site) -> None:
    db.session.execute(text("ALTER TABLE conversation RENAME TO elsewhere"))
    site.commit()
    try:
        assert "flask db upgrade" in site.visitor().get("/ready", 503).text
    finally:
        db.session.execute(text("ALTER TABLE elsewhere RENAME TO conversation"))
        site.commit()


def test_metrics_count_what_was_answered(site: Site) -> None:
    site.visitor().get("/cookies")
    site.visitor().get("/people/99999", 404)
    told = site.visitor().get("/metrics").text
    assert 'forum_requests_total{endpoint="pages.cookies",method="GET",status="200"}' in told
    assert 'forum_requests_total{endpoint="pages.person",method="GET",status="404"}' in told
    assert 'forum_request_seconds_bucket{endpoint="pages.cookies",le="0.01"}' in told


def test_an_unknown_method_is_counted_under_no_name_of_its_own(site: Site) -> None:
    site.visitor().client.open("/", method="GRUMBLE")
    assert "GRUMBLE" not in site.visitor().get("/metrics").text


@pytest.mark.parametrize(
    "asked",
    [
        {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}},
        {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
    ],
)
def test_metrics_are_for_this_machine_alone(site: Site, asked: dict[str, dict[str, str]]) -> None:
    site.visitor().get("/metrics", 404, **asked)


# Lean


@pytest.mark.parametrize("path", ["/", "/people/{ada}", "/sitemap.xml", "/sitemap-1.xml"])
def test_the_number_of_queries_does_not_grow(site: Site, path: str) -> None:
    ada = make_person()
    path = path.format(ada=ada.id)

    def queries() -> int:
        site.app.wsgi_app.forget()  # type: ignore[attr-defined]
        site.visitor().get("/about")
        with counted() as ran:
            site.visitor().get(path)
        return len(ran)

    make_reply(make_thread(ada), ada)
    few = queries()
    for n in range(19):
        make_reply(make_thread(ada, prompt=("resources", "what-more")[n % 2]), ada)
    db.session.execute(update(Thread).values(pinned=False))
    site.commit()
    assert queries() == few <= 6
