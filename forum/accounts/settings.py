"""What a person changes about their own account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from forum.accounts import sessions
from forum.accounts.forms import ChangeEmailForm, ChangePasswordForm, RegisterForm, SettingsForm
from forum.accounts.letters import write_link
from forum.accounts.models import DeadAddress, EmailedLink, Purpose, School, User, email_key
from forum.accounts.models.letters import write
from forum.core.db import db
from forum.core.forms import Form
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person

bp = Blueprint("accounts", __name__, url_prefix="/account")


def looks_for_school() -> bool:
    """True where a form is sent to find a school in it, not to be taken."""
    return "find_school" in request.form


@bp.route("/settings", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"], key_func=person, exempt_when=looks_for_school)
@signed_in
def settings() -> ResponseReturnValue:
    form, dead = SettingsForm(obj=me()), DeadAddress.of(me().email)
    if looks_for_school():
        return school_page("accounts/settings.html", form, dead=dead)
    if request.method == "GET":
        _show_school(form)
    if form.validate_on_submit():
        me().describe(**form.described, disclosure=form.disclosure.data)
        flash("Your settings are saved.")
        return redirect(url_for("accounts.settings"))
    return form_page("accounts/settings.html", form, dead=dead)


@bp.route("/settings/email", methods=["GET", "POST"])
@limiter.limit("10 per hour", methods=["POST"], key_func=person)
@signed_in
def change_email() -> ResponseReturnValue:
    form = ChangeEmailForm(me())
    if form.validate_on_submit():
        _ask_new_address(me(), form.email.data)
        return check_your_email(Purpose.CHANGE, form.email.data)
    return form_page("accounts/change_email.html", form)


@bp.route("/settings/email/<token>", methods=["GET", "POST"])
def confirm_email(token: str) -> ResponseReturnValue:
    """Only a press of the button changes anything: scanners of mail open each link."""
    link = EmailedLink.sent(token, Purpose.CHANGE)
    if link is None:
        return gone(Purpose.CHANGE)
    user = link.person
    moved = user.email_key == email_key(link.email)
    if not moved and not link.is_good:
        return gone(Purpose.CHANGE)
    form = Form()
    if form.validate_on_submit():
        if link.spend():
            _move(user, link.email)
        return redirect(url_for("accounts.confirm_email", token=token))
    return form_page("accounts/confirm_email.html", form, link=link, moved=moved)


@bp.route("/settings/password", methods=["GET", "POST"])
@limiter.limit("10 per 15 minutes", methods=["POST"], key_func=person)
@signed_in
def change_password() -> ResponseReturnValue:
    user = me()
    form = ChangePasswordForm(user)
    if form.validate_on_submit():
        user.choose_password(form.password.data)
        sessions.begin(user, remember=sessions.is_remembered())
        write(user.email, "Your password was changed", "password_changed")
        flash("Your password is changed. You are signed out everywhere else.")
        return redirect(url_for("accounts.settings"))
    return form_page("accounts/change_password.html", form)


def form_page(template: str, form: Form, **values: Any) -> ResponseReturnValue:
    """The page of a form: with what was typed, and status 422, where something is wrong with it."""
    page = render_template(template, form=form, form_errors=bool(form.errors), **values)
    return page, 422 if form.errors else 200


def school_page(template: str, form: RegisterForm | SettingsForm, **values: Any) -> ResponseReturnValue:
    """The page of a form with the schools to pick from, and all else as it was typed."""
    if form.has_good_token():
        form.look()
    return form_page(template, form, **values)


def check_your_email(purpose: Purpose, to: str) -> ResponseReturnValue:
    """On to the page that says where the mail is; the same whether or not `to` has an account."""
    session["sent"] = [purpose, to]
    return redirect(url_for("accounts.registered"))


def gone(purpose: Purpose) -> ResponseReturnValue:
    """A link that is used, too old or not ours, and how to get another."""
    return render_template("accounts/link_gone.html", purpose=purpose), 410


def _show_school(form: SettingsForm) -> None:
    """The school that was found on the page of schools, else this person's own."""
    if chosen := School.by_urn(request.args.get("urn")):
        form.school.data = chosen.shown
        form.choose(chosen)
    elif me().school_id:
        form.choose(db.session.get(School, me().school_id))


def _ask_new_address(user: User, to: str) -> None:
    """A link to the new address, and word to the old one. Nobody learns that an address has an account."""
    if User.by_email(to) is None:
        write_link(user, Purpose.CHANGE, to, "Confirm your new email address", "confirm_email")
    else:
        write(to, "This address has an account", "email_taken")
    if user.is_confirmed and user.email:
        write(user.email, "Your email address is about to change", "email_change_asked")


def _move(user: User, email: str) -> None:
    before = user.email if user.is_confirmed else None
    user.move_to(email)
    if before:
        write(before, "Your email address was changed", "email_changed")


def mail_folder() -> str | None:
    """Where mail is put while no server for it is set, for a developer to read."""
    config = current_app.config["FORUM"]
    return None if config.smtp_url or config.in_production else str(config.instance / "mail")
