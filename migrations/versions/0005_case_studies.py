"""Case studies

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-23 21:05:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SHOWN = {"sqlite_where": sa.text("listed = 1"), "postgresql_where": sa.text("listed")}
STUDIES = {name: sa.text("kind = 'case-study'") for name in SHOWN}
LISTS = {
    "latest": ["confirmed_at", "thread_id"],
    "tried": ["tried_count", "thread_id"],
    "facets": [
        "thread_id",
        "phase",
        "region",
        "school_type",
        "cost_band",
        "effect_mark",
        "cost_mark",
        "evidence_mark",
        "tried_count",
        "renewal_asked_at",
        "component_bits",
    ],
}
TEXTS = (
    "pupils",
    *(f"{who}{name}_reason" for who in ("", "team_") for name in ("effect", "cost", "evidence")),
    "time_words",
    "cost_words",
    "aims",
    "start",
    "did",
    "happened",
    "evidence",
    "not_worked",
    "advice",
    "story",
)


def upgrade():
    op.create_table(
        "case_studies",
        sa.Column("thread_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("component_bits", sa.BigInteger(), nullable=False),
        sa.Column("adapted_from", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewal_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=False),
        sa.Column("school", sa.String(length=160), nullable=False),
        sa.Column("school_type", sa.String(length=20), nullable=False),
        sa.Column("school_size", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=30), nullable=False),
        sa.Column("time_band", sa.String(length=20), nullable=False),
        sa.Column("cost_band", sa.String(length=20), nullable=False),
        sa.Column("effect_mark", sa.SmallInteger(), nullable=False),
        sa.Column("cost_mark", sa.SmallInteger(), nullable=False),
        sa.Column("evidence_mark", sa.SmallInteger(), nullable=False),
        sa.Column("team_effect_mark", sa.SmallInteger(), nullable=True),
        sa.Column("team_cost_mark", sa.SmallInteger(), nullable=True),
        sa.Column("team_evidence_mark", sa.SmallInteger(), nullable=True),
        sa.Column("team_marked_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.Column(f"tried_{name}", sa.Integer(), nullable=False)
            for name in ("count", "same", "partly", "not", "early")
        ),
        sa.Column("quote", sa.Boolean(), nullable=False),
        sa.Column("licence", sa.String(length=20), nullable=False),
        sa.Column("contact", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.ForeignKeyConstraint(["adapted_from"], ["threads.id"], name=op.f("fk_case_studies_adapted_from")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_case_studies_thread_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_case_studies")),
    )
    op.create_index("ix_case_studies_adapted_from", "case_studies", ["adapted_from"])
    op.create_index("ix_case_studies_confirmed_at", "case_studies", ["confirmed_at"])
    for name, columns in LISTS.items():
        op.create_index(f"ix_case_studies_{name}", "case_studies", [*columns, "listed"], **SHOWN)
    op.create_index("ix_threads_studies", "threads", ["id", "version", "kind"], **STUDIES)
    op.create_index("ix_threads_studies_title", "threads", ["slug", "id", "kind"], **STUDIES)

    op.create_table(
        "case_study_resources",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_case_study_resources_resource_id")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["case_studies.thread_id"], name=op.f("fk_case_study_resources_thread_id")
        ),
        sa.PrimaryKeyConstraint("thread_id", "resource_id", name=op.f("pk_case_study_resources")),
    )
    op.create_index(
        "ix_case_study_resources_resource_id_thread_id", "case_study_resources", ["resource_id", "thread_id"]
    )

    op.create_table(
        "case_study_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["case_studies.thread_id"], name=op.f("fk_case_study_revisions_thread_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_study_revisions")),
    )
    op.create_index("ix_case_study_revisions_thread_id_id", "case_study_revisions", ["thread_id", "id"])

    op.create_table(
        "case_study_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("phase", sa.String(length=20), nullable=False),
        sa.Column("school", sa.String(length=160), nullable=False),
        sa.Column("school_type", sa.String(length=20), nullable=False),
        sa.Column("school_size", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=30), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("saw", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_case_study_trials_author_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_case_study_trials_post_id")),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["case_studies.thread_id"], name=op.f("fk_case_study_trials_thread_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_study_trials")),
        sa.UniqueConstraint("post_id", name=op.f("uq_case_study_trials_post_id")),
        sa.UniqueConstraint("thread_id", "author_id", name=op.f("uq_case_study_trials_thread_id_author_id")),
    )
    op.create_index("ix_case_study_trials_author_id", "case_study_trials", ["author_id"])


def downgrade():
    # The threads stay, with their posts: a study becomes a thread like any other.
    op.execute("UPDATE threads SET kind = 'discussion' WHERE kind = 'case-study'")
    op.drop_index("ix_threads_studies_title", table_name="threads")
    op.drop_index("ix_threads_studies", table_name="threads")
    for name in ("case_study_trials", "case_study_revisions", "case_study_resources", "case_studies"):
        op.drop_table(name)
