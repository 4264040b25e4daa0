"""About 2,000 attacks on sanitisers, sent through every field that a person can fill, and looked at in a browser.

No script may run, nothing may be asked of another address, and the policy must have nothing to block: an attempt
that it blocks has come through the sanitiser. `opened` hears of all three.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import pytest

from forum.accounts.models import User, Visitor
from forum.case_studies.drafts import Writing, as_typed
from forum.case_studies.models.facts import FACT
from forum.case_studies.models.scales import MARKS
from forum.case_studies.steps import STEPS
from forum.core.db import db, now
from forum.core.markup import TAGS
from forum.discussion.models import Component, Prompt, Thread
from forum.discussion.models.drafts import Draft
from forum.moderation.models import Act, Decision, Item, Report
from tests.factories import STUDY, make_person, make_study, make_thread, make_trial, post_of

if TYPE_CHECKING:
    from tests.chromium import LiveSite, Open, Window

pytest_plugins = ["tests.chromium"]

SAMPLES = Path(__file__).parents[2] / "shared" / "data" / "xss.jsonl"
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason=f"the attacks are not here: {SAMPLES}")

T = TypeVar("T")
A_PAGE = 20
MANY = 50

# What is wrong with the page as the browser has built it. The argument: the tags allowed in what people write.
FAULTS = """(tags) => {
  const allowed = new Set(tags), found = [];
  const tell = (what, each) => found.push(what + ": " + each.outerHTML.slice(0, 300));
  const address = (value) => URL.parse(value, location.href);
  for (const body of document.querySelectorAll(".post__body, .preview__body")) {
    for (const each of body.querySelectorAll("*")) {
      if (!allowed.has(each.localName) || each.namespaceURI !== "http://www.w3.org/1999/xhtml") tell("element", each);
    }
  }
  for (const each of document.querySelectorAll("script, iframe, object, embed, base, img, style, meta[http-equiv]")) {
    const ours = each.localName === "script" && each.src.startsWith(location.origin + "/static/build/");
    if (!ours) tell("element", each);
  }
  for (const each of document.querySelectorAll("*")) {
    for (const { name, value } of each.attributes) {
      if (name.startsWith("on") || ["style", "srcdoc", "srcset", "ping"].includes(name)) tell("attribute", each);
      if (["href", "xlink:href"].includes(name) && each.localName !== "link") {
        if (!["http:", "https:", "mailto:"].includes(address(value)?.protocol)) tell("link", each);
      }
      if (["src", "action", "formaction", "data"].includes(name)) {
        if (address(value)?.origin !== location.origin) tell("address", each);
      }
    }
  }
  return found;
}"""

# Sanitised HTML must stay what it is when a script puts it into a page, as the live preview does.
TWICE = """() => {
  const other = [];
  for (const body of document.querySelectorAll(".post__body")) {
    const before = body.innerHTML;
    body.innerHTML = before;
    if (body.innerHTML !== before) other.push(before.slice(0, 300));
  }
  return other;
}"""


@pytest.fixture(scope="module")
def samples() -> list[str]:
    lines = SAMPLES.read_text("utf-8").rstrip("\n").split("\n")  # samples have other line ends in them
    return list(dict.fromkeys(json.loads(line)["payload"] for line in lines))


def test_posts_and_bylines(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """Body, name and school: twenty posts a page, each by someone else. The title is all of them in one."""
    addresses, people, posts = [], [], []
    with live.work():
        authors = newcomers(samples, role="team")  # nothing of theirs is held
        prompt, components = (
            db.session.scalars(Prompt.in_order()).first(),
            db.session.scalars(Component.in_order()).all(),
        )
        for rows in batched(zip(samples, authors, strict=True), A_PAGE):
            text, author = rows[0]
            thread = Thread.start(prompt, author, "".join(row[0] for row in rows), text, components)
            for text, author in rows[1:]:
                thread.reply(author, text)
            db.session.flush()
            addresses.append(f"/threads/{thread.id}-{thread.slug}")
            people.append(f"/people/{author.id}")
        db.session.commit()
        posts = [f"/posts/{number}" for number in range(1, len(samples), 250)]
        reader = make_person().id
    window = opened(reader)
    for address in addresses:
        assert not look(window, address)
        assert not window.page.evaluate(TWICE), address
    for address in [
        *people[::10],
        *(post + "/report" for post in posts),
        *(f"{post}/history" for post in posts),
    ]:
        assert not look(window, address)
    for address in ("/", f"/components/{COMPONENTS[0]}", f"{addresses[0]}?quote=1"):
        assert not look(window, address)
    for page in range(1, len(addresses) // A_PAGE + 2):
        assert not look(window, f"/prompts/your-practice?page={page}")
    asked_only_for_pages(window)


def test_words_between_two_versions(live: LiveSite, opened: Open, samples: list[str]) -> None:
    with live.work():
        author = make_person(role="team")
        thread = make_thread(author)
        post = post_of(thread)
        versions = 1
        for texts in batched(samples, MANY):
            title = "".join(texts)[:150]
            post.edit(author, "\n\n".join(texts), "named", since=post.version, title=title)
            db.session.flush()
            versions += 1
        db.session.commit()
        id, address = post.id, f"/threads/{thread.id}-{thread.slug}"
    window = opened()
    for version in range(2, versions + 1):
        assert not look(window, f"/posts/{id}/history?from={version - 1}&to={version}")
    assert not look(window, address)
    asked_only_for_pages(window)


def test_reports_notes_and_the_log(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """What people report and the team notes, in the queue, in its items and in the log."""
    with live.work():
        colleague = make_person(role="team")
        post = post_of(make_thread(text=samples[0]))
        reports = [
            Report.of_post(post, Visitor(), "other", "\n".join(texts), key=f"visitor {number}")
            for number, texts in enumerate(batched(samples, MANY))
        ]
        item = reports[0].item_id
        for texts in batched(samples, 10 * MANY):
            post.hide(colleague, "other", "\n".join(texts))
            post.publish(colleague, "".join(texts))
        post.hide(colleague, "other", "\n".join(samples))
        db.session.commit()
        reader = colleague.id
    window = opened(reader)
    for address in ("/team", "/team/log", "/team/queue", f"/team/queue/{item}", "/team/hidden"):
        assert not look(window, address)
    with live.work():
        decision = Decision.of_item(
            db.session.get_one(Item, item),
            db.session.get_one(User, reader),
            Act.LEAVE,
            words="\n".join(samples),
            note="\n".join(samples),
        )
        db.session.commit()
        decided = decision.id
    for address in (
        f"/team/queue/{item}",
        "/team/queue",
        f"/team/decisions/{decided}/reverse",
        "/moderation",
    ):
        assert not look(window, address)
    asked_only_for_pages(window)


def test_words_of_the_team(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """Titles, questions, introductions, names and summaries, eight texts at a time."""
    with live.work():
        colleague = make_person(role="team").id
    window = opened(colleague)
    for texts in batched(batched(samples, MANY), 8):
        with live.work():
            by = db.session.get_one(User, colleague)
            prompts, components = (
                list(db.session.scalars(Prompt.in_order())),
                db.session.scalars(Component.in_order()),
            )
            for prompt, words in zip(prompts, texts, strict=False):
                prompt.introduce(by, "".join(words), "".join(words), "\n\n".join(words))
            for component, words in zip(components, texts[3:], strict=False):
                component.describe(by, "".join(words), "\n\n".join(words))
            db.session.commit()
            slugs = [prompt.slug for prompt in prompts]
        for address in (
            *(f"/prompts/{slug}" for slug in slugs),
            *(f"/components/{slug}" for slug in COMPONENTS),
        ):
            assert not look(window, address)
    for address in (
        "/",
        "/about",
        "/feeds",
        "/team",
        "/team/texts",
        "/team/log",
        *(f"/team/prompts/{s}" for s in slugs),
    ):
        assert not look(window, address)
    asked_only_for_pages(window)


def test_case_studies(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """Every field of a study, of a trial and of a mark: on the page, in the steps, in what was said before."""
    texts = [name for name, fact in FACT.items() if not fact.choices and not fact.many]
    with live.work():
        author, colleague = make_person(role="team"), make_person(role="team")
        whole: list[tuple[str, int]] = []
        for batch in batched(samples, 4 * MANY):
            said = dict.fromkeys(texts, "\n\n".join(batch)) | {
                "school": "".join(batch),
                "title": "".join(batch)[:200],
            }
            study = make_study(author, adapted_from=whole[-1][1] if whole else None)
            make_trial(study, outcome="not", **{name: said[name] for name in ("school", "changed", "saw")})
            post = study.opening()
            study.revise(author, {**study.answers(post), **said}, post.version)
            marks = {f"{mark.name}_{part}": said["pupils"] for mark in MARKS for part in ("mark", "reason")}
            study.mark(colleague, marks | {f"{mark.name}_mark": "2" for mark in MARKS})
            Writing.begin(author, f"token{len(whole)}", as_typed({**STUDY, **said}))
            db.session.commit()
            whole.append((f"/threads/{study.thread_id}-{study.opening().thread.slug}", study.thread_id))
        drafts = [draft.path for draft in db.session.scalars(Draft.of(author))]
        reader, team = author.id, colleague.id
    window, other = opened(reader), opened(team)
    for address, id in whole:
        assert not look(window, address)
        assert not look(window, f"/case-studies/{id}/history")
        assert not look(window, f"/case-studies/{id}/edit/check")
        assert not look(other, f"/case-studies/{id}/tried")
    for address in (*(f"{drafts[0]}/{step.slug}" for step in STEPS), "/drafts", "/case-studies/new"):
        assert not look(window, address)
    for draft in drafts:
        assert not look(window, draft)
        assert not look(window, f"{draft}/check")
    for place in ("", "/edit", "/edit/did", "/edit/marks"):
        assert not look(window, f"/case-studies/{whole[0][1]}{place}" if place else whole[0][0])
    for address in (
        f"/team/case-studies/{whole[-1][1]}/marks",
        f"/case-studies/{whole[-1][1]}/adapt",
        "/team/log",
    ):
        assert not look(other, address)
    asked_only_for_pages(window)
    asked_only_for_pages(other)


COMPONENTS = (
    "assessment-for-learning",
    "effective-teaching-and-learning-strategies",
    "curriculum-entitlement-and-choice",
    "school-organisation",
    "strong-partnership-beyond-the-school",
)


def test_the_live_preview(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """What the page's own script puts into the page while someone types."""
    with live.work():
        author = make_person(role="team").id
    window = opened(author)
    window.page.clock.install()
    page = window.go("/prompts/resources/threads/new")
    body, preview = page.get_by_label("What do you want to say?"), page.locator(".preview__body")
    for number, texts in enumerate(batched(samples, A_PAGE)):
        mark = f"batch{number}end"
        body.fill("\n\n".join([*texts, mark]))
        page.clock.run_for(600)
        preview.filter(has_text=mark).wait_for()
        assert not page.evaluate(FAULTS, sorted(TAGS)), texts
    asked_only_for_pages(window)


