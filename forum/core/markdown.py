"""CommonMark as this forum reads it: with tables, strikethrough and links made of bare addresses.

No word that was typed is lost:

- quotes and lists inside each other are shown as typed below `DEEPEST`, emphasis inside emphasis just stops;
- a row's cells beyond the table's last column stay in the last cell, a definition that no link uses stays
  visible, so do words behind a code fence, and an address that may not be a link stays text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block, table
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from forum.core.characters import clean_text

LANGUAGES = frozenset({"bash", "basic", "css", "csv", "html", "java", "javascript", "js", "json", "latex"})
LANGUAGES |= {"logo", "markdown", "md", "php", "python", "scratch", "sh", "sql", "text", "xml", "yaml"}

MARKS = 6_000
DEEPEST = 20
LONGEST_ADDRESS = 2_000

_MARK = re.compile(r"""[\[\]!*_~`<>&|"\\@:#\n\t]|[-+](?=\s)|[0-9][.)](?=\s)|[ ]{4,}|www\.""", re.IGNORECASE)
_TABLE_RULE = re.compile(r"[ \t>]*[|:-][|: \t-]*")
_ADDRESS_ALLOWED = re.compile(
    r"(?:https?://[^\s/?#\\]+|mailto:[^\s@]+@[^\s@]|/(?![/\\]))[^\s\\]*", re.IGNORECASE
)
_TAIL = r"""[^\s<>\[\]\\"`|\u2066-\u2069]+"""
_ADDRESS = re.compile(
    rf"(?<![\w.@/+-])(?:(?P<web>https?://[^\W_]{_TAIL}|www\.[^\W_]{_TAIL})"
    r"|(?P<mail>[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63})(?![\w@-]))",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?<![\w.@/+-])https?\Z", re.IGNORECASE)


def to_html(source: str, people: Mapping[str, int] | None = None) -> str | None:
    """The HTML of `source`, not safe to show yet; names of `people`, after an @, lead to their pages. None where it
    has more than `MARKS` marks, or makes so many tags, that 100 KB of it would take too long."""
    if _marks(source) > MARKS:
        return None
    html: str = _parser.render(source, {"references": _References(), "people": people or {}})
    return html if html.count("<") <= 3 * MARKS else None


def address_allowed(address: str) -> bool:
    """Only http, https, mailto and our own paths; never `//host`, never longer than a browser takes."""
    return len(address) <= LONGEST_ADDRESS and _ADDRESS_ALLOWED.fullmatch(address) is not None


def _marks(source: str) -> int:
    """How much work `source` is: characters that mean something in Markdown, and the cells of its tables."""
    count = len(_MARK.findall(source))
    lines = columns = 0
    for line in source.split("\n"):
        if not line.strip():
            lines = columns = 0
            continue
        if _TABLE_RULE.fullmatch(line):
            width = line.count("|") + 1
            columns = max(columns, width)
        lines += 1
        count += columns
    return count


class _References(dict[str, Any]):
    """Link definitions. What they add to the page is limited, or 100 KB could become 500 MB."""

    left = 100_000

    def get(self, label: str, default: Any = None) -> Any:
        found = super().get(label, default)
        if found:
            self.left -= len(found["href"]) + len(found["title"])
        return found if self.left > 0 else default


class _Parser(MarkdownIt):
    """CommonMark with our links, tables that keep each cell, and no nesting that a page could not show."""

    def __init__(self) -> None:
        # html: typed HTML is shown as text. maxNesting is for brackets: blocks stop at DEEPEST, below it.
        super().__init__(
            "commonmark", {"html": False, "maxNesting": DEEPEST + 10, "inline_definitions": True}
        )
        self.enable(["table", "strikethrough"])
        ends = ["paragraph", "reference", "blockquote"]
        self.block.ruler.at("blockquote", _shallow(blockquote), {"alt": [*ends, "list"]})
        self.block.ruler.at("list", _shallow(list_block), {"alt": ends})
        self.block.ruler.at("table", _whole_table, {"alt": ["paragraph", "reference"]})
        self.inline.ruler.at("image", _shallow_image)
        self.inline.ruler.after("text", "address", _bare_address)
        # Before text_join, so that an escaped address is still in pieces and stays text.
        self.core.ruler.after("inline", "tidy", _tidy)

    def validateLink(self, url: str) -> bool:
        return address_allowed(url)


def _shallow(
    rule: Callable[[StateBlock, int, int, bool], bool],
) -> Callable[[StateBlock, int, int, bool], bool]:
    """`rule`, refused below DEEPEST: its text is then a paragraph, where markdown-it would drop it."""

    def shallow(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < DEEPEST and rule(state, start, end, silent)

    return shallow


def _whole_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table, where a row's cells beyond the last column are kept in the last cell (GFM drops them)."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    cells: list[Token] = []
    for token in state.tokens[first:]:
        if token.type == "tr_open":
            cells = []
        elif token.type == "inline":
            cells.append(token)
        elif token.type == "tr_close" and cells and cells[0].map:
            line = cells[0].map[0]
            typed = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
            columns = escapedSplit(typed.removeprefix("|"))
            if len(columns) > len(cells):
                cells[-1].content = " ".join(column.strip() for column in columns[len(cells) - 1 :]).strip()
    return True


def _shallow_image(state: StateInline, silent: bool) -> bool:
    """An image, but not deep inside the text of others: each depth is a parse of its own."""
    depth = state.env.get("images", 0)
    if depth >= 3:
        return False
    state.env["images"] = depth + (not silent)
    found = image(state, silent)
    state.env["images"] = depth
    return found


def _bare_address(state: StateInline, silent: bool) -> bool:
    """An http address in running text, taken whole before emphasis can see its underscores."""
    if silent or state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.pending[-6:])
    if not scheme:
        return False
    start = state.pos - len(scheme[0])
    found = _ADDRESS.match(state.src, start, state.posMax)
    if not found:
        return False
    typed = _trimmed(found[0])
    address = _normal(typed)
    if not address:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    state.push("link_open", "a", 1).attrs = {"href": address}
    state.push("text", "", 0).content = typed
    state.push("link_close", "a", -1)
    state.pos = start + len(typed)
    return True


def _trimmed(address: str) -> str:
    """`address` without the punctuation of the sentence around it."""
    end = len(address)
    spare = address.count(")") - address.count("(")
    while end and (address[end - 1] in ".,:;!?'*_~" or (address[end - 1] == ")" and spare > 0)):
        end -= 1
        spare -= address[end] == ")"
    return address[:end]


def _normal(address: str) -> str | None:
    """`address` as it stands in an href, or None where it may not be a link."""
    if len(address) > LONGEST_ADDRESS:
        return None
    normal = _parser.normalizeLink(address)
    return normal if address_allowed(normal) else None


def _tidy(state: StateCore) -> None:
    """What is ours to decide between parsing and writing: headings, links, images and their text."""
    tokens: list[Token] = []
    used: set[tuple[str, str]] = set()
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_with_people(_tidy_inline(token.children or []), state.env["people"]))
            used.update(_links(token.children))
        elif token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        elif token.type in ("th_open", "td_open"):
            token.attrs = {}
        elif token.type in ("fence", "code_block"):
            # What stands behind a fence and is not the name of a language is somebody's sentence.
            behind = token.info.strip()
            heading = f"{behind}\n" if behind and behind.lower() not in LANGUAGES else ""
            token.content = clean_text(heading + token.content)
            token.info = ""
        tokens.append(token)
    state.tokens = [each for token in tokens for each in _unless_used(token, used)]


def _with_people(tokens: Iterable[Token], people: Mapping[str, int]) -> Iterator[Token]:
    """`tokens` with a link for each name of `people` that stands behind an @, and in no link."""
    names = "|".join(re.escape(name) for name in sorted(people, key=len, reverse=True))
    named = re.compile(rf"(?<![\w@./])@({names})(?![\w@])") if people else None
    inside = 0
    for token in tokens:
        inside += (token.type == "link_open") - (token.type == "link_close")
        if named is None or inside or token.type != "text" or "@" not in token.content:
            yield token
            continue
        end = 0
        for found in named.finditer(token.content):
            link = Token("link_open", "a", 1)
            link.attrs = {"href": f"/people/{people[found[1]]}"}
            yield _text(token.content[end : found.start()])
            yield from (link, _text(found[0]), Token("link_close", "a", -1))
            end = found.end()
        yield _text(token.content[end:])


def _links(tokens: Iterable[Token]) -> Iterator[tuple[str, str]]:
    for token in tokens:
        if token.type == "link_open":
            yield str(token.attrs["href"]), str(token.attrs.get("title", ""))


def _unless_used(token: Token, used: set[tuple[str, str]]) -> Sequence[Token]:
    """`token`, where a link's definition is nothing if a link shows it, and a paragraph if none does."""
    if token.type != "definition":
        return [token]
    address, title = token.meta["url"], token.meta["title"]
    if (address, clean_text(title)) in used:
        return []
    typed = f"[{token.meta['label']}]: {_parser.normalizeLinkText(address)}"
    paragraph = Token("inline", "", 0)
    paragraph.children = list(_tidy_text(clean_text(f'{typed} "{title}"' if title else typed)))
    return [
        Token("paragraph_open", "p", 1, block=True),
        paragraph,
        Token("paragraph_close", "p", -1, block=True),
    ]


