"""Due process

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-23 20:55:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
OPEN = "open_thing IS NOT NULL"
PUBLIC = "public AND undone_at IS NULL"
ORDERS = {
    "worst": ["urgency", "opened_at", "id"],
    "why": ["why", "urgency", "opened_at", "id"],
    "reason": ["reason", "urgency", "opened_at", "id"],
    "prompt": ["prompt_id", "urgency", "opened_at", "id"],
    "due": ["due_at", "id"],
    "claimed": ["claimed_by_id", "urgency", "opened_at", "id"],
    "passed": ["passed_to_id", "urgency", "opened_at", "id"],
}
URGENCY = (
    "CASE WHEN {0} IN ('pupil') THEN 0 WHEN {0} IN ('illegal', 'personal', 'harassment') THEN 1 ELSE 2 END"
)

LAST = "FROM decisions d WHERE d.item_id = reports.item_id AND d.undone_at IS NULL ORDER BY d.id DESC LIMIT 1"


def upgrade():
    _columns()
    _second_factors()
    _rules()
    _queue()
    _decisions()
    _reports()


def _columns():
    for name in ("vouched_at", "held_until", "suspended_until"):
        op.add_column("users", sa.Column(name, WHEN))
    for table in ("conversation", "prompts", "threads"):
        op.add_column(table, sa.Column("holds", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("threads", sa.Column("slow_seconds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("posts", sa.Column("released_at", WHEN))
    released = sa.text("released_at IS NOT NULL")
    op.create_index(
        "ix_posts_released_at", "posts", ["released_at"], sqlite_where=released, postgresql_where=released
    )
    # Whoever has been heard already is not new.
    op.execute(
        "UPDATE users SET vouched_at = created_at WHERE confirmed_at IS NOT NULL OR imported_as IS NOT NULL"
    )


def _second_factors():
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", WHEN),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", WHEN),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index("ix_recovery_codes_user_id_code_digest", "recovery_codes", ["user_id", "code_digest"])


def _rules():
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_rules_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_table(
        "wordings",
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_wordings")),
    )


def _queue():
    op.create_table(
        "queue_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thing", sa.String(length=40), nullable=False),
        sa.Column("open_thing", sa.String(length=40)),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer()),
        sa.Column("person_id", sa.Integer()),
        sa.Column("prompt_id", sa.Integer()),
        sa.Column("reports_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", WHEN, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("claimed_by_id", sa.Integer()),
        sa.Column("claimed_until", WHEN),
        sa.Column("passed_to_id", sa.Integer()),
        sa.Column("closed_at", WHEN),
        sa.CheckConstraint(
            "(open_thing IS NULL) = (closed_at IS NOT NULL)", name=op.f("ck_queue_items_open_or_closed")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_queue_items_post_id")),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_queue_items_person_id")),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name=op.f("fk_queue_items_prompt_id")),
        sa.ForeignKeyConstraint(["claimed_by_id"], ["users.id"], name=op.f("fk_queue_items_claimed_by_id")),
        sa.ForeignKeyConstraint(["passed_to_id"], ["users.id"], name=op.f("fk_queue_items_passed_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_items")),
        sa.UniqueConstraint("open_thing", name=op.f("uq_queue_items_open_thing")),
    )
    op.create_index("ix_queue_items_thing_id", "queue_items", ["thing", "id"])
    op.create_index("ix_queue_items_person_id_id", "queue_items", ["person_id", "id"])
    for name, columns in ORDERS.items():
        somebodys = f" AND {columns[0]} IS NOT NULL" if name in ("claimed", "passed") else ""
        waits = sa.text(OPEN + somebodys)
        op.create_index(
            f"ix_queue_items_{name}", "queue_items", columns, sqlite_where=waits, postgresql_where=waits
        )


def _decisions():
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20)),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("thing", sa.String(length=20), nullable=False),
        sa.Column("item_id", sa.Integer()),
        sa.Column("post_id", sa.Integer()),
        sa.Column("person_id", sa.Integer()),
        sa.Column("prompt_id", sa.Integer()),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("waited", sa.Integer()),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("undone_at", WHEN),
        sa.Column("undone_by_id", sa.Integer()),
        sa.Column("reversed_at", WHEN),
        sa.Column("reversed_by_id", sa.Integer()),
        sa.Column("reversed_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_decisions_by_id")),
        sa.ForeignKeyConstraint(["item_id"], ["queue_items.id"], name=op.f("fk_decisions_item_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_decisions_post_id")),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_decisions_person_id")),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name=op.f("fk_decisions_prompt_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["users.id"], name=op.f("fk_decisions_undone_by_id")),
        sa.ForeignKeyConstraint(["reversed_by_id"], ["users.id"], name=op.f("fk_decisions_reversed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_person_id_id", "decisions", ["person_id", "id"])
    op.create_index("ix_decisions_post_id_id", "decisions", ["post_id", "id"])
    op.create_index("ix_decisions_item_id", "decisions", ["item_id"])
    op.create_index("ix_decisions_at", "decisions", ["at"])
    shown = sa.text(PUBLIC)
    op.create_index("ix_decisions_public", "decisions", ["id"], sqlite_where=shown, postgresql_where=shown)
    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("outcome", sa.String(length=10)),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("decided_at", WHEN),
        sa.Column("decided_by_id", sa.Integer()),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_appeals_decision_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_appeals_by_id")),
        sa.ForeignKeyConstraint(["item_id"], ["queue_items.id"], name=op.f("fk_appeals_item_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name=op.f("fk_appeals_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("decision_id", "by_id", name=op.f("uq_appeals_decision_id_by_id")),
    )
    op.create_index("ix_appeals_by_id_id", "appeals", ["by_id", "id"])
    op.create_index("ix_appeals_item_id", "appeals", ["item_id"])
    op.create_table(
        "sanctions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("until", WHEN),
        sa.Column("lifted_at", WHEN),
        sa.Column("lifted_by_id", sa.Integer()),
        sa.Column("decision_id", sa.Integer()),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_sanctions_person_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_sanctions_by_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["users.id"], name=op.f("fk_sanctions_lifted_by_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_sanctions_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanctions")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_sanctions_decision_id")),
    )
    op.create_index("ix_sanctions_person_id_id", "sanctions", ["person_id", "id"])
    op.create_table(
        "swept_posts",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_swept_posts_decision_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_swept_posts_post_id")),
        sa.PrimaryKeyConstraint("decision_id", "post_id", name=op.f("pk_swept_posts")),
    )


def _reports():
    """Each report finds its item: one for all that are open about a post, and one for each that was closed."""
    op.execute(
        "INSERT INTO queue_items (thing, open_thing, why, reason, urgency, post_id, person_id, prompt_id, reports_count,"  # noqa: S608
        " opened_at, due_at) SELECT 'post:' || r.post_id, 'post:' || r.post_id, 'report',"
        f" (SELECT f.reason FROM reports f WHERE f.post_id = r.post_id AND f.closed_at IS NULL"
        f" ORDER BY {URGENCY.format('f.reason')}, f.id LIMIT 1), min({URGENCY.format('r.reason')}), r.post_id,"
        " p.author_id, p.prompt_id, count(*), min(r.made_at), min(r.made_at)"
        " FROM reports r JOIN posts p ON p.id = r.post_id WHERE r.closed_at IS NULL"
        " GROUP BY r.post_id, p.author_id, p.prompt_id"
    )
    op.execute(
        "INSERT INTO queue_items (thing, why, reason, urgency, post_id, person_id, prompt_id, reports_count, opened_at,"  # noqa: S608
        f" due_at, closed_at) SELECT 'report:' || r.id, 'report', r.reason, {URGENCY.format('r.reason')}, r.post_id,"
        " p.author_id, p.prompt_id, 1, r.made_at, r.made_at, r.closed_at"
        " FROM reports r JOIN posts p ON p.id = r.post_id WHERE r.closed_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO decisions (at, by_id, act, reason, words, note, thing, item_id, post_id, person_id, prompt_id,"
        " before, public, reversed_why) SELECT r.closed_at, r.closed_by_id,"
        " CASE WHEN p.moderation = 'clear' THEN 'leave' ELSE 'hide' END, r.reason, '', r.note,"
        " CASE WHEN p.number = 1 THEN 'thread' ELSE 'post' END, i.id, r.post_id, p.author_id, p.prompt_id,"
        " 'shown', r.reason <> 'pupil', ''"
        " FROM reports r JOIN posts p ON p.id = r.post_id JOIN queue_items i ON i.thing = 'report:' || r.id"
        " WHERE r.closed_by_id IS NOT NULL"
    )
    with op.batch_alter_table("reports") as reports:
        reports.drop_index("ix_reports_closed_at_id")
        reports.drop_index("ix_reports_post_id_reporter_id")
        reports.alter_column("post_id", existing_type=sa.Integer(), nullable=True)
        for column in (
            sa.Column("item_id", sa.Integer()),
            sa.Column("person_id", sa.Integer()),
            sa.Column("reporter_key", sa.String(length=64)),
            sa.Column("email", sa.String(length=320)),
            sa.Column("told_at", WHEN),
        ):
            reports.add_column(column)
        reports.create_foreign_key("fk_reports_item_id", "queue_items", ["item_id"], ["id"])
        reports.create_foreign_key("fk_reports_person_id", "users", ["person_id"], ["id"])
    op.execute(
        "UPDATE reports SET reporter_key = CASE WHEN reporter_id IS NULL THEN 'report:' || id"
        " ELSE 'person:' || reporter_id END, item_id = (SELECT i.id FROM queue_items i WHERE i.thing ="
        " CASE WHEN reports.closed_at IS NULL THEN 'post:' || reports.post_id ELSE 'report:' || reports.id END)"
    )
    with op.batch_alter_table("reports") as reports:
        reports.alter_column("item_id", existing_type=sa.Integer(), nullable=False)
        reports.alter_column("reporter_key", existing_type=sa.String(length=64), nullable=False)
        reports.drop_constraint("fk_reports_closed_by_id", type_="foreignkey")
        for name in ("closed_at", "closed_by_id", "note"):
            reports.drop_column(name)
        reports.create_unique_constraint("uq_reports_item_id_reporter_key", ["item_id", "reporter_key"])
        reports.create_index("ix_reports_reporter_id_id", ["reporter_id", "id"])
        reports.create_index("ix_reports_post_id_id", ["post_id", "id"])


def downgrade():
    """Reports of people, appeals and decisions have no place before this; reports of posts keep what came of them."""
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("closed_at", WHEN))
        reports.add_column(sa.Column("closed_by_id", sa.Integer()))
        reports.add_column(sa.Column("note", sa.Text(), server_default="", nullable=False))
        reports.create_foreign_key("fk_reports_closed_by_id", "users", ["closed_by_id"], ["id"])
        for name in ("ix_reports_reporter_id_id", "ix_reports_post_id_id"):
            reports.drop_index(name)
        reports.drop_constraint("uq_reports_item_id_reporter_key", type_="unique")
    op.execute(
        "UPDATE reports SET closed_at = (SELECT closed_at FROM queue_items i WHERE i.id = reports.item_id),"  # noqa: S608
        f" closed_by_id = (SELECT d.by_id {LAST}), note = coalesce((SELECT d.note {LAST}), '')"
    )
    op.execute("DELETE FROM reports WHERE post_id IS NULL")
    with op.batch_alter_table("reports") as reports:
        reports.drop_constraint("fk_reports_item_id", type_="foreignkey")
        reports.drop_constraint("fk_reports_person_id", type_="foreignkey")
        for name in ("item_id", "person_id", "reporter_key", "email", "told_at"):
            reports.drop_column(name)
        reports.alter_column("post_id", existing_type=sa.Integer(), nullable=False)
        reports.alter_column("note", existing_type=sa.Text(), server_default=None)
        reports.create_index("ix_reports_closed_at_id", ["closed_at", "id"])
        reports.create_index("ix_reports_post_id_reporter_id", ["post_id", "reporter_id"])
    op.drop_table("wordings")
    op.drop_table("rules")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    op.drop_table("swept_posts")
    op.drop_table("sanctions")
    op.drop_table("appeals")
    op.drop_table("decisions")
    op.drop_table("queue_items")
    # What waited is out of sight in the words of before: hidden, with the number that it would have had.
    op.execute(
        "UPDATE posts SET number = placed.number FROM (SELECT p.id, t.posts_count + row_number() OVER"
        " (PARTITION BY p.thread_id ORDER BY p.id) AS number FROM posts p JOIN threads t ON t.id = p.thread_id"
        " WHERE p.publication = 'held' AND p.number IS NULL) AS placed WHERE placed.id = posts.id"
    )
    op.execute(
        "UPDATE posts SET moderation = 'hidden', publication = 'published', gone_reason = 'other'"
        " WHERE publication = 'held'"
    )
    op.execute(
        "UPDATE threads SET posts_count = coalesce((SELECT max(number) FROM posts WHERE thread_id = threads.id), 0)"
    )
    op.execute(
        "UPDATE threads SET publication = 'published', moderation = 'hidden' WHERE publication = 'held'"
    )
    op.drop_index("ix_posts_released_at", table_name="posts")
    op.drop_column("posts", "released_at")
    op.drop_column("threads", "slow_seconds")
    for table in ("threads", "prompts", "conversation"):
        op.drop_column(table, "holds")
    for name in ("suspended_until", "held_until", "vouched_at"):
        op.drop_column("users", name)
