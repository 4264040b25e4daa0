"""A test client that looks at each page it fetches, and the site as a test handles it."""

from __future__ import annotations

import contextvars
import email
import email.policy
import re
from collections import Counter
from email.message import EmailMessage
from typing import Any

import flask
import html5lib
import lxml.html
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from forum.accounts.letters import deliver_due
from forum.accounts.models import User
from forum.core.db import db

VALID: set[str] = set()


class Page:
    """One answer of the site."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.data = response.get_data()
        self.location = response.headers.get("Location", "")
        self._html: Any = None

    @property
    def text(self) -> str:
        """The body as it was sent."""
        return self.data.decode("utf-8")

    @property
    def html(self) -> Any:
        """The page as lxml.html sees it."""
        if self._html is None:
            self._html = lxml.html.fromstring(self.data.decode("utf-8"))
        return self._html

    @property
    def words(self) -> str:
        """What a person reads in <main>, white space folded."""
        main = self.html.xpath("//main")
        return re.sub(r"\s+", " ", (main[0] if main else self.html).text_content()).strip()

    def select(self, path: str) -> list[Any]:
        found: list[Any] = self.html.xpath(path)
        return found


class Browser:
    """Someone at a browser. Every HTML page they fetch is checked. A request runs in a context of its own, so
    nothing of the test's own app context (its session, its `g`) is shared with it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, url: str, status: int | tuple[int, ...] = 200, **more: Any) -> Page:
        return self._answer("GET", url, status, **more)

    def head(self, url: str, status: int | tuple[int, ...] = 200, **more: Any) -> Page:
        return self._answer("HEAD", url, status, **more)

    def post(
        self,
        url: str,
        data: dict[str, Any] | None = None,
        status: int | tuple[int, ...] = 302,
        csrf: bool = True,
        **more: Any,
    ) -> Page:
        fields = dict(data or {})
        if csrf:
            fields.setdefault("csrf_token", self.csrf_token())
        return self._answer("POST", url, status, data=fields, **more)

    def follow(self, page: Page, status: int = 200) -> Page:
        return self.get(page.location, status=status)

    def csrf_token(self) -> str:
        """A good token for this browser's session, as any form of the site would carry."""
        return contextvars.Context().run(self._make_token)

    def _make_token(self) -> str:
        with self.client.session_transaction() as session, self.client.application.test_request_context():
            flask.session.update(session)
            token: str = generate_csrf()
            session["csrf_token"] = flask.session["csrf_token"]
        return token

    def _answer(self, method: str, url: str, status: int | tuple[int, ...], **more: Any) -> Page:
        if has_app_context():
            db.session.rollback()  # what the test has read must not hold up the request, nor hide what it does
        response = contextvars.Context().run(self.client.open, url, method=method, **more)
        page = Page(response)
        expected = status if isinstance(status, tuple) else (status,)
        assert page.status in expected, f"{url} answered {page.status}, not {status}: {page.text[:2000]}"
        if response.mimetype == "text/html" and page.data and response.request.method != "HEAD":
            check_page(page, url)
        return page


def check_page(page: Page, url: str) -> None:
    """One h1, no id twice, every input labelled, every POST form with its token, valid HTML5."""
    if "Content-Encoding" in page.headers:
        return
    _check_html(page.text)
    assert len(page.select("//h1")) == 1, f"{url}: {len(page.select('//h1'))} h1"
    twice = [id for id, n in Counter(page.select("//@id")).items() if n > 1]
    assert not twice, f"{url}: ids used twice: {twice}"
    for form in page.select("//form[translate(@method, 'POST', 'post')='post']"):
        assert form.xpath(".//input[@name='csrf_token']/@value"), f"{url}: a form without a token"
    labelled = set(page.select("//label/@for"))
    for field in page.select("//input[not(@type='hidden')] | //textarea | //select"):
        if field.get("type") in ("submit", "button"):
            continue
        name = field.get("aria-label") or field.get("aria-labelledby")
        assert name or field.get("id") in labelled, f"{url}: {field.get('name')} has no label"
    described = {id for ids in page.select("//@aria-describedby | //@aria-labelledby") for id in ids.split()}
    missing = described - set(page.select("//@id"))
    assert not missing, f"{url}: described by what is not there: {missing}"
    assert not page.select("//@style | //script[not(@src)] | //style"), f"{url}: inline style or script"


def _check_html(text: str) -> None:
    """Valid HTML5. A page with the same tags, attributes and ampersands as one that was found valid is too."""
    shape = re.sub(r">[^<]*<", lambda words: ">" + "".join(re.findall(r"&[^;]{0,9};?", words[0])) + "<", text)
    shape = re.sub(r'="[^"<>&]*"', '=""', shape)
    if shape not in VALID:
        html5lib.HTMLParser(strict=True).parse(text)
        VALID.add(shape)


class Site:
    """The site in a test: browsers for people, the mail it sent, the test's own transaction."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def visitor(self) -> Browser:
        return Browser(self.app.test_client())

    def browser(self, user: User) -> Browser:
        """A browser in which `user` is signed in."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = user.get_id()
            session["_fresh"] = True
        return Browser(client)

    def mail(self) -> list[EmailMessage]:
        """Deliver what is due; every mail of this test so far, in order of writing."""
        deliver_due()
        folder = self.app.config["FORUM"].instance / "mail"
        files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [_read(path.read_bytes()) for path in files]

    def commit(self) -> None:
        """Commit what the test did itself, and forget what it has read."""
        db.session.commit()
        db.session.expire_all()


def _read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