def test_forms_that_come_back(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """With errors, as a preview, after an old token, and on the way through signing in."""
    with live.work():
        author = make_person(role="team")
        thread, reader = make_thread(author), author.id
        post = post_of(thread).id
    signed_in, visitor = opened(reader), opened()
    signed_in.refusals = {400, 401}
    for texts in batched(samples, 12 * MANY):
        words, line = "\n\n".join(texts), "".join(texts)
        for window, address, button, typed in (
            (signed_in, "/prompts/resources/threads/new", "preview", {"title": line, "body": words}),
            (signed_in, f"/threads/{thread.id}", "preview", {"body": words, "csrf_token": line}),
            (signed_in, "/account/settings", "", {"name": line, "school": line}),
            (visitor, "/account/register", "", {"name": line, "school": line, "email": line}),
            (visitor, "/account/sign-in", "", {"email": line, "then": line, "kept_action": line}),
            (visitor, f"/posts/{post}/report", "", {"detail": words}),
        ):
            window.go(address)
            with window.page.expect_navigation():
                window.page.evaluate(SEND, [button, typed])
            assert not window.page.evaluate(FAULTS, sorted(TAGS)), (address, texts)
    for texts in batched(samples, 12 * MANY):
        signed_in.go(f"/threads/{thread.id}")
        signed_in.context.clear_cookies()
        with signed_in.page.expect_navigation():
            signed_in.page.evaluate(SEND, ["", {"body": "\n\n".join(texts), "in_reply_to": "".join(texts)}])
        assert signed_in.heading == "Sign in"
        assert not signed_in.page.evaluate(FAULTS, sorted(TAGS)), texts
        signed_in.sign_in(reader)


SEND = """([button, typed]) => {
  const form = [...document.querySelectorAll("main form[method=post]")].at(-1);
  for (const [name, value] of Object.entries(typed)) form.elements[name].value = value;
  form.requestSubmit(button ? form.elements[button] : form.querySelector("button[type=submit]"));
}"""


def test_drafts(live: LiveSite, opened: Open, samples: list[str]) -> None:
    """On the list of them, and back in their form."""
    slug = "your-practice"
    form = f"/prompts/{slug}/threads/new"
    with live.work():
        readers = []
        for texts in batched(samples, 2 * MANY):
            author = make_person(role="team")
            readers.append(author.id)
            for number, text in enumerate(texts):
                fields = {"title": text, "body": text}
                db.session.add(
                    Draft(user_id=author.id, key=f"reply:{number}", about=text, path="/", fields=fields)
                )
            whole = {"title": "".join(texts), "body": "\n\n".join(texts), "disclosure": texts[0]}
            Draft.save(author, f"thread:{slug}", "A new thread", form, {**whole, "components": list(texts)})
        db.session.commit()
    window = opened()
    for reader in readers:
        window.sign_in(reader)
        assert not look(window, form)
        assert not look(window, "/drafts")
    asked_only_for_pages(window)


def test_an_attack_would_be_seen(live: LiveSite, opened: Open) -> None:
    """The traps of the others catch what they are for."""
    window = opened()
    window.go("/about")
    attacks = """<div class="post__body"><img src="https://elsewhere.example/x.png" onerror="alert(1)">
        <form action="//elsewhere.example"></form><a href="javascript:alert(2)">x</a>
        <b style="color: red">x</b></div>"""
    window.page.evaluate("html => { document.querySelector('main').innerHTML = html; alert(3); }", attacks)
    faults = " ".join(window.page.evaluate(FAULTS, sorted(TAGS)))
    for kind in (
        "element: <img",
        "attribute: <img",
        "link: <a",
        "address: <form",
        "attribute: <b",
        "element: <b",
    ):
        assert kind in faults
    window.page.get_by_role("link", name="x").click()
    heard = " ".join(window.troubles)
    for kind in ("A script ran: alert(3)", "Policy violated: img-src", "Policy violated: script-src"):
        assert kind in heard
    window.go("/about")
    window.troubles.clear()


# What these have in common


def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """What itertools.batched is from Python 3.12 on."""
    left = iter(things)
    while batch := tuple(islice(left, size)):
        yield batch


def newcomers(samples: Iterable[str], role: str = "participant") -> list[User]:
    """One person for each sample, with it for a name and a school."""
    people = [
        User(
            name=text[:120],
            school=text[:160],
            position="teacher",
            phase="primary",
            confirmed_at=now(),
            role=role,
        )
        for text in samples
    ]
    db.session.add_all(people)
    db.session.flush()
    return people


def look(window: Window, address: str) -> list[str]:
    """What is wrong with the page at `address`."""
    page = window.go(address)
    assert page.locator("main").count() == 1, f"{address} is not whole"
    return [f"{address}: {fault}" for fault in page.evaluate(FAULTS, sorted(TAGS))]


def asked_only_for_pages(window: Window) -> None:
    """Every request was for a page that the test went to, or for what each page of ours brings with it."""
    others = {path for path in paths(window.requested) if not path.startswith(OURS)}
    assert not others, others


OURS = (
    "/static/build/", "/threads/", "/posts/", "/people/", "/prompts/", "/components/", "/team", "/check", "/preview",
    "/drafts", "/about", "/feeds", "/account/", "/case-studies", "/moderation",
)  # fmt: skip


def paths(addresses: Iterable[str]) -> Iterator[str]:
    return (path for path in (urlsplit(each).path for each in addresses) if path != "/")
