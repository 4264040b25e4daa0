"""Schools

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-23 21:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "schools",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("urn", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("local_authority", sa.String(length=100), nullable=True),
        sa.Column("type", sa.String(length=100), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("town", sa.String(length=100), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("constituency", sa.String(length=100), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schools")),
        sa.UniqueConstraint("urn", name=op.f("uq_schools_urn")),
    )
    op.create_index("ix_schools_loaded_at", "schools", ["loaded_at"])
    # Words are compared letter by letter, so that those with one beginning stand together in any language's order.
    word = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
    op.create_table(
        "school_words",
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["schools.id"], name=op.f("fk_school_words_school_id_schools")
        ),
        sa.PrimaryKeyConstraint("closed", "word", "place", "school_id", name=op.f("pk_school_words")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_school_words_school_id", "school_words", ["school_id"])
    # Added as a column, not by a batch: SQLite then keeps the table of people, its rows and indexes as they are.
    name = "fk_users_school_id_schools"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE users ADD COLUMN school_id INTEGER CONSTRAINT {name} REFERENCES schools (id)"
        )
    else:
        op.add_column("users", sa.Column("school_id", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f(name), "users", "schools", ["school_id"], ["id"])


def downgrade():
    # What a person's byline says of their school stays: it is text of its own.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_users_school_id_schools", "users", type_="foreignkey")
    op.drop_column("users", "school_id")
    op.drop_table("school_words")
    op.drop_table("schools")
