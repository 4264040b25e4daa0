"""What people type becomes HTML that is safe, quick to make, and has every word in it."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import nh3
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.core import markup
from forum.core.markup import absolute, clean_text, extract, quote, render

ATTACKS = Path(__file__).parents[2] / "shared/data/xss.jsonl"
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start"}}


def parsed(html):
    """`html` as a browser reads it; an error of well-formedness fails the test."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(html)


def text_of(html):
    return "".join(parsed(html).itertext())


def check_safe(html):
    for element in parsed(html).iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in markup.TAGS, html
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), html
        assert element.tag != "a" or element.get("rel") == "nofollow ugc noopener"
        if "href" in element.attrib:
            assert re.match(r"https?://[^/\\]|mailto:[^/]|/(?![/\\])", element.get("href"), re.I), html


def link(address, text=None):
    return f'<a href="{escape(address)}" rel="nofollow ugc noopener">{text or escape(address)}</a>'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>"),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("one  \ntwo", "<p>one<br>\ntwo</p>"),
        ("> a\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("***", "<hr>"),
        ("    a <b>", "<pre><code>a &lt;b&gt;\n</code></pre>"),
        ("```python\na\n```", "<pre><code>a\n</code></pre>"),
        (r"\*a\* &copy; &lt;", "<p>*a* © &lt;</p>"),
        ("a*b*c snake_case_word", "<p>a<em>b</em>c snake_case_word</p>"),
    ],
)
def test_commonmark(source, html):
    assert render(source).strip() == html


def test_headings_start_below_those_of_the_page():
    levels = [
        element.tag for element in parsed(render("# a\n## b\n### c\n#### d\n##### e\n###### f\n\ng\n=="))
    ]
    assert levels == ["h3", "h4", "h5", "h6", "h6", "h6", "h3"]


def test_table_has_no_style():
    html = render("|a|b|\n|:-|-:|\n|1|2|")
    assert "<th>a</th>" in html
    assert "<td>2</td>" in html
    assert "style" not in html


def test_typed_html_is_shown_as_text():
    assert text_of(render('<b onclick="x">hi</b> <script>alert(1)</script>\n\n<div>\n')) == (
        '<b onclick="x">hi</b> <script>alert(1)</script>\n<div>\n'
    )


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("[a](http://x.uk/)", link("http://x.uk/", "a")),
        ("[a](/threads/12)", link("/threads/12", "a")),
        ("[a](mailto:b@x.uk)", link("mailto:b@x.uk", "a")),
        ("[](http://x.uk)", link("http://x.uk")),
        ("<http://x.uk>", link("http://x.uk")),
        ("http://x.uk/?a=1&b=2.", link("http://x.uk/?a=1&b=2") + "."),
        ("(http://x.uk/a_(b))", "(" + link("http://x.uk/a_(b)") + ")"),
        ("http://x.uk/__main__.html", link("http://x.uk/__main__.html")),
        ("www.x.uk!", link("http://www.x.uk", "www.x.uk") + "!"),
        ("ada.b@x.sch.uk", link("mailto:ada.b@x.sch.uk", "ada.b@x.sch.uk")),
        ("[a][b]\n\n[b]: http://x.uk", link("http://x.uk", "a")),
        ("[a]()", "a"),
    ],
)
def test_links(source, html):
    assert render(source).strip() == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:x", "vbscript:x", "data:text/html,x", "file:///x", "ftp://x.uk"),
        *("//x.uk", "https:", "http:///x", "java&#x0A;script:x", "&#106;avascript:x", "mailto:"),
        *("relative/path", "#part", "?q=1"),
    ],
)
def test_other_addresses_stay_text(address):
    for source in (f"[a]({address})", f"![a]({address})", f"<{address}>", f"[a]: {address}\n\n[a]", address):
        assert "<a" not in render(source)


def test_an_address_longer_than_a_browser_takes_stays_text():
    address = "http://x.uk/" + "a" * 3000
    assert render(f"{address} [b]({address})").count(address) == 2
    assert "<a" not in render(f"{address} [b]({address})")


def test_images_are_links():
    assert (
        render("![a *b*](http://x.uk/c.png)").strip() == f"<p>{link('http://x.uk/c.png', 'a <em>b</em>')}</p>"
    )
    assert render("![](http://x.uk/c.png)").strip() == f"<p>{link('http://x.uk/c.png')}</p>"


