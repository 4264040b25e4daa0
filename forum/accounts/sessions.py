"""Who this request comes from."""

from __future__ import annotations

from flask import Flask, abort, current_app, g, make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import COOKIE_NAME, LoginManager, login_user, logout_user
from sqlalchemy import bindparam, select

from forum.accounts.forms import SignInForm
from forum.accounts.models import User, Visitor
from forum.core.db import db, reading
from forum.core.errors import typed_fields
from forum.core.freshness import versions
from forum.core.porch import Kept

BY_ID = select(User).where(User.id == bindparam("id"))
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
    user = _as_kept(int(number)) if reading() else db.session.scalar(BY_ID, {"id": int(number)})
    return user if user is not None and user.session_stamp == stamp else None


def _as_kept(id: int) -> User | None:
    """For a request that only reads: the person as last loaded, where their row is still that version."""
    kept: Kept[User] = current_app.extensions["people"]
    key = versions().row("SELECT id, version, session_stamp FROM users WHERE id = {}", (id,))
    user = kept.get(key) if key else None
    if key and user is None:
        user = db.session.scalar(BY_ID, {"id": id})
        if user is not None:
            db.session.expunge(user)
            kept.put(key, user, 2000)
    return user


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
    app.extensions["people"] = Kept[User](4 * 1024 * 1024)
    manager.init_app(app)
