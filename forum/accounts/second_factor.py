"""Setting up and using the second factor, which the team's rooms ask for."""

from __future__ import annotations

import io

import segno
from flask import Response, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from forum.accounts.forms import CodeForm
from forum.accounts.models.second_factors import RecoveryCode, SecondFactor
from forum.accounts.settings import bp, form_page
from forum.core.forms import Form
from forum.core.guards import PASSED, me, signed_in
from forum.core.limits import limiter, person
from forum.core.security import own_path

TRIES = "10 per 15 minutes"
WRONG = "Those digits are not right, or were used already. Wait for the next ones"
FEW = 3


@bp.route("/second-factor", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], key_func=person)
@signed_in
def second_factor() -> ResponseReturnValue:
    """Set it up the first time; after that, give the digits once in each session."""
    factor, form = _mine(), CodeForm()
    if factor is None or not form.validate_on_submit():
        return _page(factor, form)
    if not factor.accepts(form.code.data):
        form.code.errors = (WRONG,)
        return _page(factor, form)
    session[PASSED] = me().get_id()
    if not factor.is_confirmed:
        return _codes(factor.confirm(me()))
    if (left := RecoveryCode.left(me())) < FEW:
        flash(f"You have {left} recovery codes left. Make new ones on your settings page.")
    return redirect(_then())


@bp.post("/second-factor/begin")
@signed_in
def begin_second_factor() -> ResponseReturnValue:
    _mine()
    if Form().validate_on_submit():
        SecondFactor.begin(me())
    return redirect(url_for(".second_factor", then=_then()))


@bp.get("/second-factor/picture.svg")
@signed_in
def second_factor_picture() -> Response:
    """The secret as a picture that an authenticator app reads, until it is set up."""
    factor = _mine()
    if factor is None or factor.is_confirmed:
        abort(404)
    picture = io.BytesIO()
    segno.make(_address(factor), micro=False).save(picture, kind="svg", scale=5, border=2, light="#fff")
    return Response(picture.getvalue(), mimetype="image/svg+xml")


@bp.post("/second-factor/codes")
@limiter.limit(TRIES, key_func=person)
@signed_in
def new_recovery_codes() -> ResponseReturnValue:
    """Fresh recovery codes, for someone who has just shown that they have the second factor."""
    factor = _mine()
    if factor is None or session.get(PASSED) != me().get_id():
        return redirect(url_for(".second_factor", then=url_for(".settings")))
    return _codes(RecoveryCode.make(me()))


def _mine() -> SecondFactor | None:
    """Only the team's rooms ask for one."""
    return SecondFactor.of(me()) if me().is_team else abort(403)


def _address(factor: SecondFactor) -> str:
    config = current_app.config["FORUM"]
    return factor.address(config.host_name, me().email or me().name)


def _page(factor: SecondFactor | None, form: CodeForm) -> ResponseReturnValue:
    return form_page("accounts/second_factor.html", form, factor=factor, then=_then())


def _codes(codes: list[str]) -> str:
    return render_template("accounts/recovery_codes.html", codes=codes, then=_then())


def _then() -> str:
    return own_path(request.values.get("then")) or url_for("team.home")
