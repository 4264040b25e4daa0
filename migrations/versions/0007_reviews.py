"""Reviews of resources, what changed because of them, and requests

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-23 21:30:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FIGURES = ("answered", "heard", "used", "great_deal", "somewhat", "not_much", "not_at_all")


def upgrade():
    _resources()
    _reviews()
    _changes()
    _requests()


def downgrade():
    for name in (
        "request_steps",
        "request_supporters",
        "resource_requests",
        "resource_change_posts",
        "resource_changes",
        "review_counts",
        "resource_reviews",
    ):
        op.drop_table(name)
    op.drop_index("ix_resources_thread_id", table_name="resources")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_resources_thread_id", "resources", type_="foreignkey")
    for name in (
        "thread_id",
        "retired_because",
        "retired_on",
        "added_at",
        "archived_address",
        "components",
        "audience",
    ):
        op.drop_column("resources", name)


def _resources():
    # Columns are added one by one, not by a batch: SQLite then keeps the table, its rows and its indexes as they are.
    for column in (
        sa.Column("audience", sa.String(length=300), server_default="", nullable=False),
        sa.Column("components", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("archived_address", sa.String(length=500), server_default="", nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("retired_because", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("resources", column)
    name = "fk_resources_thread_id"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE resources ADD COLUMN thread_id INTEGER CONSTRAINT {name} REFERENCES threads (id)"
        )
    else:
        op.add_column("resources", sa.Column("thread_id", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f(name), "resources", "threads", ["thread_id"], ["id"])
    op.create_index("ix_resources_thread_id", "resources", ["thread_id"], unique=True)


def _reviews():
    op.create_table(
        "resource_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("known", sa.String(length=10), nullable=False),
        sa.Column("helped", sa.String(length=12), nullable=True),
        sa.Column("position", sa.String(length=20), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("helped_with", sa.Text(), nullable=False),
        sa.Column("helped_whom", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_resource_reviews_resource_id")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_resource_reviews_author_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_resource_reviews_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_reviews")),
        sa.UniqueConstraint(
            "resource_id", "author_id", name=op.f("uq_resource_reviews_resource_id_author_id")
        ),
    )
    op.create_index("ix_resource_reviews_author_id", "resource_reviews", ["author_id"])
    op.create_index("ix_resource_reviews_post_id", "resource_reviews", ["post_id"], unique=True)
    op.create_table(
        "review_counts",
        sa.Column("resource_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in FIGURES),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_review_counts_resource_id")),
        sa.PrimaryKeyConstraint("resource_id", "by", "key", name=op.f("pk_review_counts")),
    )


def _changes():
    op.create_table(
        "resource_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_resource_changes_resource_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_resource_changes_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_changes")),
    )
    op.create_index(
        "ix_resource_changes_resource_id_changed_on_id",
        "resource_changes",
        ["resource_id", "changed_on", "id"],
    )
    op.create_index("ix_resource_changes_post_id", "resource_changes", ["post_id"], unique=True)
    op.create_table(
        "resource_change_posts",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["resource_changes.id"], name=op.f("fk_resource_change_posts_change_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_resource_change_posts_post_id")),
        sa.PrimaryKeyConstraint("change_id", "post_id", name=op.f("pk_resource_change_posts")),
    )
    op.create_index("ix_resource_change_posts_post_id", "resource_change_posts", ["post_id"])


def _requests():
    op.create_table(
        "resource_requests",
        sa.Column("thread_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("supporters", sa.Integer(), nullable=False),
        sa.Column("steps_count", sa.Integer(), nullable=False),
        sa.Column("for_whom", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_resource_requests_thread_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_resource_requests")),
    )
    for columns in (
        ("supporters", "thread_id"),
        ("state", "supporters", "thread_id"),
        ("state", "thread_id"),
    ):
        op.create_index(f"ix_resource_requests_{'_'.join(columns)}", "resource_requests", list(columns))
    op.create_table(
        "request_supporters",
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["resource_requests.thread_id"], name=op.f("fk_request_supporters_thread_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_request_supporters_user_id")),
        sa.PrimaryKeyConstraint("thread_id", "user_id", name=op.f("pk_request_supporters")),
    )
    op.create_index("ix_request_supporters_user_id", "request_supporters", ["user_id"])
    op.create_table(
        "request_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["resource_requests.thread_id"], name=op.f("fk_request_steps_thread_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_request_steps_post_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_request_steps_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_steps")),
    )
    op.create_index("ix_request_steps_thread_id_id", "request_steps", ["thread_id", "id"])
    op.create_index("ix_request_steps_post_id", "request_steps", ["post_id"], unique=True)
