"""Following

Revision ID: 0013
Revises: 0011
Create Date: 2026-11-24 00:05:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade():
    op.create_index("ix_users_name", "users", ["name"], postgresql_ops={"name": "varchar_pattern_ops"})
    _follows()
    _notices()
    _people()


def _follows():
    op.create_table(
        "follows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=1000), nullable=False),
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("since", WHEN, nullable=False),
        sa.CheckConstraint("level <> 'muted' OR kind IN ('thread', 'person')", name=op.f("ck_follows_muted")),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_follows_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint("person_id", "kind", "target", name=op.f("uq_follows_person_id_kind_target")),
    )
    op.create_index("ix_follows_kind_target_person_id", "follows", ["kind", "target", "person_id"])
    op.create_table(
        "feed_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("target", sa.String(length=1000), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_feed_keys_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_feed_keys_digest")),
    )
    op.create_index(
        "ix_feed_keys_person_id_kind_target", "feed_keys", ["person_id", "kind", "target"], unique=True
    )


def _notices():
    op.create_table(
        "fanouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=1000), nullable=False),
        sa.Column("after_person", sa.Integer(), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_fanouts_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fanouts")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_fanouts_activity_id")),
    )
    op.create_index("ix_fanouts_due_at_id", "fanouts", ["due_at", "id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("via", sa.String(length=10)),
        sa.Column("follow_id", sa.Integer()),
        sa.Column("thread_id", sa.Integer()),
        sa.Column("post_id", sa.Integer()),
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("seen_at", WHEN),
        sa.Column("mail_due_at", WHEN),
        sa.Column("mailed_at", WHEN),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("person_id", "activity_id", name=op.f("uq_notices_person_id_activity_id")),
    )
    op.create_index("ix_notices_person_id_id", "notices", ["person_id", "id"])
    for name, columns, where in (
        ("unseen", ["person_id", "id"], "seen_at IS NULL"),
        ("mail_due", ["mail_due_at", "id"], "mail_due_at IS NOT NULL"),
        ("in_digest", ["person_id", "id"], "level = 'digest' AND mailed_at IS NULL"),
    ):
        these = sa.text(where)
        op.create_index(f"ix_notices_{name}", "notices", columns, sqlite_where=these, postgresql_where=these)


def _people():
    op.create_table(
        "reading",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_reading_person_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_reading_thread_id")),
        sa.PrimaryKeyConstraint("person_id", "thread_id", name=op.f("pk_reading")),
    )
    op.create_table(
        "mail_choices",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("pace", sa.String(length=8), server_default="daily", nullable=False),
        sa.Column("hour", sa.Integer(), server_default="16", nullable=False),
        sa.Column("weekday", sa.Integer(), server_default="0", nullable=False),
        sa.Column("school_days_only", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("whole_content", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("follow_on_start", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("follow_on_reply", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_mail_choices_hour")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_mail_choices_weekday")),
        sa.CheckConstraint(
            "pace IN ('at_once', 'daily', 'weekly', 'never')", name=op.f("ck_mail_choices_pace")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_mail_choices_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_mail_choices")),
    )
    op.create_table(
        "followers",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_followers_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_followers")),
    )


def downgrade():
    for table in ("followers", "mail_choices", "reading", "notices", "fanouts", "feed_keys", "follows"):
        op.drop_table(table)
    op.drop_index("ix_users_name", table_name="users")
