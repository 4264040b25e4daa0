"""The order in which a thread is read, apart from the numbers of its posts

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-24 04:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MERGES = sa.text(
    "SELECT a.thread, a.detail FROM activity a JOIN threads t ON t.id = a.thread"
    " WHERE a.verb = 'team.thread-merged' AND t.merged_into IS NOT NULL ORDER BY a.id"
).columns(detail=sa.JSON)
LEFT = sa.text(
    "INSERT INTO moved_posts (thread_id, number, position, post_id) SELECT :thread, :number, :number, id FROM posts"
    " WHERE id = :post AND NOT EXISTS (SELECT 1 FROM moved_posts WHERE thread_id = :thread AND number = :number)"
)
MISSED = sa.text(
    "SELECT person_id, thread_id, position, missed FROM reading WHERE missed IS NOT NULL"
).columns(missed=sa.JSON)


def upgrade():
    """Columns, not batches: the tables, their rows, their triggers and their indexes stay as they are."""
    op.add_column("posts", sa.Column("position", sa.Integer()))
    op.execute("UPDATE posts SET position = number")
    op.create_index("ix_posts_thread_id_position", "posts", ["thread_id", "position"])
    op.add_column("moved_posts", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE moved_posts SET position = number")
    op.create_index("ix_moved_posts_thread_id_position", "moved_posts", ["thread_id", "position"])
    op.create_index("ix_moved_posts_post_id", "moved_posts", ["post_id"])
    _lead_on()
    op.execute("ALTER TABLE reading RENAME COLUMN number TO position")
    op.add_column("reading", sa.Column("missed", sa.JSON()))


def _lead_on():
    """What was merged before this keeps its order; the log knows the places that its posts had."""
    connection = op.get_bind()
    for thread, detail in connection.execute(MERGES).all():
        for post, number in zip(detail.get("posts", ()), detail.get("numbers", ()), strict=True):
            if number is not None:
                connection.execute(LEFT, {"thread": thread, "number": number, "post": post})


def downgrade():
    """Posts stand by their numbers again. Who has read some of a merged thread has read as far as the first post that
    they have not."""
    op.execute(
        "UPDATE reading SET position = (SELECT min(p.number) - 1 FROM posts p WHERE p.thread_id = reading.thread_id"
        " AND p.position > reading.position) WHERE thread_id IN (SELECT thread_id FROM posts WHERE position <> number)"
        " AND EXISTS (SELECT 1 FROM posts p WHERE p.thread_id = reading.thread_id AND p.position > reading.position)"
    )
    connection = op.get_bind()
    for person, thread, position, missed in connection.execute(MISSED).all():
        connection.execute(
            sa.text(
                "UPDATE reading SET position = :position WHERE person_id = :person AND thread_id = :thread"
            ),
            {"position": min(position, *(each - 1 for each in missed)), "person": person, "thread": thread},
        )
    op.drop_column("reading", "missed")
    op.execute("ALTER TABLE reading RENAME COLUMN position TO number")
    op.drop_index("ix_moved_posts_post_id", table_name="moved_posts")
    op.drop_index("ix_moved_posts_thread_id_position", table_name="moved_posts")
    op.drop_column("moved_posts", "position")
    op.drop_index("ix_posts_thread_id_position", table_name="posts")
    op.drop_column("posts", "position")
