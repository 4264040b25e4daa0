"""Which stored bytes a file of ours rests on, and the files that belong to nobody any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select

from forum.case_studies.models.files import Rendition, StudyFile
from forum.core.db import db


def forget_strays(before: datetime) -> int:
    """Take out the files whose draft was discarded, sent before then. How many there were."""
    strays = select(StudyFile).where(
        StudyFile.draft_id.is_(None), StudyFile.thread_id.is_(None), StudyFile.sent_at < before
    )
    found = list(db.session.scalars(strays))
    for file in found:
        db.session.delete(file)
    db.session.flush()
    return len(found)


def is_spoken_of(hash: str) -> bool:
    """Does a file of ours rest on these bytes?"""
    return bool(db.session.scalar(select(exists().where(Rendition.hash == hash))))


def every_hash() -> list[str]:
    return list(db.session.scalars(select(Rendition.hash).distinct()))
