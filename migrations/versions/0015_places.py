"""Places: feeds, archives and the search index in the order in which things became public

Until now they were in the order of ids, so what waited for the team came in late among what readers had taken already.
Whatever has been public keeps its id as its place; what waits takes the next when it is let out.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-24 04:00:00

"""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OF_A_THREAD = "id, title, kind, answered_at, has_picture, supporters_count"
SQL = Path(__file__).parents[1] / "sql"
LISTED = "publication = 'published' AND moderation = 'clear'"
UNANSWERED = f"{LISTED} AND posts_count = 1"
FACETS = [
    "phase", "region", "school_type", "cost_band", "effect_mark", "cost_mark", "evidence_mark", "tried_count",
    "renewal_asked_at", "component_bits",
]  # fmt: skip
PLAIN = {  # index: table, columns now, columns before; None where it is new
    "ix_posts_author_id_place": ("posts", ["author_id", "place"], None),
    "ix_threads_author_id_place": ("threads", ["author_id", "place"], None),
    "ix_thread_components_newest": (
        "thread_components",
        ["component_id", "place"],
        ["component_id", "thread_id"],
    ),
    "ix_case_studies_newest": ("case_studies", ["place", "listed", "thread_id", *FACETS], None),
}
OF_A_PROMPT = {"ix_threads_prompt_newest": LISTED, "ix_threads_prompt_unanswered": UNANSWERED}


def upgrade():
    for table in ("posts", "threads", "thread_components", "case_studies"):
        op.add_column(table, sa.Column("place", sa.Integer()))
    _number_what_is_there()
    for table in ("posts", "threads"):
        op.create_index(f"ix_{table}_place", table, ["place"], unique=True)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"CREATE SEQUENCE {table}_place_seq OWNED BY {table}.place")
            op.execute(
                f"SELECT setval('{table}_place_seq', (SELECT coalesce(max(place), 0) + 1 FROM {table}), false)"  # noqa: S608
            )
    op.drop_index("ix_posts_prompt_id_id", table_name="posts")
    op.create_index("ix_posts_prompt_id_place", "posts", ["prompt_id", "place"])
    op.drop_index("ix_threads_author_id", table_name="threads")
    _index("place")
    op.drop_index("ix_posts_released_at", table_name="posts")
    op.drop_column("posts", "released_at")
    _run(_sql("0015_places"))


def _number_what_is_there():
    """What waits has none: a reply that waits has no number, and a thread that waits is held itself."""
    op.execute("UPDATE threads SET place = id WHERE publication <> 'held' AND publication <> 'draft'")
    op.execute(
        "UPDATE posts SET place = id WHERE number IS NOT NULL AND (publication IN ('published', 'withdrawn')"
        " OR publication = 'held' AND number > 1)"
    )
    for table in ("thread_components", "case_studies"):
        op.execute(
            f"UPDATE {table} SET place = thread_id"  # noqa: S608
            " WHERE thread_id IN (SELECT id FROM threads WHERE place IS NOT NULL)"
        )


def _index(order):
    """The indexes that are in the order of places from now on, or of ids again."""
    for name, (table, columns, before) in PLAIN.items():
        if before is not None:
            op.drop_index(name, table_name=table)
        elif order == "id":
            op.drop_index(name, table_name=table)
            continue
        op.create_index(name, table, columns if order == "place" else before)
    for name, shown in OF_A_PROMPT.items():
        where = sa.text(shown)
        op.drop_index(name, table_name="threads")
        op.create_index(name, "threads", ["prompt_id", order], sqlite_where=where, postgresql_where=where)


def _run(sql):
    """psycopg sends it as it is; sqlite3 wants one statement at a time."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(sql)
        return
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.exec_driver_sql(statement)
            statement = ""


def _sql(name):
    return (SQL / f"{name}_{op.get_bind().dialect.name}.sql").read_text("utf-8")


def downgrade():
    """When what waited was let out is in the log. The search index is made anew, by ids."""
    index = op.get_context().script.get_revision("0004").module
    index.downgrade()
    op.add_column("posts", sa.Column("released_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE posts SET released_at = let_out.at FROM (SELECT post, max(at) AS at FROM activity"
        " WHERE verb = 'team.post-published' GROUP BY post) AS let_out WHERE let_out.post = posts.id"
    )
    released = sa.text("released_at IS NOT NULL")
    op.create_index(
        "ix_posts_released_at", "posts", ["released_at"], sqlite_where=released, postgresql_where=released
    )
    _index("id")
    op.create_index("ix_threads_author_id", "threads", ["author_id"])
    op.drop_index("ix_posts_prompt_id_place", table_name="posts")
    op.create_index("ix_posts_prompt_id_id", "posts", ["prompt_id", "id"])
    for table in ("posts", "threads"):
        op.drop_index(f"ix_{table}_place", table_name=table)
    for table in ("posts", "threads", "thread_components", "case_studies"):
        op.drop_column(table, "place")
    # Its view is not to rest on columns of later migrations, which go next.
    _run(_sql("0004_search_index").replace("SELECT * FROM threads", f"SELECT {OF_A_THREAD} FROM threads"))  # noqa: S608
    index._learn()
