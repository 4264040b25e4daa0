"""The whole house: the only file that sees everything."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

import forum.cli
from config import Config
from forum.accounts import second_factor, sessions, tally
from forum.accounts import views as accounts
from forum.accounts.letters import Postman
from forum.core import assets, db, dress, errors, freshness, guards, limits, porch, security
from forum.discussion import drafts, fragments, writing
from forum.discussion import views as discussion
from forum.discussion.models import catalogue, gate
from forum.feeds import views as feeds
from forum.moderation import (
    acts,
    gatekeeper,
    ledger,
    members,
    mine,
    people,
    queue,
    records,
    rules,
    settings,
    suspension,
    team,
    telling,
    texts,
)
from forum.moderation import views as moderation
from forum.pages import views as pages
from forum.resources import views as resources

ROUTES_ELSEWHERE = (
    acts,
    drafts,
    ledger,
    members,
    mine,
    records,
    rules,
    people,
    queue,
    second_factor,
    settings,
    tally,
    telling,
    texts,
    writing,
)


def create_app(config: Config | None = None) -> Flask:
    """The site, from `config` or else the environment. Raises Misconfigured where it could not run safely."""
    config = config or Config.from_environment()
    app = Flask(
        "forum",
        template_folder="../templates",
        static_folder="../static",
        static_url_path="/static",
        instance_path=str(config.instance),
    )
    app.config.from_mapping(config.flask())
    config.instance.mkdir(parents=True, exist_ok=True)

    db.init_app(app)
    freshness.init_app(app)
    porch.Porch(app)  # before the others: what they add to an answer is kept with it
    Migrate(
        app, db.db, directory=str(config.root / "migrations"), compare_type=True, compare_server_default=True
    )
    limits.limiter.init_app(app)
    sessions.init_app(app)
    app.before_request(guards.check_csrf)
    app.extensions["postman"] = Postman(app)
    for part in (assets.Assets(), dress, errors, security, catalogue, fragments):
        part.init_app(app)
    for blueprint in (accounts.bp, discussion.bp, moderation.bp, team.bp, feeds.bp, resources.bp, pages.bp):
        app.register_blueprint(blueprint)
    gate.gate(app, gatekeeper.Gatekeeper())
    suspension.init_app(app)
    forum.cli.init_app(app)

    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
