"""Suggestions that are answered

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-23 22:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def where(name, table, condition, *columns, unique=False):
    condition = sa.text(condition)
    op.create_index(
        name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def upgrade():
    op.create_table(
        "suggestions",
        sa.Column("thread_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("helps", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("supporters", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("owed_since", INSTANT, nullable=True),
        sa.Column("owed_on", sa.Date(), nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("stepped_at", INSTANT, nullable=True),
        sa.Column("turns_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_suggestions_thread_id_threads"),
        sa.PrimaryKeyConstraint("thread_id", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_supported", "suggestions", ["supporters", "thread_id"])
    op.create_index("ix_suggestions_status_supported", "suggestions", ["status", "supporters", "thread_id"])
    op.create_index("ix_suggestions_status_newest", "suggestions", ["status", "thread_id"])
    op.create_index("ix_suggestions_status_stepped", "suggestions", ["status", "stepped_at", "thread_id"])
    where("ix_suggestions_owed", "suggestions", "owed_on IS NOT NULL", "owed_on", "thread_id")
    where("ix_suggestions_answered", "suggestions", "answered_at IS NOT NULL", "answered_at", "thread_id")
    where("ix_suggestions_turns", "suggestions", "turns_on IS NOT NULL", "turns_on", "thread_id")
    promised = "status IN ('will-do', 'tried', 'under-way')"
    where("ix_suggestions_promised", "suggestions", promised, "due_on", "thread_id")

    op.create_table(
        "supporters",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_supporters_thread_id_threads"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_supporters_user_id_users"),
        sa.PrimaryKeyConstraint("thread_id", "user_id", name="pk_supporters"),
    )
    op.create_index("ix_supporters_user_id_thread_id", "supporters", ["user_id", "thread_id"])

    op.create_table(
        "answer_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("posts", sa.JSON(), nullable=False),
        sa.Column("drafted_by_id", sa.Integer(), nullable=False),
        sa.Column("drafted_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("read_by_id", sa.Integer(), nullable=True),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["suggestions.thread_id"], name="fk_answer_drafts_thread_id_suggestions"
        ),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["users.id"], name="fk_answer_drafts_drafted_by_id_users"),
        sa.ForeignKeyConstraint(["read_by_id"], ["users.id"], name="fk_answer_drafts_read_by_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_answer_drafts"),
    )
    where("uq_answer_drafts_open", "answer_drafts", "closed_at IS NULL", "thread_id", unique=True)
    where("ix_answer_drafts_waiting", "answer_drafts", "closed_at IS NULL", "drafted_at")

    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("note_html", sa.Text(), nullable=False),
        sa.Column("owed_on", sa.Date(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("drafted_by_id", sa.Integer(), nullable=False),
        sa.Column("read_by_id", sa.Integer(), nullable=True),
        sa.Column("published_by_id", sa.Integer(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "read_by_id IS NULL OR read_by_id <> drafted_by_id", name=op.f("ck_steps_two_people")
        ),
        sa.CheckConstraint("draft_id IS NULL OR read_by_id IS NOT NULL", name=op.f("ck_steps_read_first")),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["suggestions.thread_id"], name="fk_steps_thread_id_suggestions"
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_steps_post_id_posts"),
        sa.ForeignKeyConstraint(["draft_id"], ["answer_drafts.id"], name="fk_steps_draft_id_answer_drafts"),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["users.id"], name="fk_steps_drafted_by_id_users"),
        sa.ForeignKeyConstraint(["read_by_id"], ["users.id"], name="fk_steps_read_by_id_users"),
        sa.ForeignKeyConstraint(["published_by_id"], ["users.id"], name="fk_steps_published_by_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_steps"),
        sa.UniqueConstraint("thread_id", "number", name="uq_steps_thread_id_number"),
        sa.UniqueConstraint("post_id", name="uq_steps_post_id"),
        sa.UniqueConstraint("draft_id", name="uq_steps_draft_id"),
    )
    op.create_table(
        "step_posts",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_step_posts_step_id_steps"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_step_posts_post_id_posts"),
        sa.PrimaryKeyConstraint("step_id", "post_id", name="pk_step_posts"),
    )
    op.create_index("ix_step_posts_post_id", "step_posts", ["post_id"])

    op.create_table(
        "tellings",
        sa.Column("step_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_tellings_step_id_steps"),
        sa.PrimaryKeyConstraint("step_id", name="pk_tellings"),
    )
    where("ix_tellings_due", "tellings", "due_at IS NOT NULL", "due_at")
    op.create_table(
        "told",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_told_step_id_steps"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_told_user_id_users"),
        sa.PrimaryKeyConstraint("step_id", "user_id", name="pk_told"),
    )
    op.create_index("ix_told_letter_id", "told", ["letter_id"])


def downgrade():
    # Posts of merged threads stay where they are: the log says from where they came.
    for table in (
        "told",
        "tellings",
        "step_posts",
        "steps",
        "answer_drafts",
        "supporters",
        "suggestions",
    ):
        op.drop_table(table)
