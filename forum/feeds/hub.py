"""WebSub (https://www.w3.org/TR/websub/): feeds name a hub where one is set, and the worker tells it of new entries.
The hub is not ours; readers subscribe there."""

from __future__ import annotations

import http.client
from datetime import timedelta
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import structlog
from flask import Flask, Response, current_app

from forum.core.db import db, now
from forum.feeds.models import Announcement

log = structlog.get_logger("forum.hub")
AT_ONCE = 50  # entries in one call
LEASE = timedelta(minutes=2)
PAUSES = [timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]
FORMATS = ("atom", "rss", "json")


def hub_of(path: str, query: str, archive: bool) -> str | None:
    """The hub that hears of a feed: not of archives, nor of searches and views of the library, which nobody can tell
    to have grown."""
    hub: str = current_app.config["FORUM"].websub_hub
    return hub if hub and not archive and not query and not path.startswith("/search") else None


def announce(response: Response, hub: str | None, topic: str) -> Response:
    """Say it in the header too (WebSub §4): some readers look nowhere else."""
    if hub:
        response.headers["Link"] = f'<{hub}>; rel="hub", <{topic}>; rel="self"'
    return response


def ping() -> bool:
    """Tell the hub of the next new entries; True where more wait. To tell it twice is harmless."""
    config = current_app.config["FORUM"]
    if not config.websub_hub:
        return False
    taken = Announcement.take(AT_ONCE, now() + LEASE)
    ids, tries = [each.id for each in taken], max((each.tries for each in taken), default=0)
    paths = dict.fromkeys(path for each in taken for path in each.paths())
    db.session.commit()
    topics = [f"{config.site_url}{path}.{format}" for path in paths for format in FORMATS]
    try:
        if topics:
            _publish(config.websub_hub, topics)
    except (URLError, OSError, http.client.HTTPException) as error:
        log.warning("the hub was not told", entries=len(ids), tries=tries, error=str(error))
        Announcement.again(ids, now() + PAUSES[tries - 1] if tries <= len(PAUSES) else None, str(error))
    else:
        Announcement.done(ids)
    db.session.commit()
    return len(ids) == AT_ONCE


def _publish(hub: str, topics: list[str]) -> None:
    """One call for all. WebSub leaves the words to hub and publisher; these are PubSubHubbub's, which hubs know."""
    body = urlencode([("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)]).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "national-conversation"}
    request = Request(hub, body, headers)  # noqa: S310  config.py lets http and https in alone
    with urlopen(request, timeout=20) as answer:  # noqa: S310
        answer.read(1000)


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(ping, "hub")
