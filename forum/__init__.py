"""The whole house: the only file that sees everything."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

import forum.cli
from config import Config
from forum.accounts import letters, schools, second_factor, sessions, tally
from forum.accounts import views as accounts
from forum.case_studies import (
    export,
    files,
    inspection,
    library,
    marking,
    page,
    publishing,
    trying,
    upkeep,
    uploads,
)
from forum.case_studies import views as case_studies
from forum.case_studies.models import shelf
from forum.core import assets, db, dress, errors, freshness, guards, limits, own, porch, security, storage
from forum.discussion import drafts, fragments, nearest, writing
from forum.discussion import views as discussion
from forum.discussion.models import catalogue, gate
from forum.feeds import decisions, hub, searches
from forum.feeds import private as private_feeds
from forum.feeds import views as feeds
from forum.following import letters as following_letters
from forum.following import lists, notifications, private, unsubscribing
from forum.following import own as following_own
from forum.following import rounds as following_rounds
from forum.following import views as following
from forum.moderation import (
    acts,
    bans,
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
    threads,
    watched,
    weekly,
)
from forum.moderation import views as moderation
from forum.moderation.models import told
from forum.pages import views as pages
from forum.postbox import answers, imap, pipe, retention
from forum.postbox import team as postbox_team
from forum.postbox import views as postbox
from forum.resources import asking, reviewing
from forum.resources import room as resources_room
from forum.resources import team as resources_team
from forum.resources import views as resources
from forum.search import followed, saved
from forum.search import team as search_team
from forum.search import views as search
from forum.search.models import Finder
from forum.search.models.index import is_modelled
from forum.suggestions import answering, rounds
from forum.suggestions import room as suggestions_room
from forum.suggestions import team as suggestions_team
from forum.suggestions import views as suggestions
from forum.suggestions import writing as suggesting
from forum.worker.rounds import Worker

ROUTES_ELSEWHERE = (
    acts,
    answering,
    asking,
    bans,
    drafts,
    export,
    ledger,
    library,
    lists,
    members,
    mine,
    notifications,
    people,
    private,
    private_feeds,
    publishing,
    queue,
    records,
    reviewing,
    rules,
    saved,
    second_factor,
    settings,
    suggesting,
    tally,
    telling,
    texts,
    threads,
    trying,
    watched,
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
        app,
        db.db,
        directory=str(config.root / "migrations"),
        compare_type=True,
        compare_server_default=True,
        include_name=is_modelled,
    )
    limits.limiter.init_app(app)
    sessions.init_app(app)
    app.before_request(guards.check_csrf)
    app.extensions["worker"] = Worker(app)
    for part in (
        assets.Assets(),
        dress,
        errors,
        own,
        security,
        storage,
        catalogue,
        fragments,
        page,
        resources_room,
        shelf,
        suggestions_room,
        rounds,
        following_rounds,
        letters,
        following_letters,
        hub,
        answers,
        imap,
        pipe,
        retention,
        upkeep,
        bans,
        weekly,
    ):
        part.init_app(app)
    for blueprint in (
        accounts.bp,
        schools.bp,
        discussion.bp,
        moderation.bp,
        team.bp,
        feeds.bp,
        following.bp,
        resources.bp,
        resources_team.bp,
        search.bp,
        search_team.bp,
        pages.bp,
    ):
        app.register_blueprint(blueprint)
    for room in (case_studies, files, inspection, marking, uploads):
        app.register_blueprint(room.bp)
    for blueprint in (suggestions.bp, suggestions_team.bp, unsubscribing.bp, postbox.bp, postbox_team.bp):
        app.register_blueprint(blueprint)
    nearest.finds(app, Finder())
    searches.answered_by(app, followed.Followed.ask)
    private_feeds.kept_by(app, private.PrivateFeeds())
    own.kept_by(app, following_own.OwnThings())
    records.also(app, following_own.kept_of)
    decisions.told_by(app, told.Ledger())
    gate.gate(app, gatekeeper.Gatekeeper())
    suspension.init_app(app)
    forum.cli.init_app(app)

    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
