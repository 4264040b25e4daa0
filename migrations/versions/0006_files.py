"""The pictures and papers of case studies

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-23 21:20:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IN_LINE = sa.text("state = 'waiting' AND thread_id IS NOT NULL")
LOOKED_AT = sa.text("looked_at IS NOT NULL")


def upgrade():
    op.create_table(
        "case_study_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.Column("decorative", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.String(length=10), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("looked_by_id", sa.Integer(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        # A draft may go at any time; what it held is then nobody's, and is swept away.
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
            name=op.f("fk_case_study_files_draft_id_drafts"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["looked_by_id"], ["users.id"], name=op.f("fk_case_study_files_looked_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["users.id"], name=op.f("fk_case_study_files_sender_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["case_studies.thread_id"], name=op.f("fk_case_study_files_thread_id_case_studies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_study_files")),
        sa.UniqueConstraint("draft_id", "source_hash", name=op.f("uq_case_study_files_draft_id_source_hash")),
        sa.UniqueConstraint(
            "thread_id", "source_hash", name=op.f("uq_case_study_files_thread_id_source_hash")
        ),
    )
    op.create_index(
        "ix_case_study_files_looked_at",
        "case_study_files",
        ["state", "looked_at", "id"],
        sqlite_where=LOOKED_AT,
        postgresql_where=LOOKED_AT,
    )
    op.create_index(
        "ix_case_study_files_waiting",
        "case_study_files",
        ["id"],
        sqlite_where=IN_LINE,
        postgresql_where=IN_LINE,
    )
    op.create_table(
        "case_study_renditions",
        sa.Column("file_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("width", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["case_study_files.id"],
            name=op.f("fk_case_study_renditions_file_id_case_study_files"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("file_id", "width", name=op.f("pk_case_study_renditions")),
    )
    op.create_index("ix_case_study_renditions_hash", "case_study_renditions", ["hash"])


def downgrade():
    op.drop_table("case_study_renditions")
    op.drop_table("case_study_files")
    op.execute("UPDATE threads SET has_picture = false WHERE has_picture")