def test_no_link_inside_a_link():
    assert render("[![a](http://x.uk)](http://y.uk)").strip() == f"<p>{link('http://y.uk', 'a')}</p>"
    assert render("![a [b](http://x.uk)](http://y.uk)").strip() == f"<p>{link('http://y.uk', 'a b')}</p>"


@pytest.mark.parametrize(
    "source",
    [
        "> " * 60 + "word",
        "- " * 60 + "word",
        "1. > " * 60 + "word",
        "*a " * 60 + "word" + " a*" * 60,
        "[" * 200 + "word" + "](http://x.uk)" * 200,
        "![" * 200 + "word" + "](http://x.uk)" * 200,
        "|a|\n|-|\n|b|word|",
        "[note]: word",
        "[a]: http://x.uk\n[a]: http://y.uk/word\n\n[a]",
        '[a]: /u "word"',
        "``` a word\nb\n```",
        "~~~word",
        "#word",
        "a\x0cword",
        "# word #",
        "word\n" * 20_000,
        "[word](",
    ],
)
def test_no_word_is_lost(source):
    html = render(source)
    check_safe(html)
    assert re.findall(r"\bword\b", text_of(html)) == re.findall(r"\bword\b", source)


def test_a_text_with_too_many_marks_is_shown_as_typed():
    html = render("*a* <b>\n\n" * 2000)
    assert text_of(html) == "\n".join(["*a* <b>"] * 2000)
    check_safe(html)


def test_links_cannot_multiply_what_is_typed():
    source = "[a]: http://x.uk/" + "x" * 1900 + "\n\n" + "[a] " * 2000
    assert len(render(source)) < 250_000


def test_forbidden_characters_go():
    source = "a\0b\x01c\ud800d\ufffee\ufdd0f\x7fg\U0001fffeh"
    assert clean_text(source) == "abcdefgh"
    ElementTree.fromstring(f"<a>{clean_text(source)}</a>")
    assert clean_text("a\r\nb\rc\td\n") == "a\nb\nc\td\n"


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e")
def test_overrides_go_however_they_are_typed(character):
    for typed in (character, f"&#{ord(character)};", f"&#x{ord(character):x};"):
        assert character not in render(f'a{typed}b `{typed}` [c](/d "{typed}")')


def test_isolates_end_with_their_line():
    assert clean_text("\u2067a\nb\u2069 \u2068c\u2069\n\u200fd") == "\u2067a\u2069\nb \u2068c\u2069\n\u200fd"
    assert render("a &#x2067;b").count("\u2067") == render("a &#x2067;b").count("\u2069")


def test_absolute_changes_our_own_addresses_alone():
    html = render('[a](/threads/1 "href=/b") href="/c" http://x.uk/d mailto:e@x.uk')
    made = absolute(html, "https://forum.example")
    assert made == str(html).replace('href="/threads', 'href="https://forum.example/threads', 1)
    assert hasattr(made, "__html__")


def test_extract():
    html = render("# Title\n\n- one\n- t*w*o <b>\n\nfoo|bar\n-|-\n1|2")
    assert extract(html) == "Title one two <b> foo bar 1 2"
    assert extract(render("word " * 100), 23) == "word word word word…"
    assert extract(render("w" * 100), 10) == "w" * 9 + "…"
    assert not hasattr(extract(html), "__html__")


def test_quote():
    source = quote("Hi *you*\n\n- a", "Ada *B* (www.x.uk) <http://x.uk> [c](http://d.uk) & `e`\nf")
    assert source.endswith(" wrote:\n\n> Hi *you*\n>\n> - a\n\n")
    html = render(source + "My answer")
    byline, quoted, answer = parsed(html)
    assert "".join(byline.itertext()) == "Ada *B* (www.x.uk) <http://x.uk> [c](http://d.uk) & `e` f wrote:"
    assert [element.tag for element in byline] == ["strong"]
    assert quoted.tag == "blockquote"
    assert answer.text == "My answer"


