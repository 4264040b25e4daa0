"""How many posts a search expects to find, in PostgreSQL

Only functions change. SQLite's index answers one post after another and need not know.

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-24 04:00:00

"""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade():
    _run("")


def downgrade():
    _run("_away")


def _run(part):
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        sql = (SQL / f"0017_search_share_postgresql{part}.sql").read_text("utf-8")
        connection.exec_driver_sql(sql)
