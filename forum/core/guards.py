"""Who may come in. The questions are the person's and the thing's own; here they are only asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from forum.core.db import SAFE_METHODS
from forum.core.errors import Refused, again, typed_fields

View = Callable[..., ResponseReturnValue]
PASSED = "second_factor"  # of a session: whose second factor it has shown


def me() -> Any:
    """The person of this request: a User, or a Visitor who answers the same questions."""
    return current_user._get_current_object()


def sign_in_first() -> ResponseReturnValue:
    """The sign-in page in place of what a visitor asked for or sent."""
    answer: ResponseReturnValue = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return answer


def signed_in(view: View) -> View:
    """Let people with an account in; a visitor is shown the sign-in page, and what they sent is kept there."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if not me().is_signed_in:
            return sign_in_first()
        return view(*args, **kwargs)

    return guarded


def team_only() -> ResponseReturnValue | None:
    """The lock of the team's one door, for `before_request`."""
    if not me().is_signed_in:
        return sign_in_first()
    if not me().is_team:
        abort(403)
    return None if _has_passed() else _second_factor_first()


def _has_passed() -> bool:
    """True where this session has shown its second factor, or none is asked for."""
    asked = current_app.config["FORUM"].second_factor
    return not asked or session.get(PASSED) == me().get_id()


def _second_factor_first() -> ResponseReturnValue:
    """What was sent is offered again, word for word, for when the digits have been given."""
    if request.method not in SAFE_METHODS:
        return again(request.full_path.rstrip("?"), typed_fields(), 403)
    return redirect(url_for("accounts.second_factor", then=request.full_path.rstrip("?")))


def team_room(name: str, import_name: str) -> Blueprint:
    """A blueprint under /team, behind the team's one door."""
    room = Blueprint(name, import_name, url_prefix="/team")
    room.before_request(team_only)
    return room


def proves_itself(view: View) -> View:
    """Mark the view of a POST that comes from no form of ours: a token or secret of its own is its proof, and where the
    view has found it good it says so by `proven`. Without that core/db commits nothing."""
    view.proves_itself = True  # type: ignore[attr-defined]
    return view


def proven() -> None:
    g.csrf_valid = True


def check_csrf() -> ResponseReturnValue | None:
    """Before each unsafe request. A good token is noted, and without that core/db commits nothing. A bad one from
    someone signed in is answered here: what they typed is offered again with a fresh token. Forms for visitors,
    and those with a password in them, say it themselves."""
    if request.method in SAFE_METHODS:
        return None
    if getattr(current_app.view_functions.get(request.endpoint or ""), "proves_itself", False):
        return None
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refused("This form was sent from another website.")
    try:
        validate_csrf(request.form.get("csrf_token") or request.headers.get("X-CSRFToken"))
    except ValidationError:
        g.csrf_valid = False
    else:
        g.csrf_valid = True
        return None
    if me().is_signed_in and not any("password" in name for name in request.form):
        return again(request.full_path.rstrip("?"), typed_fields(), 400)
    return None
