"""Every `flask` command."""

from __future__ import annotations

import os
import sys

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from forum.accounts.models import Role, User
from forum.core.db import db
from forum.seed.load import load_conversation

conversation = AppGroup("conversation", help="The conversation's own data.")
people = AppGroup("people", help="People and their roles.")


@conversation.command("load")
def load() -> None:
    """Load prompts, components and resources from forum/seed. What the team has edited stays as it is."""
    for line in load_conversation():
        click.echo(line)
    db.session.commit()


@people.command("add-team")
@click.argument("email")
def add_team(email: str) -> None:
    """Make the person with EMAIL a member of the team."""
    _make(email, Role.TEAM)


@people.command("make-administrator")
@click.argument("email")
def make_administrator(email: str) -> None:
    """Make the person with EMAIL an administrator."""
    _make(email, Role.ADMINISTRATOR)


@click.command("serve")
def serve() -> None:
    """Serve the site with the production server on HOST:PORT."""
    config = current_app.config["FORUM"]
    click.echo(f"Serving {config.site_url} – stop with Ctrl-C")
    arguments = [
        "granian",
        "--interface",
        "wsgi",
        "--host",
        config.host,
        "--port",
        str(config.port),
        "--workers",
        str(config.workers),
        "--blocking-threads",
        str(config.threads),
        "--no-ws",
        "--static-path-route",
        "/static",
        "--static-path-mount",
        str(config.root / "static"),
        "--static-path-expires",
        "31536000",
        "--log-level",
        config.log_level.lower(),
        "forum.serving:app",
    ]
    sys.stdout.flush()
    os.execvp(os.path.join(os.path.dirname(sys.executable), "granian"), arguments)


def init_app(app: Flask) -> None:
    for command in (conversation, people, serve):
        app.cli.add_command(command)


def _make(email: str, role: Role) -> None:
    user = User.by_email(email)
    if user is None:
        raise click.ClickException(f"Nobody has registered with {email}.")
    user.make(role, by=None)
    db.session.commit()
    click.echo(f"{user.name} <{user.email}> is now {role}.")
