"""Pictures and papers of case studies: added in a step of their own, looked at by the team, then shown to everyone."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import lxml.html
import pytest
import time_machine
from PIL import Image
from sqlalchemy import func, select, text

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.case_studies.models.bundles import MOST, Bundle, cleaned_name, keep
from forum.case_studies.models.files import Rendition, State, StudyFile
from forum.core.db import db, now
from forum.core.errors import Conflict, Refused
from forum.core.storage import Folder, made, storage
from forum.discussion.models import Thread
from forum.discussion.models.drafts import Draft
from tests import bad_files as files
from tests.bad_files import SECRET
from tests.browser import Page, Site
from tests.factories import load_story, make_person, make_study, post_of
from tests.queries import counted
from tests.served import one_database
from tests.test_intake import s3  # noqa: F401  (a fixture)

ATTACKS = Path(__file__).parents[2] / "shared" / "data" / "xss.jsonl"
Sent = tuple[bytes, str]


@pytest.fixture(autouse=True)
def own_folder(site: Site, tmp_path: Path) -> Iterator[None]:
    """Each test has a storage of its own."""
    usual = site.app.extensions["storage"]
    site.app.extensions["storage"] = Folder(tmp_path / "kept")
    yield
    site.app.extensions["storage"] = usual


class Desk:
    """Someone at the step of a study, new or published."""

    def __init__(self, site: Site, author: User | None = None, study: int | None = None) -> None:
        self.site, self.author = site, author or make_person()
        self.browser = site.browser(self.author)
        if study is not None:
            self.path = f"/case-studies/{study}/edit/files"
            self.bundle = Bundle(thread_id=study)
        else:
            begun = self.browser.post("/case-studies/new", {"title": "Talking first"})
            self.path = begun.location.rsplit("/", 1)[0] + "/files"
            self.bundle = Bundle(draft_id=int(self.path.split("/")[3]))

    def send(self, *sent: Sent, do: str = "add", status: int | tuple[int, ...] = 302, **fields: str) -> Page:
        """Press a button of the step, with files chosen."""
        chosen = [(io.BytesIO(data), name) for data, name in sent]
        return self.browser.post(self.path, {"do": do, "files": chosen, **fields}, status)

    def finish(self, statement: str = "nobody") -> None:
        """Say what each shows, and go on."""
        words = {f"alt_{file.id}": f"What {file.name} shows" for file in self.files}
        self.send(do="save", statement=statement, **words)

    @property
    def files(self) -> list[StudyFile]:
        db.session.rollback()
        return self.bundle.all()

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]


def shown_study(site: Site, author: User | None = None, *sent: bytes) -> tuple[Any, Bundle, User]:
    """A published study whose files the team has shown; the author, the study, a member of the team."""
    author, team = author or make_person(), make_person("Tea Mem", role="team")
    study = make_study(author)
    bundle = Bundle(thread_id=study.thread_id)
    for count, data in enumerate(sent or (files.photograph(),)):
        file = bundle.add(author, keep(data), f"{count}.jpg")
        bundle.describe(author, {file.id: (f"Wall {count}", False)})
    bundle.declare(author, "nobody")
    for file in bundle.all():
        file.show(team, file.hash)
    site.commit()
    return study, bundle, team


def page_of(study: Any) -> str:
    thread = db.session.get_one(Thread, study.thread_id)
    return f"/threads/{thread.id}-{thread.slug}"


def addresses(file: StudyFile) -> list[str]:
    if not file.is_picture:
        return [file.url]
    return [f"{file.address}-{each.width}.webp" for each in file.renditions]


# Adding


def test_from_a_telephone_to_everyone_without_a_word_of_where(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.photograph(6), "IMG_2031.JPG"), (files.telling_pdf(), "cards.pdf"), statement="nobody")
    picture, paper = desk.files
    desk.send(do="save", **{f"alt_{picture.id}": "A wall of words", f"alt_{paper.id}": "Prompt cards"})
    study, team = make_study(desk.author), make_person(role="team")
    desk.bundle.publish_to(study, desk.author)
    Draft.drop(desk.author, "case-study:new:x")
    site.commit()
    visitor, member = site.visitor(), site.browser(team)
    assert "A wall of words" not in visitor.get(page_of(study)).text
    for file in Bundle(thread_id=study.thread_id).all():
        member.post(f"/team/pictures/{file.id}/show", {"seen": file.hash})
    page = visitor.get(page_of(study))
    image = page.select("//figure//img")[0]
    assert image.get("alt") == "A wall of words" and image.get("loading") == "lazy"
    assert (image.get("width"), image.get("height")) == ("800", "1200"), "it stands as it was held"
    served = [part.split()[0] for part in image.get("srcset").split(", ")] + page.select(
        "//a[text()='Prompt cards']/@href"
    )
    assert len(served) == 3
    for url in served:
        data = visitor.get(url).data
        assert SECRET.encode() not in data and b"GPS" not in data and b"Exif" not in data
        if url.endswith("webp"):
            assert not Image.open(io.BytesIO(data)).getexif()
    for each in db.session.scalars(select(Rendition)):
        assert SECRET.encode() not in b"".join(storage().get(each.hash)), "nor in what is kept"


def test_a_bad_file_is_named_and_nothing_else_is_lost(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "first.jpg"), statement="consent")
    first = desk.files[0]
    page = desk.send(
        (files.SVG, "drawing.svg"), (files.png(), "good.png"), (files.HTML, "page.jpg"),
        (files.jpeg() + b"\0" * 11 * 1024**2, "huge.jpg"), (files.bomb(), "bomb.png"),
        status=200, **{f"alt_{first.id}": "Half a thought"},
    )  # fmt: skip
    assert desk.names == ["first.jpg", "good.png"]
    said = page.select("//ul[contains(@class, 'error-summary')]/li/a/text()")
    assert [each.split()[0] for each in said] == [
        "drawing.svg", "page.jpg", "huge.jpg", "bomb.png",
    ]  # fmt: skip
    assert said[2] == "huge.jpg must be 10 MB or smaller"
    assert page.select("//title/text()")[0].startswith("Error: ")
    assert page.select(f"//textarea[@id='alt_{first.id}']/text()")[0].strip() == "Half a thought"
    assert desk.files[0].alt == "Half a thought", "and it is saved with the good file"


def test_where_no_file_is_good_the_form_comes_back_with_its_words(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "first.jpg"))
    first = desk.files[0]
    page = desk.send(
        (files.SVG, "drawing.svg"), status=422, statement="consent", **{f"alt_{first.id}": "Half a thought"}
    )
    assert page.select(f"//textarea[@id='alt_{first.id}']/text()")[0].strip() == "Half a thought"
    assert page.select("//input[@value='consent']/@checked")
    assert desk.names == ["first.jpg"]


def test_each_must_say_what_it_is_and_whether_a_pupil_can_be_identified(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "wall.jpg"), (files.png(), "line.png"), (files.pdf(), "cards.pdf"))
    wall, line, cards = (file.id for file in desk.files)
    said = desk.send(do="save", status=422).text
    for words in (
        "wall.jpg: say what it shows, or that it is decorative",
        "cards.pdf: say what it is called",
        "Say whether a pupil can be identified",
    ):
        assert words in said
    both = {
        f"alt_{wall}": "A wall",
        f"decorative_{wall}": "y",
        f"decorative_{line}": "y",
        f"alt_{cards}": "Cards",
    }
    assert (
        "wall.jpg: say what it shows, or that it is decorative, not both"
        in desk.send(do="save", status=422, statement="nobody", **both).text
    )
    del both[f"decorative_{wall}"]
    assert desk.send(do="save", statement="nobody", **both).location.endswith("/marks")
    assert [(file.alt, file.decorative) for file in desk.files] == [
        ("A wall", False), ("", True), ("Cards", False),
    ]  # fmt: skip
    assert all(file.statement == "nobody" and file.stated_at for file in desk.files)
    too_long = {f"alt_{wall}": "words " * 60}
    assert "300 characters or fewer" in desk.send(do="save", status=422, **too_long).text


def test_files_that_were_chosen_are_taken_whatever_button_is_pressed(site: Site) -> None:
    desk = Desk(site)
    page = desk.send((files.jpeg(), "wall.jpg"), do="save", statement="nobody", status=200)
    assert desk.names == ["wall.jpg"] and "wall.jpg: say what it shows" in page.text
    assert "Choose a file to add" in desk.send(do="add", status=422).text
    assert desk.send(do="save", **{f"alt_{desk.files[0].id}": "A wall"}).status == 302


def test_the_order_is_the_authors_and_one_can_go(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"), (files.png(), "b.png"), (files.webp(), "c.webp"))
    a, b, c = (file.id for file in desk.files)
    assert desk.send(do=f"up-{c}", **{f"alt_{a}": "Typed meanwhile"}).location.endswith(f"#file-{c}")
    assert desk.names == ["a.jpg", "c.webp", "b.png"] and desk.files[0].alt == "Typed meanwhile"
    desk.send(do=f"up-{a}")
    desk.send(do=f"down-{a}")
    assert desk.names == ["c.webp", "a.jpg", "b.png"]
    desk.send(do=f"remove-{a}")
    assert desk.names == ["c.webp", "b.png"]
    desk.send(do=f"remove-{a}", status=409)
    page = desk.send(do=f"remove-{b}", status=422, **{f"alt_{b}": "words " * 60})
    assert "300 characters or fewer" in page.text and "has been removed" not in page.text
    assert desk.names == ["c.webp", "b.png"]


def test_six_are_one_too_many(site: Site) -> None:
    desk = Desk(site)
    six = [(files.jpeg(60 + n, 40), f"{n}.jpg") for n in range(6)]
    assert "5.jpg is not added: a case study has 5 files at most" in desk.send(*six, status=200).text
    assert len(desk.files) == MOST
    page = desk.send((files.png(), "late.png"), status=422)
    assert "late.png is not added" in page.text and not page.select("//input[@name='files']")


def test_the_same_file_twice_is_one(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"), (files.jpeg(), "again.jpg"))
    desk.send((files.jpeg(), "a.jpg"))
    assert desk.names == ["a.jpg"]


@pytest.mark.parametrize("same", [True, False], ids=["a double click", "five windows"])
def test_many_at_once(site: Site, same: bool) -> None:
    desk = Desk(site)
    start = Barrier(5)
    browsers = [site.browser(desk.author) for _ in range(5)]
    tokens = [browser.csrf_token() for browser in browsers]
    db.session.rollback()

    def send(number: int) -> int:
        chosen = [
            (
                io.BytesIO(files.jpeg(60, 40) if same else files.jpeg(60 + number, 40 + place)),
                f"{number}-{place}.jpg",
            )
            for place in range(1 if same else 2)
        ]
        start.wait()
        fields = {"do": "add", "files": chosen, "csrf_token": tokens[number]}
        return browsers[number].post(desk.path, fields, (200, 302, 422)).status

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(send, range(5)))
    assert len(desk.files) == (1 if same else MOST)
    assert same is all(status == 302 for status in statuses)


def test_more_than_one_request_can_hold_is_said_plainly(site: Site) -> None:
    desk = Desk(site)
    page = desk.browser.post(
        desk.path, {"do": "add", "files": (io.BytesIO(b"\0" * 65 * 1024**2), "a.jpg")}, 413
    )
    assert "The most we can take at once is 64 MB." in page.words
    page = desk.browser.post("/case-studies/new", {"title": "x" * 3 * 1024**2}, 413)
    assert "The most we can take at once is 2 MB." in page.words, "elsewhere a form is as small as before"


def test_an_expired_form_keeps_what_was_written_and_asks_for_the_files_again(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"))
    alt = f"alt_{desk.files[0].id}"
    sent = {"do": "add", "statement": "nobody", alt: "A wall", "files": (io.BytesIO(files.png()), "b.png")}
    page = desk.browser.post(desk.path, {**sent, "csrf_token": "old"}, 400)
    kept = {field.get("name"): field.get("value") for field in page.select("//main//input[@type='hidden']")}
    assert (kept[alt], kept["statement"]) == ("A wall", "nobody")
    assert page.select("//form[@enctype='multipart/form-data']//input[@type='file'][@name='files']")
    assert "Choose them again" in page.words
    desk.browser.post(desk.path, {**kept, "files": (io.BytesIO(files.png()), "b.png")})
    assert desk.names == ["a.jpg", "b.png"] and desk.files[0].alt == "A wall"


def test_a_session_that_has_ended_keeps_what_was_written(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"))
    alt = f"alt_{desk.files[0].id}"
    sent = {"do": "save", alt: "A wall", "files": (io.BytesIO(files.png()), "b.png")}
    page = site.visitor().post(desk.path, sent, 401)
    assert page.select(f"//input[@name='kept.{alt}']/@value") == ["A wall"]


def test_someone_unconfirmed_adds_nothing(site: Site) -> None:
    desk = Desk(site, make_person(confirmed=False))
    assert "Confirm your email address" in desk.send((files.jpeg(), "a.jpg"), status=422).words
    assert not desk.files and not list(storage().older_than(now() + timedelta(days=1)))


def test_only_its_author_changes_them(site: Site) -> None:
    desk, other = Desk(site), site.browser(make_person("Ben Lee"))
    for browser, status in (
        (site.visitor(), 401),
        (other, 404),
        (site.browser(make_person(role="team")), 404),
    ):
        browser.get(desk.path, status)
        browser.post(desk.path, {"do": "add", "files": (io.BytesIO(files.jpeg()), "a.jpg")}, status)
    study = make_study()
    other.get(f"/case-studies/{study.thread_id}/edit/files", 403)
    with pytest.raises(Refused):
        Bundle(thread_id=study.thread_id).add(make_person(), keep(files.jpeg()), "a.jpg")


def test_an_unfinished_file_is_not_published(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"))
    study = make_study(desk.author)
    with pytest.raises(Refused):
        desk.bundle.publish_to(study, desk.author)
    desk.finish()
    desk.bundle.publish_to(study, desk.author)
    site.commit()
    assert [file.state for file in Bundle(thread_id=study.thread_id).all()] == [State.WAITING]


@one_database
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\ada\\wall.jpg", "wall.jpg"), ("../../etc/passwd", "passwd"), ("a\u202egpj.exe", "agpj.exe"),
        ("", "file"), ("...", "file"), ("a\nb\0.png", "a b.png"), ("x" * 200 + ".jpeg", "x" * 94 + "….jpeg"),
    ],
)  # fmt: skip
def test_a_name_is_a_name(sent: str, kept: str) -> None:
    assert cleaned_name(sent) == kept


# Who sees what


def test_who_may_see_what(site: Site) -> None:
    author = make_person()
    people = {
        "visitor": site.visitor(), "author": site.browser(author), "other": site.browser(make_person("Ben Lee")),
        "team": site.browser(make_person(role="team")),
        "administrator": site.browser(make_person(role="administrator")),
    }  # fmt: skip
    desk = Desk(site, author)
    desk.send((files.photograph(), "a.jpg"), (files.pdf(), "b.pdf"))
    desk.finish()

    def seen() -> set[str]:
        db.session.rollback()
        found = set()
        have = (desk.bundle if not published else Bundle(thread_id=study.thread_id)).all()
        urls = [url for file in have for url in addresses(file)]
        for who, browser in people.items():
            statuses = {browser.get(url, (200, 404)).status for url in urls}
            assert len(statuses) == 1, f"{who} sees some of it"
            if statuses == {200}:
                found.add(who)
        return found

    published = False
    assert seen() == {"author"}
    study = make_study(author)
    desk.bundle.publish_to(study, author)
    site.commit()
    published = True
    team = make_person(role="team")
    inside = {"author", "team", "administrator"}
    assert seen() == inside
    for file in Bundle(thread_id=study.thread_id).all():
        file.show(team, file.hash)
    site.commit()
    assert seen() == set(people)
    thread = db.session.get_one(Thread, study.thread_id)
    for act, undo, who in (
        (lambda: study.opening().hide(team, "spam"), lambda: study.opening().publish(team), inside),
        (lambda: thread.hide(team, "spam"), lambda: thread.restore(team), {"team", "administrator"}),
        (lambda: study.opening().withdraw(author), lambda: study.opening().bring_back(author), inside),
    ):
        act()
        site.commit()
        assert seen() == who
        undo()
        site.commit()
        assert seen() == set(people)
    for file in Bundle(thread_id=study.thread_id).all():
        file.refuse(team, file.hash, "other")
    site.commit()
    assert seen() == inside


def test_how_they_are_served(site: Site) -> None:
    _, bundle, _ = shown_study(site, None, files.photograph(), files.pdf())
    picture, paper = bundle.all()
    visitor = site.visitor()
    for url, type in ((picture.url, "image/webp"), (paper.url, "application/pdf")):
        page = visitor.get(url)
        assert page.headers["Content-Type"] == type and page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cache-Control"].startswith("public, max-age=31536000, immutable")
        assert "sandbox" in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert int(page.headers["Content-Length"]) == len(page.data)
        assert not {"Set-Cookie", "Vary"} & set(page.headers.keys())
        assert visitor.get(url, 304, headers={"If-None-Match": page.headers["ETag"]}).data == b""
        assert visitor.head(url).data == b""
    assert visitor.get(paper.url).headers["Content-Disposition"] == 'attachment; filename="wall-1.pdf"'
    assert visitor.get(picture.url).headers["Content-Disposition"].startswith("inline")
    for wrong in (
        picture.url.replace("-1200.", "-1199."), picture.url.replace(picture.hash[:32], "0" * 32),
        f"{picture.address}.pdf", f"{paper.address}-0.webp", "/files/999-" + "0" * 32 + "-480.webp", "/files/",
    ):  # fmt: skip
        visitor.get(wrong, 404)
    file = bundle.all()[0]
    file.refuse(make_person(role="team"), file.hash, "other")
    site.commit()
    visitor.get(picture.url, 404)
    visitor.get(picture.url, 404, headers={"If-None-Match": picture.widest.hash})


def test_while_it_waits_nobody_else_keeps_it(site: Site) -> None:
    desk = Desk(site)
    desk.send((files.jpeg(), "a.jpg"))
    page = desk.browser.get(desk.files[0].url)
    assert page.headers["Cache-Control"] == "private, no-cache"


def test_the_folder_is_not_in_the_web(site: Site) -> None:
    _, bundle, _ = shown_study(site)
    name = bundle.all()[0].hash
    for path in (f"/static/files/{name}", f"/static/../instance/files/{name}", f"/files/{name[:2]}/{name}"):
        site.visitor().get(path, 404)


# The team


def test_the_team_looks_at_the_oldest_first_and_only_at_what_is_ready(site: Site) -> None:
    team = site.browser(make_person(role="team"))
    for title in ("First", "Second"):
        author = make_person()
        desk = Desk(site, author, make_study(author, title=title).thread_id)
        desk.send((files.jpeg(), f"{title}.jpg"))
        assert "Nothing waits" in team.get("/team/pictures").words or title == "Second"
        desk.finish("consent")
    Desk(site).send((files.png(), "draft.png"), statement="nobody")
    page = team.get("/team/pictures")
    assert [text.strip() for text in page.select("//li//h2//text()")] == [
        "What First.jpg shows", "What Second.jpg shows",
    ]  # fmt: skip
    assert "the school holds consent" in page.words and "draft.png" not in page.text
    assert "Pictures and papers: 2" in team.get("/team").words
    team.get("/team/pictures?show=nonsense", 404)
    team.get("/team/pictures?after=x", 404)


def test_each_look_is_recorded_and_what_is_public_says_so(site: Site) -> None:
    study, bundle, team = shown_study(site)
    file, thread = bundle.all()[0], db.session.get_one(Thread, study.thread_id)
    assert thread.has_picture
    browser = site.browser(team)
    browser.post(f"/team/pictures/{file.id}/refuse", {"seen": file.hash}, 422)
    browser.post(
        f"/team/pictures/{file.id}/refuse",
        {"seen": file.hash, "reason": "pupil", "note": "A face at the back."},
    )
    site.commit()
    assert not db.session.get_one(Thread, study.thread_id).has_picture
    lines = db.session.scalars(
        select(Activity).where(Activity.verb.startswith("team.file")).order_by(Activity.id)
    ).all()
    assert [(line.verb, line.public, line.detail.get("reason")) for line in lines] == [
        ("team.file-shown", True, None), ("team.file-hidden", True, "pupil"),
    ]  # fmt: skip
    log = browser.get("/team/log").words
    assert "hid a picture or paper of the thread" in log and "A face at the back." in log
    browser.post(f"/team/pictures/{file.id}/show", {"seen": file.hash})
    bundle.replace(post_of(thread).author, file.id, keep(files.png()), "b.png")
    site.commit()
    waiting = bundle.all()[0]
    waiting.refuse(team, waiting.hash, "other")
    site.commit()
    last = db.session.scalars(select(Activity).order_by(Activity.id.desc())).first()
    assert last and (last.verb, last.public) == ("team.file-refused", False), "nobody had seen it"


def test_what_the_team_hides_is_gone_from_every_page_at_once(site: Site) -> None:
    study, bundle, team = shown_study(site)
    file, visitor = bundle.all()[0], site.visitor()
    first = visitor.get(page_of(study))
    assert file.address in first.text
    visitor.get(page_of(study), 304, headers={"If-None-Match": first.headers["ETag"]})
    site.browser(team).post(f"/team/pictures/{file.id}/refuse", {"seen": file.hash, "reason": "pupil"})
    again = visitor.get(page_of(study), headers={"If-None-Match": first.headers["ETag"]})
    assert file.address not in again.text and not again.select("//figure")
    for url in addresses(file):
        visitor.get(url, 404)


def test_its_author_is_told_why_and_may_send_another(site: Site) -> None:
    author = make_person()
    study, bundle, team = shown_study(site, author)
    file = bundle.all()[0]
    file.refuse(team, file.hash, "pupil", "A face at the back.\nCrop it.")
    site.commit()
    old = addresses(file)
    desk = Desk(site, author, study.thread_id)
    for path in (page_of(study), desk.path):
        page = desk.browser.get(path)
        assert "a pupil could be identified" in page.words and "Crop it." in page.words
    assert "Crop it." not in site.browser(make_person("Ben Lee")).get(page_of(study)).text
    assert "was refused by the team" in desk.send((files.photograph(), "same.jpg"), status=422).text
    fields = {
        "do": "save",
        f"instead_{file.id}": (io.BytesIO(files.png()), "cropped.png"),
        "statement": "nobody",
    }
    fields |= {f"alt_{file.id}": "The wall, cropped"}
    desk.browser.post(desk.path, fields)
    new = desk.files[0]
    assert (new.id, new.state, new.name, new.note) == (file.id, State.WAITING, "cropped.png", "")
    assert [each.width for each in new.renditions] == [480, 700]
    for url in old:
        desk.browser.get(url, 404)
    assert "Waiting for the team" in desk.browser.get(page_of(study)).words
    assert "The wall, cropped" in site.browser(team).get("/team/pictures").words


def test_the_team_shows_only_what_it_has_seen(site: Site) -> None:
    author = make_person()
    study, bundle, team = shown_study(site, author)
    seen = bundle.all()[0]
    before = seen.hash
    seen.refuse(team, before, "other")
    bundle.replace(author, seen.id, keep(files.png()), "b.png")
    bundle.declare(author, "nobody")
    site.commit()
    browser = site.browser(team)
    page = browser.post(f"/team/pictures/{seen.id}/show", {"seen": before}, 409)
    assert "Its author has replaced this file" in page.words
    assert bundle.all()[0].state == State.WAITING
    with pytest.raises(Conflict):
        bundle.all()[0].refuse(team, before, "other")
    assert page.select("//input[@name='seen']/@value")[0] == bundle.all()[0].hash


def test_two_of_the_team_at_once_leave_one_line(site: Site) -> None:
    study, bundle, team = shown_study(site)
    file = bundle.all()[0]
    browsers = [site.browser(make_person(f"Team {n}", role="team")) for n in range(4)]
    form = {"seen": file.hash, "reason": "other", "note": ""}
    fields = [{**form, "csrf_token": browser.csrf_token()} for browser in browsers]
    path = f"/team/pictures/{file.id}/refuse"
    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda browser, each: browser.post(path, each), browsers, fields))
    verbs = select(func.count()).where(Activity.verb == "team.file-hidden")
    assert db.session.scalar(verbs) == 1


def test_a_shown_picture_is_never_left_without_words(site: Site) -> None:
    author = make_person()
    study, bundle, _ = shown_study(site, author)
    desk = Desk(site, author, study.thread_id)
    desk.send((files.png(), "b.png"), **{f"alt_{desk.files[0].id}": ""})
    assert desk.files[0].alt == "Wall 0"


def test_removing_a_shown_picture_takes_it_away_at_once(site: Site) -> None:
    author = make_person()
    study, bundle, _ = shown_study(site, author)
    desk, visitor, file = Desk(site, author, study.thread_id), site.visitor(), bundle.all()[0]
    assert visitor.get(page_of(study)).select("//figure")
    url = file.url
    desk.send(do=f"remove-{file.id}")
    assert not visitor.get(page_of(study)).select("//figure")
    visitor.get(url, 404)
    assert not db.session.get_one(Thread, study.thread_id).has_picture
    assert db.session.scalar(select(func.count()).where(Activity.verb == "study.file-removed")) == 1


# What is kept


@pytest.fixture(params=["folder", "S3"])
def stored(site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    if request.param == "S3":
        site.app.extensions["storage"] = made(request.getfixturevalue("s3"))
        for name in storage().older_than(now() + timedelta(hours=1)):
            storage().delete(name)
    yield site


def swept(site: Site) -> str:
    db.session.rollback()
    output: str = site.app.test_cli_runner().invoke(args=["files", "sweep"]).output
    return output


def names_kept() -> set[str]:
    return set(storage().older_than(now() + timedelta(days=30)))


def test_the_whole_way_on_either_storage(stored: Site) -> None:
    study, bundle, team = shown_study(stored)
    visitor = stored.visitor()
    assert visitor.get(page_of(study)).select("//figure")
    for url in addresses(bundle.all()[0]):
        page = visitor.get(url)
        assert page.status == 200 and page.data.startswith(b"RIFF")
        assert int(page.headers["Content-Length"]) == len(page.data)


def test_the_sweep_takes_what_nobody_refers_to_and_nothing_else(stored: Site) -> None:
    _, bundle, _ = shown_study(stored)
    desk = Desk(stored)
    desk.send((files.png(), "draft.png"))
    gone = Desk(stored, desk.author)
    gone.send((files.png(), "same as the other draft's.png"), (files.webp(), "only here.webp"))
    gone.browser.post(f"/drafts/{gone.bundle.draft_id}/discard")
    stray = storage().put(os.urandom(50))
    used = {
        each.hash for have in (bundle.all(), desk.bundle.all()) for file in have for each in file.renditions
    }
    everything = names_kept()
    assert "0 stored files removed" in swept(stored) and names_kept() == everything, "not within a day"
    with time_machine.travel(now() + timedelta(days=2), tick=True):
        said = swept(stored)
    assert "2 from discarded drafts forgotten" in said
    assert names_kept() == used and stray not in used and len(everything) > len(used)
    assert "Every file" in stored.app.test_cli_runner().invoke(args=["files", "check"]).output
    assert stored.visitor().get(bundle.all()[0].url).status == 200


def test_what_is_sent_again_is_not_swept_from_under_it(site: Site, tmp_path: Path) -> None:
    """Bytes that were discarded long ago come again: they are new from then on, before any row speaks of them."""
    names = {each[3] for each in keep(files.png()).renditions}
    for place in (tmp_path / "kept").glob("??/*"):
        os.utime(place, (0, 0))
    listed = list(storage().older_than(now()))
    assert set(listed) == names
    keep(files.png())
    assert not any(storage().delete(name, now() - timedelta(days=1)) for name in listed)
    assert "0 stored files removed" in swept(site) and names_kept() == names


def test_what_the_storage_lacks_is_said(site: Site) -> None:
    _, bundle, _ = shown_study(site)
    file = bundle.all()[0]
    storage().delete(file.hash)
    result = site.app.test_cli_runner().invoke(args=["files", "check"])
    assert result.exit_code == 1 and f"Lacking: {file.hash}" in result.output
    site.visitor().get(file.url, 404)


def test_a_storage_that_fails_leaves_no_record(site: Site, tmp_path: Path) -> None:
    desk = Desk(site)
    (tmp_path / "no folder").write_text("a file stands in its place")
    site.app.extensions["storage"] = Folder(tmp_path / "no folder")
    with pytest.raises(OSError):
        desk.send((files.jpeg(), "a.jpg"), (files.png(), "b.png"))
    assert desk.files == []


def test_a_database_that_fails_leaves_at_worst_bytes(site: Site) -> None:
    desk = Desk(site)
    db.session.execute(Draft.__table__.delete())  # the draft goes while its files are looked at
    desk_id = desk.bundle.draft_id
    db.session.rollback()
    with pytest.raises(Refused):
        Bundle(draft_id=(desk_id or 0) + 1).add(desk.author, keep(files.jpeg()), "a.jpg")
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(StudyFile)) == 0
    with time_machine.travel(now() + timedelta(days=2), tick=True):
        assert "3 stored files removed" in swept(site)


# What it costs, and what nobody may smuggle in


def test_pages_cost_the_same_with_one_file_and_with_five(site: Site) -> None:
    costs = []
    for many in (1, MOST):
        author = make_person()
        study, _, team = shown_study(site, author, *(files.jpeg(60 + n, 40) for n in range(many)))
        cost = []
        site.visitor().get(page_of(study) + "?first")  # its neighbours are found once and kept
        for browser, path in (
            (site.visitor(), page_of(study)),
            (site.browser(author), f"/case-studies/{study.thread_id}/edit/files"),
            (site.browser(team), "/team/pictures?show=shown"),
        ):
            with counted() as statements:
                browser.get(path)
            cost.append(len(statements))
        costs.append(cost)
    assert costs[0] == costs[1]


def test_the_queue_and_an_address_are_read_from_indexes(site: Site) -> None:
    sqlite, anyone = db.engine.dialect.name == "sqlite", make_person()
    for query, index in (
        (StudyFile.waiting().limit(11), "ix_case_study_files_waiting"),
        (StudyFile.looked_at_already(State.SHOWN).limit(11), "ix_case_study_files_looked_at"),
        (StudyFile.asked(anyone, 1, 480), ""),
    ):
        if not sqlite:  # small tables are read whole unless that is forbidden
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
            db.session.execute(text("SET LOCAL enable_bitmapscan = off"))
        sql = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        plan = [str(row[-1]) for row in db.session.connection().exec_driver_sql(f"{explain} {sql}")]
        whole = [
            line for line in plan if "Seq Scan" in line or (line.startswith("SCAN") and "INDEX" not in line)
        ]
        assert not whole and any(index in line for line in plan), plan


def test_attacks_in_the_words_of_a_picture_stay_words(site: Site) -> None:
    samples = ['"><script>alert(1)</script>', "' onerror=alert(1) x='", "&quot;><img src=x onerror=alert(1)>"]
    if ATTACKS.exists():
        samples += [
            str(next(iter(json.loads(line).values())))
            for line in ATTACKS.read_text("utf-8").split("\n")
            if line
        ]
    macros: Any = site.app.jinja_env.get_template("components/files.html").module
    for start in range(0, len(samples), 200):
        some = []
        for number, sample in enumerate(samples[start : start + 200]):
            words = " ".join(sample.split())[:300]
            for kind in ("picture", "paper"):
                file = StudyFile(id=number, kind=kind, alt=words, name=words, hash="0" * 64, decorative=False)
                file.renditions = [Rendition(width=480, height=300, size=9, hash="0" * 64)]
                file.state, file.statement = State.SHOWN, "nobody"
                some.append(file)
        html = lxml.html.fromstring(f"<main>{macros.enclosed(some)}</main>")
        assert {each.tag for each in html.iter()} <= {"main", "h3", "figure", "img", "p", "a", "span"}
        assert {name for each in html.iter() for name in each.attrib} <= {
            "class", "src", "srcset", "sizes", "width", "height", "loading", "decoding", "alt", "href", "rel",
        }  # fmt: skip
        assert all(each.get("src", "/files/").startswith("/files/") for each in html.iter("img"))


def test_hostile_words_and_names_come_back_as_words(site: Site) -> None:
    desk, hostile = Desk(site), "<b>\"'&</b><script>alert(1)</script>"
    desk.send((files.jpeg(), f"{hostile}.jpg"), statement=hostile)
    file = desk.files[0]
    page = desk.send(do="add", status=422, **{f"alt_{file.id}": hostile})
    assert page.select(f"//textarea[@id='alt_{file.id}']")[0].text_content().strip() == hostile
    assert "<script>alert" not in page.text
    assert file.statement == ""


@one_database
def test_the_story_has_pictures_and_one_that_waits(site: Site) -> None:
    load_story()
    told = list(db.session.scalars(StudyFile.whole()))
    assert {(file.kind, file.state) for file in told} == {
        ("picture", State.SHOWN), ("paper", State.SHOWN), ("picture", State.WAITING),
    }  # fmt: skip
    for file in told:
        assert file.is_ready and (file.looked_at or now()) > file.sent_at
        site.visitor().get(file.url, 200 if file.is_shown else 404)
