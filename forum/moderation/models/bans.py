"""Where spam came from: a mail address, a mail domain or a network that takes no part for some time."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

from flask import current_app
from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, Text, and_, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import Role, User, email_key
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused

WIDEST = {4: 20, 6: 40}  # the shortest prefix that may be banned: 4,096 addresses, or a provider's customer
EVERYBODYS = {
    "aol.com", "btinternet.com", "gmail.com", "gmx.com", "googlemail.com", "hotmail.co.uk", "hotmail.com",
    "icloud.com", "live.co.uk", "live.com", "mac.com", "me.com", "msn.com", "outlook.com", "proton.me",
    "protonmail.com", "sky.com", "talktalk.net", "virginmedia.com", "yahoo.co.uk", "yahoo.com",
}  # fmt: skip
SUFFIXES = {"ac.uk", "co.uk", "gov.uk", "ltd.uk", "me.uk", "net.uk", "nhs.uk", "org.uk", "plc.uk", "sch.uk"}
DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")


class BanKind(StrEnum):
    ADDRESS = "address"
    DOMAIN = "domain"
    NETWORK = "network"


KINDS = {
    BanKind.ADDRESS: "An email address",
    BanKind.DOMAIN: "Every address of an email domain",
    BanKind.NETWORK: "A network (IP address or range)",
}


class Banned(Refused):
    """Nothing is taken from here for now."""

    def __init__(self, ban: Ban) -> None:
        where = {BanKind.ADDRESS: "your email address", BanKind.DOMAIN: "your email domain"}
        self.ban = ban
        self.where = where.get(BanKind(ban.kind), "your network")
        contact = current_app.config["FORUM"].contact
        super().__init__(
            f"We take nothing from {self.where} for now, because spam came from there. If this is a mistake,"
            f" write to {contact} with the reference B{ban.id}."
        )


class Ban(db.Model):  # type: ignore[name-defined,misc]
    """No registration and no post from `value` until then. Of an address `value` is a keyed digest, so that nobody can
    read it here, and `shown` what is left of it for the team to know it by; of a domain or a network both are plain."""

    __tablename__ = "bans"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(260))
    shown: Mapped[str] = mapped_column(String(260))
    reason: Mapped[str] = mapped_column(String(20), default="spam")
    note: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    until: Mapped[datetime | None] = mapped_column(Instant)
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    by: Mapped[User] = relationship(lazy="raise", foreign_keys=[by_id])
    lifted_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[lifted_by_id])

    __table_args__ = (Index(None, "kind", "value"),)

    @classmethod
    def make(
        cls,
        by: User,
        kind: BanKind,
        typed: str,
        *,
        reason: str = "spam",
        note: str = "",
        until: datetime | None = None,
        here: str | None = None,
    ) -> Ban:
        """Take nothing from `typed` any more. `here` is the address that `by` works from. Raises Refused where it is
        none, or where it would shut out the team or half of everyone."""
        value, shown = READ[kind](typed.strip().casefold())
        if kind == BanKind.NETWORK and here and ip_address(here) in ip_network(value):
            raise Refused("You are in this network yourself.")
        if kind != BanKind.NETWORK:
            _refuse_the_team(kind, value)
        ban = cls(kind=kind, value=value, shown=shown, reason=reason, note=note, by_id=by.id, until=until)
        db.session.add(ban)
        db.session.flush()
        record("team.banned", by=by, note=note, detail={"ban": ban.id, "kind": kind, "reason": reason})
        return ban

    def lift(self, by: User) -> None:
        see_anew(self, lock=True)
        if not self.is_in_force:
            raise Conflict("This ban has ended already.")
        self.lifted_at, self.lifted_by_id = now(), by.id
        record("team.ban-lifted", by=by, detail={"ban": self.id, "kind": self.kind})

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None and (self.until is None or self.until > now())

    @classmethod
    def against(cls, email: str | None, network: str | None) -> Ban | None:
        """The ban that meets this address or network, if one does: one read of an index."""
        met = []
        if email and "\0" not in email:  # no address, and PostgreSQL knows no such text
            domain = email.casefold().rpartition("@")[2]
            parts = domain.split(".")
            domains = [".".join(parts[start:]) for start in range(max(1, len(parts) - 1))]
            met.append(and_(cls.kind == BanKind.ADDRESS, cls.value == _digest(email)))
            met.append(and_(cls.kind == BanKind.DOMAIN, cls.value.in_(domains)))
        if around := _networks_around(network):
            met.append(and_(cls.kind == BanKind.NETWORK, cls.value.in_(around)))
        if not met:
            return None
        found: Ban | None = db.session.scalar(select(cls).where(or_(*met), cls.in_force()).limit(1))
        return found

    @classmethod
    def in_force(cls) -> ColumnElement[bool]:
        return and_(cls.lifted_at.is_(None), or_(cls.until.is_(None), cls.until > now()))

    @classmethod
    def newest(cls, before: int | None = None) -> Select[Ban]:
        query = select(cls).order_by(cls.id.desc()).options(joinedload(cls.by), joinedload(cls.lifted_by))
        return query.where(cls.id < before) if before else query


def _read_address(typed: str) -> tuple[str, str]:
    name, at, domain = typed.rpartition("@")
    if not (name and at and DOMAIN.fullmatch(domain)):
        raise Refused("Enter an email address like name@example.com.")
    return _digest(typed), f"{name[0]}…@{domain}"


def _read_domain(typed: str) -> tuple[str, str]:
    domain = typed.removeprefix("@").rstrip(".")
    if (
        not DOMAIN.fullmatch(domain)
        or domain in SUFFIXES
        or domain.endswith(".sch.uk")
        and domain.count(".") < 3
    ):
        raise Refused("Enter the domain of one provider or organisation, like example.com.")
    if domain in EVERYBODYS:
        raise Refused(f"Half of everyone has an address at {domain}: ban single addresses instead.")
    return domain, domain


def _read_network(typed: str) -> tuple[str, str]:
    """A single IPv6 address stands for the /64 that one household has."""
    try:
        network = ip_network(typed, strict=False)
    except ValueError:
        raise Refused("Enter an IP address or a range, like 192.0.2.0/24.") from None
    if network.version == 6 and network.prefixlen > 64:
        network = network.supernet(new_prefix=64)
    if network.prefixlen < WIDEST[network.version]:
        raise Refused(f"This range is too wide: /{WIDEST[network.version]} is the widest that can be banned.")
    return str(network), str(network)


READ = {BanKind.ADDRESS: _read_address, BanKind.DOMAIN: _read_domain, BanKind.NETWORK: _read_network}


def _networks_around(address: str | None) -> list[str]:
    try:
        found = ip_address(address or "")
    except ValueError:
        return []
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    narrowest = {4: 32, 6: 64}[found.version]
    lengths = range(WIDEST[found.version], narrowest + 1)
    return [str(ip_network(f"{found}/{length}", strict=False)) for length in lengths]


def _refuse_the_team(kind: BanKind, value: str) -> None:
    team = select(User.email_key).where(User.role.in_((Role.TEAM, Role.ADMINISTRATOR)))
    for address in db.session.scalars(team):
        domain = (address or "").rpartition("@")[2]
        theirs = (
            _digest(address or "") == value if kind == BanKind.ADDRESS else f".{domain}".endswith(f".{value}")
        )
        if theirs:
            raise Refused("Someone on the team has this address.")


def _digest(email: str) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()[:64]
    return hashlib.blake2b(email_key(email).encode(), key=key, digest_size=24).hexdigest()
