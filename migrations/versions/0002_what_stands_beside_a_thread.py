"""What stands beside a thread

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 20:34:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    # Columns are added one by one, not by a batch: SQLite then keeps the table, its rows and its indexes as they are.
    op.add_column("threads", sa.Column("supporters_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("threads", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "threads", sa.Column("has_picture", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    name = "fk_threads_merged_into"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE threads ADD COLUMN merged_into INTEGER CONSTRAINT {name} REFERENCES threads (id)"
        )
    else:
        op.add_column("threads", sa.Column("merged_into", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f(name), "threads", "threads", ["merged_into"], ["id"])
    op.create_index("ix_threads_merged_into", "threads", ["merged_into"])
    # A member of the team who answered before this was kept has answered.
    op.execute(
        "UPDATE threads SET answered_at = (SELECT min(p.published_at) FROM posts p JOIN users u ON u.id = p.author_id"
        " WHERE p.thread_id = threads.id AND p.number > 1 AND u.role <> 'participant'"
        " AND p.author_id <> threads.author_id)"
    )


def downgrade():
    op.drop_index("ix_threads_merged_into", table_name="threads")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_threads_merged_into", "threads", type_="foreignkey")
    for name in ("merged_into", "has_picture", "answered_at", "supporters_count"):
        op.drop_column("threads", name)
