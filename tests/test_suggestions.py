"""Suggestions that are answered: made, supported, owed, answered by two people, told once, followed to the end."""

from __future__ import annotations

from tests.browser import Site
from tests.factories import make_person


def test_made(site: Site) -> None:
    ada = make_person()
    page = site.browser(ada).get("/suggestions/new")
    print(page.words)
