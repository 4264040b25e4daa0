"""Who this request comes from."""

from __future__ import annotations

from flask import Flask, abort, current_app, g, make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import COOKIE_NAME, LoginManager, login_user, logout_user
from sqlalchemy import select

from forum.accounts.forms import SignInForm
from forum.accounts.models import User, Visitor
from forum.core.db import db
from forum.core.errors import typed_fields

manager = LoginManager()
manager.anonymous_user = Visitor
# The session stamp ends sessions; an address that changes does not.
manager.session_protection = None  # type: ignore[assignment]


@manager.user_loader  # type: ignore[untyped-decorator]
def _load(key: str) -> User | None:
    """`key` is what User.get_id gave; a stamp that is no longer theirs is nobody."""
    number, _, stamp = key.partition(".")
    if not number.isdigit():
        return None
    user: User | None = db.session.scalar(select(User).where(User.id == int(number)))
    return user if user is not None and user.session_stamp == stamp else None


@manager.unauthorized_handler  # type: ignore[untyped-decorator]
def _sign_in_first() -> ResponseReturnValue:
    """The sign-in page in place of what was asked for. What was being sent is kept in it, word for word."""
    form = SignInForm(formdata=None)
    if request.method == "GET":
        form.then.data = request.full_path.rstrip("?")
        fields: list[tuple[str, str]] = []
    elif request.method == "POST":
        form.kept_action.data = request.full_path.rstrip("?")
        fields = typed_fields()
    else:
        abort(401)
    page = render_template("accounts/sign_in.html", form=form, kept=fields)
    response = make_response(page, 401)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def begin(user: User, remember: bool) -> None:
    """Sign `user` in, in a session that takes nothing over from the one before, token and cookie included."""
    session.clear()
    g.pop("csrf_token", None)
    login_user(user, remember=remember)
    if not remember and is_remembered():
        session["_remember"] = "clear"


def end() -> None:
    session.clear()
    logout_user()


def is_remembered() -> bool:
    """True where this browser came with the cookie that outlives a session."""
    return current_app.config.get("REMEMBER_COOKIE_NAME", COOKIE_NAME) in request.cookies


def init_app(app: Flask) -> None:
    manager.init_app(app)
