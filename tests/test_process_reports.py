"""Reports of pictures, people and case studies, and pictures in the one queue: from the form to the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from forum.accounts.models import User
from forum.case_studies.models.bundles import Bundle, keep
from forum.case_studies.models.files import State, StudyFile
from forum.core.db import db
from forum.core.storage import Folder
from forum.discussion.models import Post
from forum.moderation.models import Decision, Item, Report
from forum.moderation.models.alike import alike
from tests import bad_files as files
from tests.browser import Browser, Site
from tests.factories import make_person, make_reply, make_study, make_thread, post_of
from tests.queries import counted
from tests.test_due_process import last_decision, waiting, words_to
from tests.test_feeds import history, read


@pytest.fixture(autouse=True)
def own_folder(site: Site, tmp_path: Path) -> None:
    site.app.extensions["storage"] = Folder(tmp_path / "kept")


@pytest.fixture
def tess(site: Site) -> User:
    return make_person("Tess Okafor", role="team")


@pytest.fixture
def jo(site: Site) -> User:
    return make_person("Jo Park", role="team")


def with_picture(site: Site, author: User, shown_by: User | None = None) -> tuple[Any, StudyFile]:
    """A published study with a picture that waits, or that someone of the team has shown."""
    study = make_study(author)
    bundle = Bundle(thread_id=study.thread_id)
    file = bundle.add(author, keep(files.photograph()), "wall.jpg")
    bundle.describe(author, {file.id: ("The wall of marks", False)})
    bundle.declare(author, "nobody")
    site.commit()
    if shown_by is not None:
        file = bundle.all()[0]
        file.show(shown_by, file.hash)
        site.commit()
    return study, bundle.all()[0]


def judge(browser: Browser, item: int, seen: str, act: str, status: int = 302, **said: str) -> Any:
    return browser.post(f"/team/queue/{item}/picture", {"act": act, "seen": seen, **said}, status=status)


# Reporting


def test_a_visitor_reports_a_picture_and_hears_by_mail(site: Site, tess: User) -> None:
    ada = make_person("Ada Obi", email="ada@example.org")
    study, file = with_picture(site, ada, shown_by=tess)
    address, id, seen = f"/case-studies/files/{file.id}/report", file.id, file.hash
    page = site.visitor().get(f"/threads/{study.thread_id}", status=(200, 301))
    page = site.visitor().get(page.location or "")
    assert page.select(f"//a[@href='{address}']")
    visitor = site.visitor()
    form = visitor.get(address)
    assert "/child-in-danger" in form.text
    assert "999" in visitor.get("/child-in-danger").words
    kept = visitor.post(address, {"email": "not an address", "detail": "A face."}, status=422)
    assert (
        "Select a reason" in kept.words and "Enter an email address" in kept.words and "A face." in kept.text
    )
    sent = {"reason": "personal", "detail": "A face.", "email": "grace@example.org"}
    thanks = visitor.follow(visitor.post(address, sent))
    visitor.post(address, sent)
    report = db.session.scalars(select(Report)).one()
    assert f"Your reference is {report.id}" in thanks.words and "We will write to the address" in thanks.words
    (item,) = waiting()
    assert (item.why, item.file_id, item.reports_count, item.person_id) == ("report", id, 1, ada.id)
    team = site.browser(tess)
    assert "A face." in team.get(f"/team/queue/{item.id}").words
    assert "The wall of marks" in team.get("/team/queue").words
    judge(team, item.id, seen, "refuse", status=422)
    judge(team, item.id, seen, "refuse", reason="personal", words="Crop the face, please.")
    heard = words_to(site, "grace@example.org")
    assert f"reference is {report.id}" in heard and "something had to be done" in heard
    assert db.session.scalars(select(Report.email)).one() is None
    told = words_to(site, "ada@example.org")
    assert "does not show your picture" in told and "Crop the face, please." in told
    assert (
        file.address
        not in site.visitor()
        .get(page.url if hasattr(page, "url") else f"/threads/{study.thread_id}", status=(200, 301))
        .text
    )
    visitor.get(address, status=404)
    ledger = site.visitor().get("/moderation").words
    assert "Picture not shown: personal information about someone" in ledger and "Ada" not in ledger


def test_a_picture_that_may_show_a_child_is_away_at_once_and_comes_back_when_it_may(
    site: Site, tess: User
) -> None:
    study, file = with_picture(site, make_person(), shown_by=tess)
    id, seen = file.id, file.hash
    site.visitor().post(f"/case-studies/files/{id}/report", {"reason": "pupil"})
    db.session.expire_all()
    assert db.session.get_one(StudyFile, id).state == State.WAITING
    assert "out of sight at once" in words_to(site, site.app.config["FORUM"].contact)
    (item,) = waiting()
    assert (item.why, item.urgency) == ("report", 0)
    judge(site.browser(tess), item.id, seen, "publish")
    db.session.expire_all()
    assert db.session.get_one(StudyFile, id).is_shown
    assert not last_decision().public and last_decision().before == "checked"
    assert "1 (counted, not listed)" in site.visitor().get("/moderation").words


def test_a_report_of_a_persons_page_has_decisions_of_its_own(site: Site, tess: User, jo: User) -> None:
    ben, grace = (
        make_person("Ben Lee", email="ben@example.org"),
        make_person("Grace Hill", email="g@example.org"),
    )
    browser, team = site.browser(grace), site.browser(tess)
    assert "Report this page" in browser.get(f"/people/{ben.id}").words
    assert "Report this page" not in site.browser(ben).get(f"/people/{ben.id}").words
    site.browser(ben).get(f"/people/{ben.id}/report", status=404)
    for act, said, heard in (
        ("leave", {}, "decided to leave it"),
        ("note", {"note": "Watch the name."}, "made a note of it"),
        ("warning", {"reason": "harassment", "words": "Please use your own name."}, "had to be done"),
        ("suspension", {"reason": "harassment", "days": "7"}, "had to be done"),
    ):
        browser.post(f"/people/{ben.id}/report", {"reason": "harassment", "detail": "The name is an insult."})
        (item,) = waiting()
        page = team.get(f"/team/queue/{item.id}")
        assert "The name is an insult." in page.words and "the public page of Ben Lee" in page.words
        answer = team.post(f"/team/queue/{item.id}/person", {"kind": act, "days": "", **said})
        assert answer.location.endswith("/team/queue") and waiting() == [], act
        assert heard in words_to(site, "g@example.org"), act
    last = team.get(f"/team/people/{ben.id}").words
    assert "Watch the name." in last and "Suspended" in last
    assert "use your own name" in words_to(site, "ben@example.org")
    ledger = site.visitor().get("/moderation").words
    assert "Person warned: harassment or hate" in ledger and "Ben" not in ledger
    first = db.session.scalars(select(Decision.id).where(Decision.act == "leave")).one()
    browser.post(f"/account/decisions/{first}/appeal", {"text": "It is still there."})
    (appeal,) = waiting()
    site.browser(jo).post(f"/team/queue/{appeal.id}/appeal", {"outcome": "reversed", "answer": "Right."})
    (again,) = waiting()
    assert again.person_id == ben.id and "Earlier reports" in team.get(f"/team/queue/{again.id}").words


def test_a_person_report_that_is_not_decided_comes_back_with_its_words(site: Site, tess: User) -> None:
    site.visitor().post(f"/people/{make_person().id}/report", {"reason": "child"})
    assert "someone’s page" in words_to(site, site.app.config["FORUM"].contact)
    (item,) = waiting()
    team = site.browser(tess)
    page = team.post(f"/team/queue/{item.id}/person", {"kind": "warning", "note": "Rang."}, status=422)
    assert "Select a reason" in page.words and "Say what the person is warned of" in page.words
    assert "Rang." in page.text
    team.post(f"/team/queue/{item.id}/person", {"words": "x"}, status=422)
    own = make_person("Own Self", role="team")
    site.visitor().post(f"/people/{own.id}/report", {"reason": "other"})
    mine = next(each for each in waiting() if each.person_id == own.id)
    site.browser(own).post(f"/team/queue/{mine.id}/person", {"kind": "leave", "days": ""}, status=403)


def test_a_case_study_is_reported_as_one(site: Site) -> None:
    study = make_study()
    post = db.session.scalars(select(Post).where(Post.thread_id == study.thread_id, Post.number == 1)).one()
    page = site.visitor().get(f"/posts/{post.id}/report")
    assert "Report a case study" in page.words
    site.visitor().post(f"/posts/{post.id}/report", {"reason": "spam"})
    assert waiting()[0].post_id == post.id


# Pictures in the queue


def test_what_waits_is_in_the_queue_shown_there_and_decided_there(site: Site, tess: User, jo: User) -> None:
    ada = make_person("Ada Obi", email="ada@example.org")
    study, file = with_picture(site, ada)
    id, seen, thread = file.id, file.hash, study.thread_id
    (item,) = waiting()
    assert (item.why, item.reason, item.file_id) == ("picture", "picture", id)
    team = site.browser(tess)
    assert team.get("/team/queue?why=picture").select("//img[contains(@class, 'queue__picture')]")
    page = team.get(f"/team/queue/{item.id}")
    assert page.select("//figure//img") and "No pupil can be identified" in page.words
    site.browser(jo).post(f"/team/queue/{item.id}/claim")
    assert "Jo Park is looking" in judge(team, item.id, seen, "publish", status=409).words
    team.post(f"/team/pictures/{id}/show", {"seen": seen}, status=409)
    site.browser(jo).post(f"/team/queue/{item.id}/release")
    judge(team, item.id, "0" * 64, "publish", status=409)
    judge(team, item.id, seen, "publish")
    assert waiting() == [] and "everyone can see it now" in words_to(site, "ada@example.org")
    decision = last_decision()
    assert (decision.act, decision.thing, decision.before, decision.waited is not None) == (
        "publish", "picture", "held", True,
    )  # fmt: skip
    team.post(f"/team/decisions/{decision.id}/undo")
    (item,) = waiting()
    db.session.expire_all()
    assert item.file_id == id and db.session.get_one(StudyFile, id).state == State.WAITING
    judge(team, item.id, seen, "refuse", reason="pupil")
    refused = last_decision().id
    author = site.browser(ada)
    assert "Picture not shown" in author.get("/account/decisions").words
    author.post(f"/account/decisions/{refused}/appeal", {"text": "It is a drawing."})
    (appeal,) = waiting()
    assert "See the picture" in site.browser(jo).get(f"/team/queue/{appeal.id}").words
    site.browser(jo).post(f"/team/queue/{appeal.id}/appeal", {"outcome": "reversed", "answer": "So it is."})
    db.session.expire_all()
    assert db.session.get_one(StudyFile, id).is_shown
    assert f"/files/{id}-" in site.visitor().get(f"/threads/{thread}-talking-before-marking").text


def test_a_look_from_the_page_of_pictures_is_the_same_decision(site: Site, tess: User) -> None:
    _, file = with_picture(site, make_person())
    id, seen = file.id, file.hash
    site.browser(tess).post(
        f"/team/pictures/{id}/refuse", {"seen": seen, "reason": "other", "note": "Too dark."}
    )
    assert waiting() == []
    assert (last_decision().act, last_decision().words) == ("refuse", "Too dark.")


def test_the_queue_has_just_what_is_ready(site: Site, tess: User) -> None:
    author = make_person()
    study, file = with_picture(site, author)
    thread = study.thread_id
    (item,) = waiting()
    opening = db.session.scalars(select(Post).where(Post.thread_id == thread, Post.number == 1)).one()
    site.browser(tess).post(f"/team/posts/{opening.id}/hide", {"reason": "other"})
    assert waiting() == []
    site.browser(tess).post(f"/team/posts/{opening.id}/restore")
    (item,) = waiting()
    bundle = Bundle(thread_id=thread)
    bundle.remove(author, file.id)
    site.commit()
    assert waiting() == []
    late = bundle.add(author, keep(files.png()), "b.png")
    site.commit()
    assert waiting() == []
    bundle.describe(author, {late.id: ("Another", False)})
    bundle.declare(author, "nobody")
    site.commit()
    assert len(waiting()) == 1
    own = make_person("Own Self", role="team")
    _, mine = with_picture(site, own)
    site.browser(own).post(f"/team/pictures/{mine.id}/show", {"seen": mine.hash}, status=403)
    assert site.browser(tess).get("/team/queue/999", status=404)


# Nearly the same words


def test_copies_are_shown_beside_what_waits(site: Site, tess: User) -> None:
    words = "Buy our wonderful marking stickers today, a hundred for one pound, post free to every school."
    ada, ben = make_person("Ada Obi"), make_person("Ben Lee")
    thread = make_thread(title="Marking in pairs", text="How do you mark?")
    first = make_reply(make_thread(title="Another place"), author=ben, text=words)
    make_reply(thread, author=ada, text="Nothing of the kind: we mark with the pupils, in pairs, on Fridays.")
    copy = make_reply(thread, author=ada, text=words.replace("today", "now"))
    item = Report.of_post(post_of(thread, 3), make_person(), "spam", "").item_id
    site.commit()
    page = site.browser(tess).get(f"/team/queue/{item}")
    assert "Nearly the same words" in page.words and "Another place" in page.words
    found = alike(db.session.get_one(Post, copy.id))
    assert [each.post.id for each in found] == [first.id] and found[0].percent > 60
    assert alike(db.session.get_one(Post, post_of(thread, 2).id)) == []
    with counted() as few:
        site.browser(tess).get(f"/team/queue/{item}")
    for number in range(5):
        make_reply(thread, author=ada, text=words + f" {number}")
    db.session.execute(update(Item).values(reports_count=1))
    db.session.commit()
    with counted() as many:
        site.browser(tess).get(f"/team/queue/{item}")
    assert len(many) == len(few)


# The ledger as a feed


def test_the_ledger_is_followed_in_every_format_back_to_its_beginning(
    site: Site, tess: User, jo: User
) -> None:
    ada = make_person("Ada Obi")
    for number, reason in enumerate(["spam", "child", *["off-topic"] * 110, "pupil", "harassment"]):
        if number < 2:
            post = make_reply(make_thread(title=f"T{number}"), author=ada)
        db.session.add(
            Decision(
                by_id=tess.id,
                act="hide",
                reason=reason,
                thing="post",
                post_id=post.id,
                person_id=ada.id,
                prompt_id=1,
                public=reason not in ("child", "pupil"),
                waited=3600 * number,
            )  # fmt: skip
        )
        db.session.flush()
    site.commit()
    ids = set(db.session.scalars(select(Decision.id).where(Decision.public)))
    for format in ("atom", "rss", "json"):
        document = read(site, f"/moderation/feed.{format}")
        for word in ("Ada", "Tess", "What do you do", "child", "pupil"):
            assert word not in document.page.text, word
    seen = [int(id.partition("/")[2]) for id in history(site, "/moderation/feed")]
    assert len(seen) == len(set(seen)) and set(seen) == ids
    page = site.visitor().get("/moderation")
    assert "Half within" in page.words and "2 (counted, not listed)" in page.words
    assert page.select("//link[@type='application/atom+xml']/@href") == ["/moderation/feed.atom"]
    newest = max(ids)
    assert page.select(f"//li[@id='decision-{newest}']")
    first = site.visitor().get("/moderation/feed.atom")
    etag = {"If-None-Match": first.headers["ETag"]}
    make_thread()  # talk is no decision
    site.visitor().get("/moderation/feed.atom", status=304, headers=etag)
    site.browser(ada).post(f"/account/decisions/{newest}/appeal", {"text": "No."})
    (appeal,) = waiting()
    entry = read(site, "/moderation/feed.atom").entries[f"decision/{newest}"]
    assert "An appeal waits" in str(entry.findtext("{*}content"))
    site.browser(jo).post(f"/team/queue/{appeal.id}/appeal", {"outcome": "upheld", "answer": "It stands."})
    again = site.visitor().get("/moderation/feed.atom", headers=etag)
    assert "Upheld on appeal" in again.text
    site.browser(tess).post(f"/team/decisions/{newest}/undo")
    gone = read(site, "/moderation/feed.atom")
    assert f"decision/{newest}" in gone.tombstones and f"decision/{newest}" not in gone.entries
    with counted() as statements:
        site.visitor().get("/moderation/feed.atom?archive=1-50")
    assert len(statements) < 12
