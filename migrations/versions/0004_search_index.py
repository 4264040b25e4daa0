"""The search index, kept by the database itself

The SQL is in migrations/sql, a file for each database. Triggers keep the index in the transaction of whatever changes
a post, a thread, its components or its author, however the change is made. What is there already is indexed here.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-23 21:00:00

"""

import re
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
WORD = re.compile(r"[a-z]{4,20}")
SPELLINGS = sa.table("search_spellings", sa.column("word"))
DELETIONS = sa.table("search_deletions", sa.column("form"), sa.column("word"))
TEXTS = sa.text(
    "SELECT p.id, p.source || ' ' || CASE WHEN p.number = 1 THEN t.title ELSE '' END FROM search_posts s"
    " JOIN posts p ON p.id = s.post_id JOIN threads t ON t.id = p.thread_id"
    " WHERE s.post_id > :last ORDER BY s.post_id LIMIT 2000"
)


def upgrade():
    _run("")
    _learn()


def downgrade():
    _run("_away")


def _run(part):
    """All of a file. psycopg sends it as it is; sqlite3 wants one statement at a time."""
    connection = op.get_bind()
    sql = (SQL / f"0004_search_index_{connection.dialect.name}{part}.sql").read_text("utf-8")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(sql)
        return
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.exec_driver_sql(statement)
            statement = ""


def _learn():
    """The words that are there already. Only the set of them is held in memory."""
    connection = op.get_bind()
    known, last = set(), 0
    while rows := connection.execute(TEXTS, {"last": last}).all():
        last = rows[-1][0]
        fresh = {word for _, text in rows for word in WORD.findall(text.lower())} - known
        known |= fresh
        if not fresh:
            continue
        connection.execute(SPELLINGS.insert(), [{"word": word} for word in sorted(fresh)])
        if connection.dialect.name == "postgresql":  # SQLite has a trigger for this
            forms = {(word[:n] + word[n + 1 :], word) for word in fresh for n in range(len(word))}
            connection.execute(
                DELETIONS.insert(), [{"form": form, "word": word} for form, word in sorted(forms)]
            )
