"""The way in: an account, its confirmation, signing in and out, a forgotten password."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from forum.accounts import sessions
from forum.accounts.forms import EmailForm, NewPasswordForm, RegisterForm, SignInForm, address
from forum.accounts.letters import write_link
from forum.accounts.models import EmailedLink, Purpose, School, Taken, User, email_key
from forum.accounts.models.letters import write
from forum.accounts.settings import (
    bp,
    check_your_email,
    form_page,
    gone,
    looks_for_school,
    mail_folder,
    school_page,
)
from forum.core.errors import again
from forum.core.forms import Form
from forum.core.guards import me
from forum.core.limits import limiter, person
from forum.core.security import own_path

__all__ = ["bp"]

KEPT = "kept."


def account() -> str:
    """The key of a limit per account: that named in the form, in its one spelling, else the person's own."""
    named = email_key(address(request.form.get("email")))
    return f"account {named[:320]}" if named else person()


@bp.route("/register", methods=["GET", "POST"])
@limiter.limit("40 per hour", methods=["POST"], exempt_when=looks_for_school)
@limiter.limit("5 per hour", methods=["POST"], key_func=account, exempt_when=looks_for_school)
def register() -> ResponseReturnValue:
    if me().is_signed_in:
        return _signed_in_already()
    form = RegisterForm()
    if looks_for_school():
        return school_page("accounts/register.html", form)
    if request.method == "GET":
        form.choose(School.by_urn(request.args.get("urn")))
    if not form.validate_on_submit():
        return form_page("accounts/register.html", form)
    email = form.email.data
    try:
        user = User.register(email=email, password=form.password.data, **form.described)
    except Taken:
        _say_it_is_taken(email)
    else:
        _ask_to_confirm(user)
    return check_your_email(Purpose.CONFIRM, email)


@bp.get("/check-your-email")
def registered() -> ResponseReturnValue:
    purpose, to = session.get("sent", (None, None))
    return render_template("accounts/check_your_email.html", purpose=purpose, to=to, folder=mail_folder())


@bp.route("/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Only a press of the button confirms: scanners of mail open each link. Used, it says that it is done."""
    link = EmailedLink.sent(token, Purpose.CONFIRM)
    if link is None or not (link.is_good or link.person.is_confirmed):
        return gone(Purpose.CONFIRM)
    user = link.person
    form = Form()
    if form.validate_on_submit():
        if link.spend():
            user.confirm()
        if me().id != user.id:
            return redirect(url_for("accounts.confirm", token=token))
        flash("Your email address is confirmed. You can now publish what you write.")
        return redirect(url_for("pages.home"))
    return form_page("accounts/confirm.html", form, token=token, done=user.is_confirmed)


@bp.route("/confirm", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
@limiter.limit("5 per hour", methods=["POST"], key_func=account)
def resend() -> ResponseReturnValue:
    """The confirming link once more: to a signed-in person's own address, or to the one a visitor gives."""
    form: Form = Form() if me().is_signed_in else EmailForm()
    if not form.validate_on_submit():
        return form_page("accounts/resend.html", form)
    email: str = me().email if me().is_signed_in else form["email"].data
    user = User.by_email(email)
    if user is None:
        write(email, "You have no account with us", "no_account")
    elif user.is_confirmed:
        write(email, "Your email address is confirmed", "confirmed_already")
    else:
        _ask_to_confirm(user)
    return check_your_email(Purpose.CONFIRM, email)


@bp.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("50 per 15 minutes", methods=["POST"])
@limiter.limit("10 per 15 minutes", methods=["POST"], key_func=account)
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    kept = _kept_fields()
    if me().is_signed_in:
        return _signed_in_already(form.kept_action.data, kept)
    if form.validate_on_submit():
        user = User.with_password(form.email.data, form.password.data)
        if user is not None:
            sessions.begin(user, remember=form.remember.data)
            if action := own_path(form.kept_action.data):
                return again(action, kept, 200)
            return redirect(own_path(form.then.data) or url_for("pages.home"))
        form["email"].errors = ["The email address or the password is wrong. Check both and try again"]
    form.then.data = own_path(form.then.data or request.args.get("then"))
    form.kept_action.data = own_path(form.kept_action.data)
    return form_page("accounts/sign_in.html", form, kept=kept)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    if not Form().validate_on_submit():
        return render_template("errors/csrf.html"), 400
    sessions.end()
    return redirect(url_for("pages.home"))


@bp.route("/reset", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
@limiter.limit("5 per hour", methods=["POST"], key_func=account)
def reset() -> ResponseReturnValue:
    form = EmailForm()
    if not form.validate_on_submit():
        return form_page("accounts/reset.html", form)
    user = User.by_email(form.email.data)
    if user is None or user.email is None:
        write(form.email.data, "You have no account with us", "no_account")
    else:
        write_link(user, Purpose.RESET, user.email, "Choose a new password", "reset")
    return check_your_email(Purpose.RESET, form.email.data)


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> ResponseReturnValue:
    """Whoever has the link has the address too, so it is confirmed."""
    link = EmailedLink.valid(token, Purpose.RESET)
    if link is None:
        return gone(Purpose.RESET)
    user = link.person
    form = NewPasswordForm(user)
    if not form.validate_on_submit():
        return form_page("accounts/reset_password.html", form, token=token)
    if not link.spend():
        return gone(Purpose.RESET)
    user.choose_password(form.password.data)
    user.confirm()
    write(link.email, "Your password was changed", "password_changed")
    flash("Your password is changed. Sign in with the new one.")
    return redirect(url_for("accounts.sign_in"))


def _ask_to_confirm(user: User) -> None:
    write_link(user, Purpose.CONFIRM, user.email or "", "Confirm your email address", "confirm")


def _say_it_is_taken(email: str) -> None:
    """To the address alone. Where nobody has confirmed it yet the letter has a link for a new password: one
    to confirm could give the account to someone who registered with an address that is not theirs."""
    user = User.by_email(email)
    if user is None or user.is_confirmed:
        write(email, "You already have an account", "account_exists")
    else:
        write_link(user, Purpose.RESET, email, "You already have an account", "account_unconfirmed")


def _kept_fields() -> list[tuple[str, str]]:
    """What a person was sending when they were asked to sign in."""
    fields = [
        (name.removeprefix(KEPT), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(KEPT)
    ]
    return [(name, value) for name, value in fields if name != "csrf_token" and "password" not in name]


def _signed_in_already(
    kept_action: str | None = None, kept: list[tuple[str, str]] | None = None
) -> ResponseReturnValue:
    """Home. A form from a page older than the session is not taken, and loses no word."""
    sent_well = request.method == "GET" or g.csrf_valid
    if action := own_path(kept_action):
        return again(action, kept or [], 200 if sent_well else 409)
    if sent_well:
        return redirect(url_for("pages.home"))
    return render_template("accounts/signed_in_already.html"), 409
