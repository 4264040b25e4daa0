"""The search index

Revision ID: 0004
Revises: 0002
Create Date: 2026-11-23 21:00:00

"""

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
