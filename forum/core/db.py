"""The database: one session per request, one transaction per unsafe request, committed here alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from flask import Flask, Response, abort, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import DateTime, Engine, MetaData, Select, event, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
T = TypeVar("T")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Session(FlaskSession):
    """Reads of a safe request run outside a transaction on PostgreSQL: half the round trips."""

    def get_bind(self, mapper: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        bind: Any = super().get_bind(mapper, **kwargs)
        if reading() and bind.dialect.name == "postgresql":
            return _reader(bind)
        return bind


@cache
def _reader(engine: Engine) -> Engine:
    """One for each engine, so that a session keeps to one connection."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


db = SQLAlchemy(model_class=Base, session_options={"class_": Session})


_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)
_only_reading: ContextVar[bool] = ContextVar("only_reading", default=False)


def now() -> datetime:
    return _moment.get() or datetime.now(UTC)


@contextmanager
def as_at(moment: datetime) -> Iterator[None]:
    """Inside, it is `moment`: for telling in the past what happened in the past."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def reading() -> bool:
    """True in a request that may not write, and in `only_reading`."""
    return _only_reading.get() or (has_request_context() and request.method in SAFE_METHODS)


@contextmanager
def only_reading() -> Iterator[None]:
    """Inside, the worker reads as a safe request does, and holds up nobody who writes: SQLite's one writer's lock is
    not taken. What was not committed before is gone."""
    db.session.rollback()
    token = _only_reading.set(True)
    try:
        yield
    finally:
        db.session.rollback()
        _only_reading.reset(token)


def first_or_404(query: Select[T]) -> T:
    """The first row of `query`, which says what this person may see: what they may not see is a 404."""
    found = db.session.scalars(query.limit(1)).first()
    return found if found is not None else abort(404)


def see_anew(thing: Any, lock: bool = False) -> None:
    """Read the columns of `thing` again as they are now, with its row's lock if asked; what was loaded with it
    stays. SQLite's writer holds the one lock there is from the start."""
    columns = [column.key for column in inspect(type(thing)).column_attrs]
    db.session.refresh(thing, columns, with_for_update=lock or None)


def after_commit(call: Callable[[], object]) -> None:
    """Do `call` once this request's transaction is safely down, and never if it is not."""
    if has_request_context():
        g.setdefault("after_commit", []).append(call)
    else:
        event.listen(db.session(), "after_commit", lambda session: call(), once=True)


def init_app(app: Flask) -> None:
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": app.config["FORUM"].threads + 2}
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        options = {"pool_size": app.config["FORUM"].threads + 2, "max_overflow": 8}
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _sqlite_as_a_server_database(db.engine)
    app.after_request(_commit_or_roll_back)


def _commit_or_roll_back(response: Response) -> Response:
    """An unsafe request that succeeded, and proved that its form was ours, is committed; nothing else is."""
    if request.method in SAFE_METHODS:
        return response
    if response.status_code >= 400:
        db.session.rollback()
        return response
    if not g.get("csrf_valid"):
        db.session.rollback()
        raise RuntimeError(f"{request.endpoint} answered as done without a good CSRF token")
    db.session.commit()
    for call in g.pop("after_commit", []):
        call()
    return response


def _sqlite_as_a_server_database(engine: Engine) -> None:
    """WAL, foreign keys, full durability; a writer takes its lock at BEGIN, so it never fails half-way."""

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "busy_timeout=15000",
            "temp_store=MEMORY",
            "cache_size=-2000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if reading() else "BEGIN IMMEDIATE")


@event.listens_for(Session, "before_flush")
def _a_get_never_writes(session: Session, context: object, instances: object) -> None:
    if reading():
        what = f"{request.method} {request.path}" if has_request_context() else "what only reads"
        raise RuntimeError(f"{what} tried to write")
