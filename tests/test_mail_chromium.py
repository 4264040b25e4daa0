"""Mail of notices as it is read: with a narrow window and a wide one, in the dark, with large letters, without styles;
and the same words in plain text."""

from __future__ import annotations

import email
import email.policy
import os
import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import AxeResults

from forum.accounts.letters import deliver_due
from forum.accounts.models import User
from forum.core.db import db, now
from forum.core.markup import words_of
from forum.following.letters import go_round
from forum.following.models import Follow, Kind, Level, MailChoice, fan_out
from tests.factories import make_person, make_reply, make_thread
from tests.test_axe import AXE, OPTIONS, RUN

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see
TITLE = (
    "Comment-only marking in Year 8 science: what two terms of it did for pupils, parents and our evenings"
)
TEXT = """We stopped giving marks for *ordinary* work in September. What we do now, in this order:

1. One comment a fortnight, about the **one thing** to do next.
2. Ten minutes in the next lesson to do it, with the `green pen`.
3. A short talk with those who could not.

# What it cost

> You said it would save time. Did it?
>
> > Not in the first half term.

| Year | Sets of books a week | Hours before | Hours now |
|------|---------------------:|-------------:|----------:|
| 7    | 3                    | 4½           | 3         |
| 8    | 4                    | 6            | 3½        |

The paper that we began with is at
https://research.example.org/assessment/2026/comment-only-marking-in-lower-secondary-science-a-two-year-study.html
and what we made of it is in [our case study](/case-studies).

```
hours saved a week = (hours before - hours now) * teachers in the department / weeks in a half term
```

Ask me anything."""
SHORT = "Thank you, this is *just* what we needed.\n\nDid parents' evenings change too?"


def person(name: str, **chosen: Any) -> User:
    made = make_person(name)
    db.session.add(MailChoice(person_id=made.id, school_days_only=False, hour=0, **chosen))
    db.session.commit()
    return made


@pytest.fixture(scope="module")
def mails(live: LiveSite) -> dict[str, EmailMessage]:
    """By name: what three readers get of two threads."""
    with live.work():
        people = {
            "at once": person("Rita Reader", whole_content=True),
            "extract": person("Ex Tract"),
            "digest": person("Di Gest", whole_content=True),
        }
        quiet: dict[str, Any] = {"pace": "never", "follow_on_start": False, "follow_on_reply": False}
        ada, ben = person("Ada Obi-Worthington", **quiet), person("Ben Cole", **quiet)
        threads = [make_thread(ada, title=TITLE), make_thread(ben, title="Seating plans")]
        for name, reader in people.items():
            for thread in threads if name == "digest" else threads[:1]:
                Follow.begin(
                    reader, Kind.THREAD, str(thread.id), Level.DIGEST if name == "digest" else Level.MAIL
                )
        db.session.commit()
        make_reply(threads[0], ada, TEXT)
        make_reply(threads[0], ben, SHORT, "role-only")
        make_reply(threads[1], ben, "Ours change each half term.")
        while fan_out():
            db.session.commit()
        with time_machine.travel(now() + timedelta(hours=25), tick=False):
            while go_round():
                pass
            deliver_due()
        folder, addresses = live.config.instance / "mail", {each.email: name for name, each in people.items()}
    read = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in folder.glob("*.eml")
    ]
    return {addresses[m["To"]]: m for m in read if isinstance(m, EmailMessage) and m["To"] in addresses}


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def shown(opened: Open, html: str) -> Window:
    """The mail alone, at no address: whatever it asked for would be a trouble of the window."""
    window = opened(width=320)
    window.page.set_content(html, wait_until="load")
    return window


def keep(window: Window, name: str) -> None:
    if PICTURES:
        window.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("name", ["at once", "extract", "digest"])
def test_a_mail_reads_well_in_any_window(opened: Open, mails: dict[str, EmailMessage], name: str) -> None:
    window = shown(opened, part(mails[name], "html"))
    page, found = window.page, []
    page.evaluate(AXE.axe_script)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (320, 700):
            page.set_viewport_size({"width": width, "height": 800})
            answer, _ = page.evaluate(RUN, [OPTIONS, []])
            results = AxeResults(answer)
            if results.violations_count:
                found.append(f"{scheme}, {width} px: {results.generate_report()}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{scheme}, {width} px: it must be moved sideways")
            keep(window, f"{name}-{width}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 32
    keep(window, f"{name}-large")
    page.evaluate(
        "document.querySelectorAll('table').forEach((table) => table.remove())"
    )  # WCAG 1.4.10 lets them
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, "letters of twice the size"
    page.evaluate("document.documentElement.style.fontSize = ''; document.querySelector('style').remove()")
    keep(window, f"{name}-bare")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["at once", "extract", "digest"])
def test_the_plain_text_has_the_same_words(mails: dict[str, EmailMessage], name: str) -> None:
    plain, html = part(mails[name], "plain"), part(mails[name], "html")
    if PICTURES:
        (Path(PICTURES) / f"{name}.txt").write_text(plain)
    body = html.partition("<body>")[2]
    said, also = (re.findall(r"[\w½]+", words) for words in (words_of(body), plain))
    assert [word for word in said if word not in also] == []
    assert "(http" in plain or name == "extract", "links to our pages are whole"
    assert "Ben" not in plain + html or name == "digest", "who spoke by role is not named"
