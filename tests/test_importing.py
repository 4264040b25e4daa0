"""Posts from elsewhere: what comes in, under which name and date, and what happens the second time."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.markup import clean_text, render
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.seed.headers import date_of, name_and_key
from forum.seed.importing import Import
from forum.seed.lines import LONGEST_LINE, lines_of
from forum.seed.plain_text import from_plain_text
from tests.browser import Site
from tests.conftest import After
from tests.factories import make_person, make_reply

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "discussion.jsonl"


@pytest.fixture
def sample() -> list[bytes]:
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE} is not here")
    return real_posts()


def real_posts() -> list[bytes]:
    """More than one batch of them."""
    with SAMPLE.open("rb") as file:
        return list(islice(lines_of(file), 700))


def bring_real_posts_in() -> Import:
    return bring_in(real_posts())


# The real thing


def test_real_posts_come_in_whole(site: Site, after: After, sample: list[bytes]) -> None:
    run = after(bring_real_posts_in)
    good = [found for line in sample if (found := json.loads(line))["body"].strip()]
    assert run.posts == len(good) == count(Post)
    assert run.threads == len({found["thread"] for found in good}) == count(Thread)
    assert run.bad == {"empty body": len(sample) - len(good)}
    assert all(
        html == render(source)
        for source, html in db.session.execute(select(Post.source, Post.html).limit(200))
    )
    for thread in db.session.scalars(select(Thread)):
        posts = list(
            db.session.scalars(select(Post).where(Post.thread_id == thread.id).order_by(Post.number))
        )
        theirs = [found for found in good if f"your-practice:{found['thread']}" == thread.imported_as]
        assert [post.number for post in posts] == list(range(1, len(theirs) + 1))
        assert thread.posts_count == len(posts)
        assert [post.published_at for post in posts] == [date_of(found["date"]) for found in theirs]
        assert thread.last_post_at == max(post.published_at for post in posts)
        assert thread.created_at == posts[0].published_at
        assert not thread.title.lower().startswith("re:")


def test_a_second_run_adds_nothing(site: Site, after: After, sample: list[bytes]) -> None:
    first = after(bring_real_posts_in)
    before = everything()
    second = bring_in(sample)
    assert (second.posts, second.threads, second.people, second.already) == (0, 0, 0, first.posts)
    assert everything() == before


def test_a_run_that_was_stopped_half_way_is_completed(site: Site, sample: list[bytes]) -> None:
    def stops() -> Iterator[bytes]:
        yield from sample[:640]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_in(stops())
    db.session.rollback()
    half = count(Post)
    assert 0 < half < 640
    rest = bring_in(sample)
    assert rest.already == half
    stopped = everything()

    for table in reversed(db.metadata.sorted_tables):
        if table.name in ("posts", "threads"):
            db.session.execute(table.delete())
    db.session.commit()
    bring_in(sample)
    assert everything() == stopped


def test_nobody_can_sign_in_as_an_imported_person_or_see_their_address(
    site: Site, after: After, sample: list[bytes]
) -> None:
    after(bring_real_posts_in)
    for user in db.session.scalars(select(User)):
        assert (user.email, user.email_key, user.password_hash, user.position, user.school) == (None,) * 5
        assert "@" not in user.name
        assert "@" not in (user.imported_as or "")
        assert user.byline() == user.name


def test_the_pages_of_imported_threads(site: Site, after: After, sample: list[bytes]) -> None:
    after(bring_real_posts_in)
    visitor = site.visitor()
    visitor.get("/prompts/your-practice")
    for id, slug in list(db.session.execute(select(Thread.id, Thread.slug).limit(40))):
        visitor.get(f"/threads/{id}-{slug}")


# The command


def test_the_command_reports_and_goes_on(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(line(body="Good") + b"not json\n" + line(body="Also good", date=None))
    answer = site.app.test_cli_runner().invoke(
        args=["conversation", "import", str(file), "--prompt", "resources"]
    )
    assert answer.exit_code == 0, answer.output
    assert answer.stderr == "Line 2: not JSON\n"
    assert answer.stdout.splitlines() == [
        "3 lines read: 2 posts added, 0 were there already.",
        "1 threads and 1 people are new.",
        "Left out: 1: not JSON.",
        "Kept: 1: no date: given that of the post before.",
    ]
    log = db.session.scalars(select(Activity)).one()
    assert log.verb == "conversation.imported"
    assert log.detail == {"posts": 2, "threads": 1, "people": 1, "left out": 1}


def test_the_command_says_what_is_wrong(site: Site, tmp_path: Path) -> None:
    runner = site.app.test_cli_runner()
    missing = runner.invoke(
        args=["conversation", "import", str(tmp_path / "none.jsonl"), "--prompt", "resources"]
    )
    assert missing.exit_code == 1
    assert "none.jsonl cannot be read: No such file or directory." in missing.stderr
    folder = runner.invoke(args=["conversation", "import", str(tmp_path), "--prompt", "resources"])
    assert folder.exit_code == 1
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"{}\n")
    unknown = runner.invoke(args=["conversation", "import", str(file), "--prompt", "nonsense"])
    assert unknown.exit_code == 1
    assert "The prompts are: your-practice, resources, what-more." in unknown.stderr
    useless = runner.invoke(args=["conversation", "import", str(file), "--prompt", "resources"])
    assert useless.exit_code == 1
    assert "No line could be imported." in useless.stderr


# Lines


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'"words"\n', "not a JSON object"),
        (json.dumps({"body": "x", "subject": "x"}).encode(), "no thread"),
        (json.dumps({"body": "x", "thread": ["x"]}).encode(), "thread is not text"),
        (json.dumps({"body": "x", "thread": True}).encode(), "thread is not text"),
        (json.dumps({"thread": "x", "body": 7}).encode(), "body is not text"),
        (json.dumps({"thread": "x", "body": "x", "subject": {}}).encode(), "subject is not text"),
        (json.dumps({"thread": "x", "body": "x", "author": 7}).encode(), "author is not text"),
        (json.dumps({"thread": "x"}).encode(), "empty body"),
        (json.dumps({"thread": "x", "body": " \x07\n\t"}).encode(), "empty body"),
        (json.dumps({"thread": "x", "body": "x" * 100_001}).encode(), "body longer than 100,000 characters"),
        (b"x" * (3 * LONGEST_LINE) + b"\n", "longer than 1,048,576 bytes"),
    ],
)
def test_a_bad_line_is_left_out_and_named(site: Site, bad: bytes, why: str) -> None:
    told: list[tuple[int, str]] = []
    file = io.BytesIO(line(body="Before") + bad.rstrip(b"\n") + b"\n" + line(body="After"))
    run = bring_in(lines_of(file), told)
    assert told == [(2, why)]
    assert (run.posts, run.lines) == (2, 3)


def test_lines_that_say_the_same_are_as_many_posts(site: Site) -> None:
    twice = [line(body="Me too"), line(body="Me too"), line(body="Not me")]
    assert bring_in(twice).posts == 3
    assert bring_in(twice).posts == 0
    assert bring_in([*twice, line(body="Me too")]).posts == 1


def test_the_same_file_under_another_prompt_is_other_threads(site: Site) -> None:
    assert bring_in([line()]).posts == 1
    assert bring_in([line()], prompt="resources").posts == 1
    assert count(Thread) == 2
    assert count(User) == 1


def test_a_thread_goes_on_where_people_have_answered_meanwhile(site: Site) -> None:
    bring_in([line(body="One")])
    thread = db.session.scalars(select(Thread)).one()
    answered = make_reply(thread, text="Two, written here").published_at
    version = thread.version
    bring_in(
        [line(body="One"), line(body="Three", date="1993-05-01T10:00:00+00:00"), line(body="Four", date=None)]
    )
    db.session.expire_all()
    dates = {
        row.number: row.published_at for row in db.session.execute(select(Post.number, Post.published_at))
    }
    assert dates[3] == dates[4] == datetime(1993, 5, 1, 10, tzinfo=UTC)
    assert thread.posts_count == 4
    assert thread.last_post_at == answered
    assert thread.version == version + 1


def test_a_thread_that_was_moved_keeps_its_prompt_and_its_components_their_order(site: Site) -> None:
    bring_in([line(body="One")])
    thread = db.session.scalars(select(Thread)).one()
    to = db.session.scalars(select(Prompt).where(Prompt.slug == "what-more")).one()
    thread.move(make_person(role="team"), to)
    thread.carry(list(db.session.scalars(select(Component).limit(1))))
    db.session.commit()
    version = to.version
    bring_in([line(body="Two", date="1994-05-01T10:00:00+00:00")])
    db.session.expire_all()
    assert set(db.session.scalars(select(Post.prompt_id).where(Post.thread_id == thread.id))) == {to.id}
    assert to.version == version + 1
    carried = select(ThreadComponent.last_post_at).where(ThreadComponent.thread_id == thread.id)
    assert db.session.scalar(carried) == thread.last_post_at == datetime(1994, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: Marking", "Marking"),
        ("RE: re[2]: Re^3:Marking", "Marking"),
        ("Reading: how", "Reading: how"),
        ("  Two\nlines\x07 ", "Two lines"),
        ("=?iso-8859-1?Q?Caf=E9?=", "Café"),
        ("x" * 300, "x" * 199 + "…"),
        ("Re: ", "The first words"),
        (None, "The first words"),
    ],
)
def test_a_threads_title(site: Site, subject: str | None, title: str) -> None:
    bring_in([line(subject=subject, body="The first words")])
    assert db.session.scalar(select(Thread.title)) == title


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("p34d@example.org (Patrick Krejcik)", "Patrick Krejcik"),
        ('p34d@example.org  (Craig "Powder" O\'Forest) ', 'Craig "Powder" O\'Forest'),
        ("p34d@example.org(M Lurie) The Liberal", "M Lurie"),
        ('"Name, A." <a@b.example>', "Name, A."),
        ("A Name <a@b.example>", "A Name"),
        ("<ada@b.example>", "ada"),
        ("ada@b.example", "ada"),
        ("ada@b.example ()", "ada"),
        ("ada@b.example (ada@b.example)", "ada"),
        ("relay!host!ada (A Name)", "A Name"),
        ("relay!host!ada", "ada"),
        ("Ada (ada@b.example <x@y.example>)", "Ada"),
        ("=?utf-8?B?w4lsaXNl?= <e@b.example>", "Élise"),
        ("", "Name not given"),
        ("\x07", "Name not given"),
        ("@", "Name not given"),
        ("a@b.example (" + "x" * 300 + ")", "x" * 120),
    ],
)
def test_an_authors_name(author: str, name: str) -> None:
    shown, key = name_and_key(author)
    assert shown == name
    assert len(key) <= 320
    assert "@" not in key


def test_both_ways_to_write_an_author_are_one_person_and_another_name_is_not() -> None:
    assert name_and_key("a@b.example (Ada Obi)")[1] == name_and_key('"Ada Obi" <A@B.example>')[1]
    assert name_and_key("a@b.example (Ada Obi)")[1] != name_and_key("a@b.example (Ben Obi)")[1]


@given(st.text())
def test_no_author_shows_an_address(author: str) -> None:
    name, _ = name_and_key(author)
    assert "@" not in name
    assert 0 < len(name) <= 120


# Dates


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("1993-04-05T18:04:59+00:00", "1993-04-05T18:04:59"),
        ("1993-04-15T09:15:33-07:00", "1993-04-15T16:15:33"),
        ("1993-04-20T19:32:39", "1993-04-20T19:32:39"),
        ("1993-04-20", "1993-04-20T00:00:00"),
        ("Tue, 06 Apr 1993 13:58:07 EDT", "1993-04-06T17:58:07"),
        ("6 Apr 93 13:58 GMT", "1993-04-06T13:58:00"),
        ("Tue Apr  6 13:58:07 1993", "1993-04-06T13:58:07"),
        ("0093-04-06T13:58:07", "1993-04-06T13:58:07"),
    ],
)
def test_dates_that_are_understood(written: str, at: str) -> None:
    assert date_of(written) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        7,
        [],
        "soon",
        "5 Apr",
        "1903-01-01",
        "99 Foo 93 1:1",
        "9999-12-31T23:59:59-10:00",
        "Tue, 06 Apr 93 13:58:07 +9999",
    ],
)
def test_dates_that_are_not(written: Any) -> None:
    assert date_of(written) is None


@given(st.text() | st.datetimes().map(str) | st.dates().map(str))
def test_no_date_stops_an_import(written: str) -> None:
    at = date_of(written)
    assert at is None or at.utcoffset() == timedelta(0)


def test_a_missing_date_is_that_of_the_post_before_and_none_is_in_the_future(site: Site) -> None:
    begun = now()
    run = bring_in(
        [
            line(thread="a", date=None),
            line(thread="b", date="1993-04-05T10:00:00+00:00"),
            line(thread="b", date="not long ago"),
            line(thread="b", date="2999-01-01T00:00:00+00:00"),
            line(thread="c", date="1993-04-07T10:00:00+00:00"),
            line(thread="c", date="1993-04-06T10:00:00+00:00"),
        ]
    )
    dates = list(db.session.scalars(select(Post.published_at).order_by(Post.id)))
    first = datetime(1993, 4, 5, 10, tzinfo=UTC)
    assert begun <= dates[0] <= now()
    assert dates[1:3] == [first, first]
    assert dates[3] == dates[0]
    last: Any = db.session.scalar(select(Thread.last_post_at).where(Thread.imported_as == "your-practice:c"))
    assert last == dates[4] > dates[5]
    assert sum(run.dates.values()) == 3


# Encodings


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"thread": "x", "body": "café"}'.encode(), "café"),
        ('{"thread": "x", "body": "café"}'.encode("latin-1"), "café"),
        (b'\xef\xbb\xbf{"thread": "x", "body": "marked"}', "marked"),
        ('{"thread": "x", "body": "\x93quoted\x94 \x96 so"}'.encode("latin-1"), "“quoted” – so"),
        (b'{"thread": "x", "body": "a\\ud800b\\u0000c\\u001bd"}', "abcd"),
        (b'{"thread": "x\\u0000\\ud800", "author": "\\ud800", "subject": "\\u0000", "body": "odd"}', "odd"),
        (json.dumps({"thread": "x" * 5_000, "body": "long"}).encode(), "long"),
    ],
)
def test_odd_encodings(site: Site, raw: bytes, words: str) -> None:
    assert bring_in([raw]).posts == 1
    html = db.session.scalars(select(Post.html)).one()
    assert lxml.html.fromstring(str(html)).text_content().strip() == words
    assert bring_in([raw]).already == 1


# Plain text as Markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Regards\n-- \nAda Obi\nHead", "<p>Regards<br>\n--<br>\nAda Obi<br>\nHead</p>"),
        ("A title\n=======", "<p>A title<br>\n=======</p>"),
        (
            "> said\n>> before\nanswered",
            "<blockquote>\n<p>said</p>\n<blockquote>\n<p>before</p>\n</blockquote>\n"
            "</blockquote>\n<p>answered</p>",
        ),
        ("    Once upon a time", "<p>Once upon a time</p>"),
        ("1986. A year\n7) Seven", "<p>1986. A year<br>\n7) Seven</p>"),
        ("- one\n- two", "<p>- one<br>\n- two</p>"),
        ("*so* _so_ **so** `so` ~~so~~", "<p>*so* _so_ **so** `so` ~~so~~</p>"),
        ("#include <stdio.h>\n# note", "<p>#include &lt;stdio.h&gt;<br>\n# note</p>"),
        ("a &amp; b \\* c", "<p>a &amp;amp; b \\* c</p>"),
        (
            "name   age   class\nAda    7     Y3",
            "<pre><code>name   age   class\nAda    7     Y3\n</code></pre>",
        ),
        ("[this]: http://a.example/ [it](x)", None),
        ("http://a.example/~x/_y_/*z", None),
    ],
)
def test_plain_text_looks_as_it_was_meant(text: str, html: str | None) -> None:
    shown = render(from_plain_text(text))
    if html is not None:
        assert str(shown).strip() == html
    assert words_of(shown) == squeezed(without_quote_marks(text))


def test_a_full_line_flows_and_a_short_one_ends() -> None:
    text = (
        "This is a line that its writer filled as far as it would reasonably go,\n"
        "so that it had to go on in another.\nThis one did not."
    )
    html = render(from_plain_text(text))
    assert "go,\nso" in html
    assert "another.<br>\nThis" in html


def test_an_address_stays_one_link() -> None:
    html = render(from_plain_text("See http://a.example/_old_/~ada*b, or <http://b.example/x>."))
    links = [link.get("href") for link in lxml.html.fromstring(str(html)).iter("a")]
    assert links == ["http://a.example/_old_/~ada*b", "http://b.example/x"]


def test_no_word_of_the_real_posts_is_lost(sample: list[bytes]) -> None:
    for raw in sample[:300]:
        body = clean_text(json.loads(raw)["body"])
        if body.strip():
            assert words_of(render(from_plain_text(body))) == squeezed(without_quote_marks(body)), body


@given(st.text(alphabet="ab1 \n\t>*_`~#[]()!<&;:|\\-=+.@\"'", max_size=120))
def test_no_word_of_any_text_is_lost(text: str) -> None:
    html = render(from_plain_text(text))
    assert words_of(html).replace(">", "") == squeezed(text).replace(">", "")


def bring_in(lines: Any, told: list[tuple[int, str]] | None = None, prompt: str = "your-practice") -> Import:
    """Import `lines`, which it commits, into a prompt."""
    where = db.session.scalars(select(Prompt).where(Prompt.slug == prompt)).one()
    found: list[tuple[int, str]] = told if told is not None else []
    run = Import(where, lambda number, why: found.append((number, why)))
    for _ in run.take(lines):
        pass
    db.session.expire_all()
    return run


def line(**fields: Any) -> bytes:
    """A good line, but for `fields`."""
    whole = {
        "thread": "t/1",
        "author": "a@b.example (Ada Obi)",
        "subject": "Re: Marking",
        "body": "What do you do?",
        "date": "1993-04-05T18:04:59+00:00",
    }
    return json.dumps({**whole, **fields}).encode() + b"\n"


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def everything() -> list[Any]:
    """Every imported post as it is told apart: where it stands, who wrote what and when."""
    query = (
        select(
            Thread.imported_as,
            Thread.posts_count,
            Thread.title,
            Thread.last_post_at,
            Post.number,
            Post.submission,
            Post.source,
            Post.published_at,
            User.imported_as,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(User, User.id == Post.author_id)
        .order_by(Thread.imported_as, Post.number)
    )
    return [tuple(row) for row in db.session.execute(query)]


def without_quote_marks(text: str) -> str:
    return "\n".join(re.sub(r"^(?: {0,3}> ?){1,10}", "", row.expandtabs(8)) for row in text.split("\n"))


def words_of(html: str) -> str:
    return squeezed(lxml.html.fragment_fromstring(str(html), create_parent="div").text_content())


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
