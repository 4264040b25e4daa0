"""Who may come in. The questions are the person's and the thing's own; here they are only asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from forum.core.db import SAFE_METHODS
from forum.core.errors import Refused

View = Callable[..., ResponseReturnValue]


def me() -> Any:
    """The person of this request: a User, or a Visitor who answers the same questions."""
    return current_user._get_current_object()


def signed_in(view: View) -> View:
    """Let people with an account in; a visitor is shown the sign-in page, and what they sent is kept there."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if not me().is_signed_in:
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return view(*args, **kwargs)

    return guarded


def team_only() -> ResponseReturnValue | None:
    """The lock of the team's one door, for `before_request`."""
    if not me().is_signed_in:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]
    if not me().is_team:
        abort(403)
    return None


def check_csrf() -> None:
    """Before each unsafe request: note whether its token is good. The form says so to the person, and
    core/db commits nothing without it."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refused("This form was sent from another website.")
    try:
        validate_csrf(request.form.get("csrf_token") or request.headers.get("X-CSRFToken"))
    except ValidationError:
        g.csrf_valid = False
    else:
        g.csrf_valid = True
