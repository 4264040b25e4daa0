"""Turns what a person typed into HTML that is safe to show, once, when it is written.

The only file that may say `Markup`. core/markdown makes HTML of it; then bleach, then nh3 with the same
short list, which has the last word. 100 KB of anything is rendered in under a second: a text of which Markdown
would make too much is escaped whole and shown as it was typed.
"""

import html as entities
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import nh3
from bleach.sanitizer import Cleaner
from markupsafe import Markup, escape
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from forum.core.characters import ISOLATE, clean_text
from forum.core.markdown import address_allowed, to_html

__all__ = ("SafeHTML", "absolute", "clean_text", "extract", "marked", "quote", "render", "words_of")

TAGS = frozenset({"a", "br", "code", "em", "s", "strong"})
TAGS |= {"blockquote", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = frozenset({"http", "https", "mailto"})
REL = "nofollow ugc noopener"

_END_OF_BLOCK = re.compile(r"</(?:blockquote|h[1-6]|li|p|pre|t[dhr]|table)>|<[bh]r ?/?>")


def render(source: str, people: Mapping[str, int] | None = None) -> Markup:
    """The safe HTML of `source` (Markdown). `people` are the names that lead to a person's page after an @, by id."""
    source = clean_text(source)
    html = to_html(source, people)
    safer = _bleached(html) if html is not None else _as_typed(source)
    return Markup(_sanitise(safer))  # noqa: S704


def extract(html: str, length: int = 200) -> str:
    """The words of rendered `html` as plain text, cut at a word to at most `length` characters.

    A plain str, not escaped: for a feed's summary or a page's description.
    """
    text = words_of(html)
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    if not text[length - 1].isspace() and " " in cut:
        cut = cut.rpartition(" ")[0]
    return cut.rstrip(" ,;:.-–—") + "…"


def words_of(html: str, quotations: bool = True) -> str:
    """All the words of rendered `html` as plain text in one line, or those that are not quoted. Not escaped."""
    spaced = _END_OF_BLOCK.sub(r"\g<0> ", str(html))
    left_out = {"script", "style", *(() if quotations else ("blockquote",))}
    bare = nh3.clean(spaced, tags=set(), attributes={}, clean_content_tags=left_out)
    text = clean_text(entities.unescape(bare))
    return " ".join(ISOLATE.sub("", text).split())


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Plain `text`, escaped, with a <mark> around each of `spans`: (start, end) in characters, in order and apart."""
    pieces, done = [], 0
    for start, end in spans:
        pieces += [escape(text[done:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        done = end
    return Markup("").join([*pieces, escape(text[done:])])


def absolute(html: Markup, base: str) -> Markup:
    """`html` with our own addresses ("/threads/12") made absolute under `base` ("https://forum.example")."""
    return Markup(_sanitise(html, ("rewrite_with_base", base)))  # noqa: S704


def quote(source: str, byline: str) -> str:
    """The Markdown that starts a reply to `source`: who wrote it, and every line of it quoted."""
    name = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(clean_text(byline).split()))
    lines = clean_text(source).strip("\n").split("\n")
    quoted = "\n".join(f"> {line}" if line else ">" for line in lines)
    return f"**{name}** wrote:\n\n{quoted}\n\n" if name else f"{quoted}\n\n"


class SafeHTML(TypeDecorator[Markup]):
    """A column of rendered HTML: takes `Markup` only, so that no unrendered text gets in by mistake."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Markup):
            raise TypeError(f"SafeHTML takes Markup from markup.render, not {type(value).__name__}")
        return str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Markup | None:
        return None if value is None else Markup(value)  # noqa: S704


def _as_typed(source: str) -> str:
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", source.strip("\n"))
    return "\n".join("<p>" + str(escape(each)).replace("\n", "<br>\n") + "</p>" for each in paragraphs)


class _Bleach(threading.local):
    """One bleach for each thread: it costs as much to make as a short text to clean, and has a state."""

    def __init__(self) -> None:
        attributes = {tag: sorted(names) for tag, names in ATTRIBUTES.items()}
        self.cleaner = Cleaner(tags=TAGS, attributes=attributes, protocols=SCHEMES)


def _bleached(html: str) -> str:
    return str(_bleach.cleaner.clean(html))


def _sanitise(html: str, relative: Any = "pass_through") -> str:
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute_allowed,
        url_schemes=set(SCHEMES),
        url_relative=relative,
        link_rel=REL,
    )


def _attribute_allowed(tag: str, name: str, value: str) -> str | None:
    if name == "href" and not address_allowed(value):
        return None
    if name == "start" and not re.fullmatch(r"[0-9]{1,9}", value):
        return None
    return value


_bleach = _Bleach()
