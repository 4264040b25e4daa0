"""A real site on a real port, and a real Chromium that looks at it. Fixtures for the tests that need a browser."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from flask import abort
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    WebError,
    sync_playwright,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from config import Config
from forum import create_app
from forum.accounts.letters import deliver_due
from forum.accounts.models import User
from forum.core.db import db
from tests.served import fill

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (
    "No Chromium was found (looked for chromium, chromium-browser and google-chrome), and these tests need a real "
    "browser. `make test` installs it; by hand it is: sudo apt install chromium fonts-liberation"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Less work on a machine with few cores: no second renderer in reserve, no compiler for code that runs once.
    "--in-process-gpu",
    "--disable-features=BackForwardCache,MediaRouter,OptimizationHints,SpareRendererForSitePerProcess,Translate",
    "--js-flags=--always-sparkplug --no-turbofan",
    "--num-raster-threads=1",
]
PATIENCE = 10_000  # milliseconds

# Whatever a stranger's script would do first is said on the console, where Window hears it. (eval is the policy's.)
TRAPS = """
(() => {
  const say = (what) => console.error("A script ran: " + what);
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    const trap = (...given) => say(name + "(" + given.map(String).join(", ").slice(0, 200) + ")");
    Object.defineProperty(window, name, { value: trap });
  }
  document.addEventListener("securitypolicyviolation", (event) =>
    console.error("Policy violated: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));
})();
"""


class LiveSite:
    """The site on a port of its own, with a database of its own."""

    def __init__(self, instance: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        env = {
            "FORUM_ENV": "development",
            "INSTANCE": str(instance),
            "SITE_URL": self.url,
            "FIRST_POSTS_HELD": "0",
        }
        self.config = Config.from_environment(env)
        self.app = create_app(self.config)
        self.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = (
            31_536_000  # as the production server says of static files
        )
        self.app.add_url_rule("/broken/<int:code>", "broken", abort)
        with self.work():
            fill(self.app)

    def work(self) -> AbstractContextManager[Any]:
        """Where a test asks the database itself, or does something with a verb. The test commits."""
        return self.app.app_context()

    def letters(self, to: str) -> list[str]:
        """What was written to this address so far, after delivering what is due; the oldest first."""
        with self.work():
            deliver_due()
        found = []
        for path in sorted((self.config.instance / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            if message["To"] == to:
                found.append(message.get_content())
        return found

    def link(self, to: str) -> str:
        """The first address in the last letter to `to`."""
        found = re.search(rf"{re.escape(self.url)}\S+", self.letters(to)[-1])
        assert found
        return found[0]

    def session_cookie(self, user: int) -> str:
        """The cookie of someone who has signed in."""
        with self.work():
            key = db.session.get_one(User, user).get_id()
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = key, True
        cookie = client.get_cookie("session")
        assert cookie
        return cookie.value

    def serve(self) -> None:
        self._server = make_server(
            "127.0.0.1", 0, self.app, threaded=True, request_handler=Quiet, fd=self._socket.fileno()
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="site", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()
        with self.work():
            db.session.remove()
            db.engine.dispose()


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


class Window:
    """A browser window of one person. What must never happen on any page is written down in `troubles`."""

    def __init__(self, site: LiveSite, context: BrowserContext) -> None:
        self.site = site
        self.context = context
        self.troubles: list[str] = []
        self.requested: list[str] = []
        self.refusals: set[int] = set()  # statuses that this test makes the page's own script meet
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TRAPS)
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("dialog", self._dialog)
        self.page = context.new_page()

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path, wait_until="load")
        return self.page

    def press(self, name: str) -> None:
        """Press the button of that name with the mouse, and wait for the page it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def sign_in(self, user: int) -> None:
        cookie = self.site.session_cookie(user)
        self.context.add_cookies([{"name": "session", "value": cookie, "url": self.site.url}])

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site.url)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def words(self) -> str:
        return self.page.locator("main").inner_text()

    def check(self) -> None:
        assert not self.troubles, "\n".join(dict.fromkeys(self.troubles))

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)
        if not request.url.startswith(self.site.url + "/"):
            self._note(f"asked for {request.url[:300]}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            path = urlsplit(response.url).path
            by_script = path in ("/check", "/drafts", "/preview") or path.endswith("/read")
            if not (by_script and response.status in self.refusals):
                self._note(f"{response.status} for {response.url[:300]}")

    def _console(self, message: ConsoleMessage) -> None:
        # What is said of a status is looked at in _response.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self._note(f"console: {message.text[:500]}")

    def _web_error(self, error: WebError) -> None:
        self._note(f"script error: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message[:200]}")
        dialog.dismiss()

    def _note(self, trouble: str) -> None:
        self.troubles.append(f"{self.path}: {trouble}")


Open = Callable[..., Window]


@contextmanager
def started() -> Iterator[Browser]:
    """The machine's own Chromium. Raises LookupError, which says how to install it, where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise LookupError(INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Started once for the run of this worker."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The site over HTTP, for the tests of one module."""
    site = LiveSite(tmp_path_factory.mktemp("live"))
    site.serve()
    yield site
    site.close()


@pytest.fixture
def opened(live: LiveSite, chromium: Browser) -> Iterator[Open]:
    """Opens windows: `opened()` for a visitor, `opened(ada)` for the person with that id. At the end nothing may
    have happened in them that never should."""
    windows: list[Window] = []

    def open_window(
        user: int | None = None,
        javascript: bool = True,
        width: int = 1280,
        motion: Literal["no-preference", "reduce"] = "reduce",
    ) -> Window:
        context = chromium.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": 800},
            reduced_motion=motion,
            locale="en-GB",
        )
        window = Window(live, context)
        windows.append(window)
        if user is not None:
            window.sign_in(user)
        return window

    yield open_window
    for window in windows:
        window.context.close()
    for window in windows:
        window.check()
