"""Who is on the team: administrators add and remove people, and the other administrators are told."""

from __future__ import annotations

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.accounts.models import Role, SecondFactor, User
from forum.accounts.models.letters import write
from forum.core.db import db, first_or_404, see_anew
from forum.core.errors import Refused
from forum.core.guards import me
from forum.moderation.forms import ButtonForm, MemberForm
from forum.moderation.team import bp, done

ON_THE_TEAM = (Role.TEAM, Role.ADMINISTRATOR)
ROLES = {
    Role.PARTICIPANT: "a participant",
    Role.TEAM: "a member of the team",
    Role.ADMINISTRATOR: "an administrator",
}


@bp.get("/members")
def members() -> ResponseReturnValue:
    return _page(MemberForm(formdata=None))


@bp.post("/members")
def add_member() -> ResponseReturnValue:
    _administrators_only()
    form = MemberForm()
    if not form.validate_on_submit():
        return _page(form)
    person = User.by_email(form.email.data)
    if person is None or not person.is_confirmed:
        form.email.errors = ("Nobody with a confirmed account has this address",)
        return _page(form)
    return _give(person, Role(form.role.data))


@bp.post("/members/<int:id>/remove")
def remove_member(id: int) -> ResponseReturnValue:
    _administrators_only()
    person = first_or_404(select(User).where(User.id == id, User.role.in_(ON_THE_TEAM)))
    if not ButtonForm().validate_on_submit():
        return _page(MemberForm(formdata=None))
    return _give(person, Role.PARTICIPANT)


@bp.post("/members/<int:id>/second-factor")
def forget_second_factor(id: int) -> ResponseReturnValue:
    """Someone has lost their authenticator: they set up another one."""
    _administrators_only()
    person = first_or_404(select(User).where(User.id == id, User.role.in_(ON_THE_TEAM), User.id != me().id))
    if ButtonForm().validate_on_submit():
        SecondFactor.forget(person, by=me())
        _tell(f"{me().name} let {person.name} set up a new second factor.")
    return done(f"{person.name} sets up a new second factor next time.", url_for(".members"))


def _give(person: User, role: Role) -> ResponseReturnValue:
    """Nobody changes their own role, so there is always an administrator left."""
    see_anew(person, lock=True)
    if person.id == me().id:
        raise Refused("You cannot change your own role. Another administrator can.")
    if person.role != role:
        person.make(role, by=me())
        _tell(f"{me().name} made {person.name} ({person.email}) {ROLES[role]}.")
    return done(f"{person.name} is now {ROLES[role]}.", url_for(".members"))


def _tell(what: str) -> None:
    """The other administrators hear of it, so that nobody takes over alone and in silence."""
    others = select(User).where(User.role == Role.ADMINISTRATOR, User.id != me().id, User.email.is_not(None))
    for other in db.session.scalars(others):
        write(other.email or "", "A change in the team", "team_changed", what=what)


def _administrators_only() -> None:
    if not me().is_administrator:
        abort(403)


def _page(form: MemberForm) -> ResponseReturnValue:
    on_the_team = select(User).where(User.role.in_(ON_THE_TEAM)).order_by(User.role, User.name)
    people = db.session.scalars(on_the_team.limit(500)).all()
    page = render_template(
        "team/members.html", people=people, roles=ROLES, form=form, form_errors=bool(form.errors)
    )
    return page, 422 if form.errors else 200
