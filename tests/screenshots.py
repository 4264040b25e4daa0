"""Pictures of the site for the README: `python -m tests.screenshots` makes docs/screenshots anew from the demo."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from sqlalchemy import select

from config import ROOT
from forum.core.db import db
from forum.discussion.models import Thread
from forum.seed.story import tell
from tests.chromium import LiveSite, Window, started

FOLDER = ROOT / "docs" / "screenshots"
TALLEST = {1280: 1280, 320: 1600}  # width -> height, in pixels, at which a picture is cut
TITLE = "Comment-only marking in Year 8 science: two terms on"
STUDY = "Comment-only marking in a whole science department"
SUGGESTION = "Ask us for each number once"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as instance, started() as browser:
        site = LiveSite(Path(instance))
        with site.work():
            tell(site.config)
            db.session.commit()
            pages = {
                "home": "/",
                "prompt": "/prompts/your-practice",
                "thread": address_of(TITLE),
                "library": "/case-studies",
                "case-study": address_of(STUDY),
                "scorecard": "/resources/key-stage-3-national-strategy",
                "suggestions": "/suggestions",
                "suggestion": address_of(SUGGESTION),
                "answers": "/answers",
            }
        site.serve()
        for width in TALLEST:
            take(site, browser, width, pages)
        site.close()


def address_of(title: str) -> str:
    thread = db.session.scalars(select(Thread).where(Thread.title == title)).one()
    return f"/threads/{thread.id}-{thread.slug}"


def take(site: LiveSite, browser: Browser, width: int, pages: dict[str, str]) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    window = Window(site, context)
    for name, path in pages.items():
        window.go(path)
        keep(window, f"{name}-{width}")
    window.go("/account/register").get_by_label("Your name").fill("Ada Obi")
    window.page.get_by_label("Email address").fill("ada.obi")
    window.press("Create an account")
    keep(window, f"failed-form-{width}")
    window.check()
    context.close()


def keep(window: Window, name: str) -> None:
    """The page from its top, cut where it goes on for long."""
    width, height = window.page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST[width])}
    file = FOLDER / f"{name}.png"
    window.page.screenshot(path=file, full_page=True, clip=clip)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
