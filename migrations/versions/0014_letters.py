"""Mail out and in, and the worker

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-24 00:20:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
GIVEN_UP = sa.text("given_up_at IS NOT NULL")
MAIL_DUE = sa.text("mail_due_at IS NOT NULL")
EMPTY = {"server_default": "", "nullable": False}
COLUMNS = (
    ("kind", sa.String(length=10), EMPTY),
    ("person_id", sa.Integer(), {}),
    ("key", sa.String(length=80), {}),
    ("always", sa.Boolean(), {"server_default": sa.false(), "nullable": False}),
    ("held_at", WHEN, {}),
    ("lost", sa.Integer(), {"server_default": "0", "nullable": False}),
    ("given_up_at", WHEN, {}),
    ("error", sa.String(length=300), EMPTY),
    ("answers", sa.String(length=300), EMPTY),
)


def upgrade():
    for name, type, more in COLUMNS:
        op.add_column("letters", sa.Column(name, type, **more))
    op.create_index("ix_letters_key", "letters", ["key"], unique=True)
    op.create_index("ix_letters_sent_at", "letters", ["sent_at"])
    op.create_index(
        "ix_letters_given_up", "letters", ["given_up_at"], sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP
    )
    op.execute(
        "UPDATE letters SET given_up_at = written_at WHERE due_at IS NULL AND sent_at IS NULL AND text <> ''"
    )
    op.create_index(
        "ix_notices_mail_of",
        "notices",
        ["person_id", "mail_due_at"],
        sqlite_where=MAIL_DUE,
        postgresql_where=MAIL_DUE,
    )
    _worker()
    _mail()


def _worker():
    op.create_table(
        "heartbeats",
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("started_at", WHEN, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeats")),
    )
    op.create_index("ix_heartbeats_at", "heartbeats", ["at"])
    op.create_table(
        "chores",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("done_at", WHEN),
        sa.Column("error", sa.String(length=300), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )


def _mail():
    op.add_column(
        "mail_choices",
        sa.Column("personal_stopped", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "mail_choices", sa.Column("digest_stopped", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "mailings",
        sa.Column("notice_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_mailings")),
    )
    op.create_index("ix_mailings_letter_id", "mailings", ["letter_id"])
    op.create_table(
        "digest_walks",
        sa.Column("hour", WHEN, nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_digest_walks")),
    )
    op.create_table(
        "dead_addresses",
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.Column("told_by", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dead_addresses")),
    )
    op.create_index("ix_dead_addresses_at", "dead_addresses", ["at"])
    op.create_table(
        "received",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("person_id", sa.Integer()),
        sa.Column("post_id", sa.Integer()),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_received_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_received_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        sa.UniqueConstraint("digest", name=op.f("uq_received_digest")),
    )
    op.create_index("ix_received_at", "received", ["at"])
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("topics", sa.String(length=20), nullable=False),
        sa.Column("due_at", WHEN),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_announcements_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_due_at_id", "announcements", ["due_at", "id"])


def downgrade():
    for table in (
        "announcements",
        "received",
        "dead_addresses",
        "digest_walks",
        "mailings",
        "chores",
        "heartbeats",
    ):
        op.drop_table(table)
    for column in ("digest_stopped", "personal_stopped"):
        op.drop_column("mail_choices", column)
    op.drop_index("ix_notices_mail_of", table_name="notices")
    for index in ("given_up", "sent_at", "key"):
        op.drop_index(f"ix_letters_{index}", table_name="letters")
    for name, *_ in COLUMNS:
        op.drop_column("letters", name)
