"""The ledger as the feeds ask for it; see forum/feeds/decisions.py, which does not know us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from forum.core.db import db
from forum.core.freshness import Rests
from forum.discussion.models import Prompt
from forum.discussion.models.words import REASONS
from forum.moderation.models.appeals import REVERSED, UPHELD, Appeal
from forum.moderation.models.decisions import DONE, Act, Decision
from forum.moderation.models.ledger import Month, ledger_version

LATELY = 50


@dataclass(frozen=True, slots=True)
class Told:
    """A decision in words; see Decided."""

    id: int
    at: datetime
    changed: datetime
    title: str
    words: str
    place: str
    reason: str
    reason_words: str
    gone: bool


class Ledger:
    """Stands at forum/feeds/decisions.py."""

    def version(self) -> Rests:
        return ledger_version()

    def end(self) -> int:
        return db.session.scalar(select(func.max(Decision.id))) or 0

    def places(self, first: int, last: int, limit: int, oldest: bool = False) -> list[tuple[int, datetime]]:
        query = select(Decision.id, Decision.at).where(Decision.public, Decision.undone_at.is_(None))
        order = Decision.id if oldest else Decision.id.desc()
        rows = db.session.execute(query.where(Decision.id.between(first, last)).order_by(order).limit(limit))
        return [(id, at) for id, at in rows]

    def decided(self, ids: Sequence[int]) -> list[Told]:
        query = select(Decision, Prompt.title).outerjoin(Prompt, Prompt.id == Decision.prompt_id)
        rows = db.session.execute(
            query.where(Decision.id.in_(ids), Decision.public).order_by(Decision.id.desc())
        )
        appeals: dict[int, list[Appeal]] = {}
        for appeal in db.session.scalars(select(Appeal).where(Appeal.decision_id.in_(ids))):
            appeals.setdefault(appeal.decision_id, []).append(appeal)
        return [_told(decision, prompt, appeals.get(decision.id, [])) for decision, prompt in rows]

    def taken_back(self, since: datetime) -> list[int]:
        query = select(Decision.id).where(Decision.public, Decision.undone_at >= since, Decision.at >= since)
        return list(db.session.scalars(query.order_by(Decision.at.desc()).limit(LATELY)))


def _told(decision: Decision, prompt: str | None, appeals: list[Appeal]) -> Told:
    reason = REASONS.get(decision.reason or "", "")
    title = f"{decision.thing.capitalize()} {DONE[Act(decision.act)]}"
    became = _became(decision, appeals)
    said = [
        f"{title}.",
        f"Under “{prompt}”." if prompt else "",
        f"Reason: {reason.lower()}." if reason else "",
    ]
    moments: list[Any] = [decision.at, decision.reversed_at, decision.undone_at]
    moments += [each.decided_at or each.made_at for each in appeals]
    return Told(
        id=decision.id,
        at=decision.at,
        changed=max(filter(None, moments)),
        title=f"{title}: {reason.lower()}" if reason else title,
        words=" ".join(filter(None, [*said, f"{became}." if became else ""])),
        place=f"/moderation?month={Month.of(decision.at).name}#decision-{decision.id}",
        reason=decision.reason or "",
        reason_words=reason,
        gone=decision.undone_at is not None,
    )


def _became(decision: Decision, appeals: list[Appeal]) -> str:
    outcomes = {each.outcome for each in appeals}
    if REVERSED in outcomes:
        return "Reversed on appeal"
    if None in outcomes:
        return "An appeal waits"
    if UPHELD in outcomes:
        return "Upheld on appeal"
    return "Reversed by the team" if decision.reversed_at is not None else ""