def test_column_takes_rendered_html_alone():
    table = sa.Table("post", sa.MetaData(), sa.Column("html", markup.SafeHTML))
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(html=render("*a*")))
        connection.execute(table.insert().values(html=None))
        rows = connection.scalars(sa.select(table.c.html)).all()
        assert rows == ["<p><em>a</em></p>\n", None]
        assert hasattr(rows[0], "__html__")
        assert connection.scalar(sa.select(sa.func.count()).where(table.c.html.is_(None))) == 1
        assert connection.scalar(sa.select(sa.func.count()).where(table.c.html == render("*a*"))) == 1
        with pytest.raises(sa.exc.StatementError, match="SafeHTML takes Markup"):
            connection.execute(table.insert().values(html="<script>"))


@pytest.mark.skipif(not ATTACKS.exists(), reason=f"the attacks are not at {ATTACKS}")
def test_attacks():
    with ATTACKS.open(encoding="utf-8") as lines:
        payloads = [json.loads(line)["payload"] for line in lines]
    assert len(payloads) > 1000
    for payload in payloads:
        for source in (payload, f"[a]({payload})", f"![{payload}]({payload})", f"[a]: {payload}\n\n[a]"):
            check_safe(render(source))


marked = st.text(
    st.sampled_from(
        [*"ab\n \t*_~`<>[]()!&|\"'\\:@#-+=.0;/", "\u2067", "\u2069", "\u202e", "é", "\0", "\ud800"]
    )
)
pieces = st.lists(
    st.sampled_from(
        [
            *("[a](", "![", "](/u)", "\n> ", "\n- ", "\n1. ", "\n\n", "http://x.uk/", "www.x.uk", "a@x.uk"),
            *("**", "`", "\n[a]: /u 't'\n", "|a|b|\n|-|-|\n|c|d|e|\n", "~~", "<b>", "&lt;", "&#x202e;"),
            *("javascript:", "\n```\n", "\n    ", "\n# ", " ", "word", "<http://x.uk>", "\\", '"', "[a]"),
        ]
    )
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.text() | marked | pieces)
def test_any_text_is_rendered_safely(source):
    html = render(source)
    check_safe(html)
    again = nh3.clean(
        html,
        tags=set(markup.TAGS),
        attributes=markup.ATTRIBUTES,
        url_schemes=set(markup.SCHEMES),
        link_rel=markup.REL,
    )
    assert again == html
    assert absolute(html, "https://forum.example").count("<a ") == html.count("<a ")
    assert len(extract(html)) <= 200
    assert clean_text(clean_text(source)) == clean_text(source)


def test_threads_render_at_once():
    sources = [f'[a{n}](http://x.uk/?a&b "c") <b> *d* {n}' for n in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(render, sources)) == [render(source) for source in sources]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("abé \n>*_~#|-=")))
def test_every_letter_survives(source):
    letters = re.findall("[abé]", source)
    assert re.findall("[abé]", text_of(render(source))) == letters


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(categories=["L"])), st.text(st.sampled_from("ab*_`\n>[]()<>&!\\#:/@.-")))
def test_a_byline_cannot_make_markup(name, marks):
    byline, *_ = parsed(render(quote("a", f"x{name}{marks}")))
    assert byline.tag == "p"
    assert [element.tag for element in byline.iter()] == ["p", "strong"]


SIZE = 100_000


def filled(unit):
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