def _tidy_inline(tokens: list[Token], in_link: bool = False) -> Iterator[Token]:
    """`tokens` with images as links, no link in a link or without an address, and bare addresses as links."""
    shown: list[bool] = []
    for position, token in enumerate(tokens):
        if token.type == "image":
            yield from _image_as_link(token, in_link)
        elif token.type == "link_open":
            shown.append(bool(token.attrs["href"]) and not in_link)
            if shown[-1]:
                in_link = True
                yield _link_open(token)
                if tokens[position + 1].type == "link_close":
                    yield _text(str(token.attrs["href"]))
        elif token.nesting == 1:
            shown.append(len(shown) < DEEPEST)
            if shown[-1]:
                yield token
        elif token.nesting == -1:
            if shown.pop():
                in_link = in_link and token.type != "link_close"
                yield token
        elif token.type == "text" and not in_link:
            yield from _tidy_text(clean_text(token.content))
        else:
            token.content = clean_text(token.content)
            yield token


def _image_as_link(token: Token, in_link: bool) -> Iterator[Token]:
    """A link to the picture with its alternative text: only our own uploads are ever shown as pictures."""
    address = str(token.attrs["src"])
    token.attrs["href"] = address
    words = list(_tidy_inline(token.children or [], in_link=True)) or [_text(address)]
    if in_link or not address:
        yield from words
        return
    yield _link_open(token)
    yield from words
    yield Token("link_close", "a", -1)


def _link_open(token: Token) -> Token:
    title = clean_text(str(token.attrs.get("title", "")))
    link = Token("link_open", "a", 1)
    link.attrs = {"href": token.attrs["href"], **({"title": title} if title else {})}
    return link


def _tidy_text(text: str) -> Iterator[Token]:
    """`text` with the addresses of pages and people in it as links."""
    if "@" not in text and "://" not in text and "www." not in text.lower():
        yield _text(text)
        return
    end = 0
    for found in _ADDRESS.finditer(text):
        typed = _trimmed(found[0])
        scheme = "mailto:" if found["mail"] else "http://" if typed[:4].lower() == "www." else ""
        address = _normal(scheme + typed)
        if not address:
            continue
        yield _text(text[end : found.start()])
        link = Token("link_open", "a", 1)
        link.attrs = {"href": address}
        yield from (link, _text(typed), Token("link_close", "a", -1))
        end = found.start() + len(typed)
    yield _text(text[end:])


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token


_parser = _Parser()
