"""What somebody wrote in an answer by mail, without what it quotes and how it is signed.

Telling that is a library's work, by patterns that take minutes on some texts; so it is done in a process of its own,
which has a few seconds."""

from __future__ import annotations

import subprocess
import sys

from bs4 import BeautifulSoup
from mailparser_reply.parser import EmailMessage
from markdownify import MarkdownConverter

SECONDS = 10
LONGEST = 200_000  # characters that are looked at
SIGNATURE = 800  # characters: what is longer was meant to be read
QUOTED = "blockquote[type=cite], .gmail_quote, .gmail_quote_container, .yahoo_quoted, .moz-cite-prefix, #divRplyFwdMsg"
UNSEEN = "script, style, head, title, template, img, #Signature, .gmail_signature"


class Unreadable(Exception):
    """It cannot be told what was written."""


def own_words(text: str, html: bool = False) -> str:
    """The writer's own words in `text`, as Markdown where it was HTML. Raises Unreadable."""
    command = [sys.executable, "-P", __file__, *(["html"] if html else [])]  # this file alone, not the site
    try:
        done = subprocess.run(  # noqa: S603
            command, input=text[:LONGEST].encode("utf-8", "replace"), capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable from error
    if done.returncode:
        raise Unreadable
    return done.stdout.decode().strip()


def strip(text: str) -> str:
    replies = EmailMessage(text=text, languages=["en"], keep_hyphen_lists=True).read().replies
    first = replies[0] if replies else None
    if first is None:
        return ""
    said = first.body if len(first.content) - len(first.body) <= SIGNATURE else first.content
    lines = said.split("\n")
    if not first.content.lstrip().startswith(
        ">"
    ):  # a quotation with its "On Monday, A wrote:" before the answer
        while lines and (not lines[0].strip() or lines[0].startswith(">")):
            lines.pop(0)
    while lines and (not lines[-1].strip() or lines[-1].startswith(">")):
        lines.pop()
    if not any(
        line.strip() and not line.startswith(">") for line in lines
    ):  # the answer stands below the quotation
        lines = [line for line in text.split("\n") if not line.startswith(">")]
        rest = EmailMessage(text="\n".join(lines), languages=["en"], keep_hyphen_lists=True).read().replies
        lines = (rest[-1].body if rest else "").split("\n")
    return "\n".join(lines).strip()


def markdown(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for gone in soup.select(f"{UNSEEN}, {QUOTED}"):
        gone.decompose()
    made: str = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(soup)
    return made


if __name__ == "__main__":
    given = sys.stdin.buffer.read().decode("utf-8", "replace").replace("\r\n", "\n")
    sys.stdout.buffer.write(strip(markdown(given) if "html" in sys.argv else given).encode())
