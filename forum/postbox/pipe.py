"""Mail that the mail server hands over through a pipe: `flask mail receive < message`."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from forum.postbox.taking import take

mail = AppGroup("mail", help="What comes by mail.")


@mail.command("receive")
@click.option("--to", default="", help="The address it was delivered to, where the mail server tells.")
def receive(to: str) -> None:
    """Take one mail in from standard input. The same mail again does nothing."""
    taken = take(sys.stdin.buffer.read(), to)
    click.echo(f"{taken.outcome}{f': {taken.reason}' if taken.reason else ''}")


def init_app(app: Flask) -> None:
    app.cli.add_command(mail)