# What has slowed Markdown and HTML parsers down, over and over: 100 KB of each.
REPEATED = [
    *(
        ">",
        "> ",
        "- ",
        "1. ",
        "> - ",
        "> 1. - ",
        "- a\n",
        "1.     a\n",
        "- - - - - a\n",
        ">>>>> a\n",
        "-\n\n",
    ),
    *("[", "[]", "[a", "[a](", "[a](b)", "[a](<b", "[a](b 'c ", "![", "![[]()", "[a](http://b.uk) ", "[a]["),
    *("*", "*a_ ", "*a_", "*a ", "a* ", "a**b", "*_~~", "_ _", "~~", "~~a", "`", "`a", "```\n", "~~~a\n"),
    *("<", "<a", "<!--", "<?", "<![CDATA[", "<b>x</b>", "<a href='", "<http:", "<a@b.uk>", "<script>", '"'),
    *("&", "&amp;", "&#1;", "&lt;", "&a", "&copy ", "&#x10FFFF;", "&CounterClockwiseContourIntegral;"),
    *(
        "www.a.b.",
        "www.",
        "http://",
        "http://a.b ",
        "http://a",
        "://",
        "a://",
        "a@",
        "a@b.uk ",
        "a@b.",
        "a.uk ",
    ),
    *("http://é.fr ", "http://a:b@c", "mailto:a@b", "a-", "a.", "1.1.1.", "http://a.b/?a=b&", "a.b.c.d@"),
    *("|", "|a|b|\n|-|-|\n", "a|b\n-|-\n", "|:\n", "a|b\n-|-\n1|2\n\n"),
    *(
        "[a]: b\n",
        "[a]: b 'c\n",
        "[a]:\n",
        "[a\n",
        "# a\n",
        "#",
        "a\n",
        "\n",
        "a\n\n",
        "***\n",
        "a\n=\n",
        "a\\\n",
    ),
    *(
        "\\",
        "\\*",
        "    a\n",
        "\t",
        " ",
        "\0",
        "\u2066",
        "a\u2067b\u2069",
        "👍🏽",
        "a\u0301\u0302",
        "a",
        "word ",
    ),
]
SHAPED = {
    "brackets": "[" * 50_000 + "]" * 50_000,
    "links in links": "[" * 30_000 + "a" + "](b)" * 17_000,
    "images in images": "![" * 20_000 + "a" + "](b)" * 15_000,
    "few images in images": "![" * 1500 + "a" * 90_000 + "](b)" * 1500,
    "emphasis in emphasis": "*" * 50_000 + "a" + "*" * 49_999,
    "little emphasis in emphasis": "*" * 2900 + "a" * 94_000 + "*" * 2900,
    "strong opened, then closed": "**a " * 12_500 + "b** " * 12_500,
    "quotes that deepen": "\n".join(">" * depth + " a" for depth in range(1, 440)),
    "list that deepens": "\n".join("  " * depth + "- a" for depth in range(310)),
    "backticks that grow": "".join("e" + "`" * length for length in range(1, 440)),
    "backticks that grow twice": "".join("e" + "`" * length for length in range(1, 75)) * 2 + "a" * 94_000,
    "table of 10,000 columns": "|" + "a|" * 16_000 + "\n|" + "-|" * 16_000 + "\n|" + "b|" * 16_000,
    "table of 10,000 rows": "|a|b|\n|-|-|\n" + "|c|d|\n" * 16_000,
    "table of empty cells": "|" + "a|" * 256 + "\n|" + "-|" * 256 + "\n" + "|\n" * 49_000,
    "definitions": "".join(f"[{n}]: /u\n" for n in range(9000)),
    "definitions and uses": "".join(f"[a{n}]: /u\n" for n in range(900))
    + "\n"
    + "".join(f"[a{n}] " for n in range(900)) * 2,
    "one long definition": "[a]: http://b.uk/" + "x" * 1900 + "\n\n" + "[a] " * 2900,
    "one long title": "[a]: /u '" + "x" * 80_000 + "'\n\n" + "[a] " * 2900,
    "long label": "[x]: /u\n\n" + "[" * 2900 + "a" * 94_000 + "]" * 2900,
    "long scheme": "a" * 50_000 + "://" * 2900,
    "address and brackets": "http://a.uk/" + ")" * 99_000,
    "address and quotes": "http://a.uk/" + "'" * 99_000,
    "dense, below the limit": ("http://a.b.uk " * 5900)[:82_000],
    "dense list, below the limit": "- a\n" * 2900 + "word " * 17_000,
    "dense paragraphs, below the limit": "a\n\n" * 2900 + "word " * 17_000,
    "dense code in lists, below the limit": "1.     a\n" * 1990 + "word " * 16_000,
    "dense tables, below the limit": "a|b\n-|-\n" * 660 + "word " * 17_000,
    "dense people, below the limit": "a@b.uk " * 5900 + "word " * 11_000,
}


@pytest.mark.parametrize(
    "source",
    [pytest.param(filled(unit), id=ascii(unit)) for unit in REPEATED]
    + [pytest.param(source, id=name) for name, source in SHAPED.items()],
)
def test_worst_texts_are_rendered_in_time(source):
    started = time.process_time()
    html = render(source)
    assert time.process_time() - started < 5
    assert len(html) < 12 * SIZE
