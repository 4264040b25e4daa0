"""The rest of due process: pictures in the queue, bans, the weekly letter, and what a split leaves behind

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-24 00:10:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
OF_FILES = ("queue_items", "reports", "decisions")


def upgrade():
    _files()
    _bans()
    op.create_table(
        "weekly_letters",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("written_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_weekly_letters")),
    )
    op.create_table(
        "moved_posts",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_moved_posts_thread_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_moved_posts_post_id")),
        sa.PrimaryKeyConstraint("thread_id", "number", name=op.f("pk_moved_posts")),
    )


def _files():
    """A column, not a batch: the tables, their rows and their indexes stay as they are."""
    for table in OF_FILES:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN file_id INTEGER CONSTRAINT fk_{table}_file_id"
            " REFERENCES case_study_files (id)"
        )
    op.create_index("ix_decisions_file_id", "decisions", ["file_id"])
    # What waits already comes into the queue, as old as it is.
    op.execute(
        "INSERT INTO queue_items (thing, open_thing, why, reason, urgency, file_id, person_id, prompt_id,"
        " reports_count, opened_at, due_at) SELECT 'file:' || f.id, 'file:' || f.id, 'picture', 'picture', 2, f.id,"
        " f.sender_id, t.prompt_id, 0, f.sent_at, f.sent_at FROM case_study_files f"
        " JOIN case_studies s ON s.thread_id = f.thread_id JOIN threads t ON t.id = f.thread_id"
        " WHERE f.state = 'waiting' AND s.listed AND (f.alt <> '' OR f.decorative) AND f.statement <> ''"
    )


def _bans():
    op.create_table(
        "bans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=260), nullable=False),
        sa.Column("shown", sa.String(length=260), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("until", WHEN),
        sa.Column("lifted_at", WHEN),
        sa.Column("lifted_by_id", sa.Integer()),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_bans_by_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["users.id"], name=op.f("fk_bans_lifted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bans")),
    )
    op.create_index("ix_bans_kind_value", "bans", ["kind", "value"])


def downgrade():
    """Decisions and items about pictures have no place before this; what they did to the pictures stays."""
    op.drop_table("moved_posts")
    op.drop_table("weekly_letters")
    op.drop_table("bans")
    op.execute(
        "DELETE FROM appeals WHERE decision_id IN (SELECT id FROM decisions WHERE thing IN ('picture', 'paper'))"
        " OR item_id IN (SELECT id FROM queue_items WHERE thing LIKE 'file:%')"
    )
    op.execute("DELETE FROM decisions WHERE thing IN ('picture', 'paper')")
    op.execute("DELETE FROM reports WHERE item_id IN (SELECT id FROM queue_items WHERE thing LIKE 'file:%')")
    op.execute("DELETE FROM queue_items WHERE thing LIKE 'file:%'")
    op.drop_index("ix_decisions_file_id", table_name="decisions")
    for table in OF_FILES:
        if op.get_bind().dialect.name == "postgresql":
            op.drop_constraint(f"fk_{table}_file_id", table, type_="foreignkey")
        op.drop_column(table, "file_id")
