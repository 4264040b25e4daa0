"""The pictures and papers of one draft or of one study, as their author sends, describes, orders and removes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from forum.accounts.models import User
from forum.activity.models import record
from forum.case_studies.models.files import LONGEST_NAME, FileKind, Rendition, State, StudyFile, shown_anew
from forum.case_studies.models.studies import CaseStudy
from forum.core.db import db, now
from forum.core.errors import Conflict, Refused
from forum.core.intake import Picture, taken_in
from forum.core.markup import clean_text
from forum.core.storage import name_of, storage
from forum.discussion.models import Thread
from forum.discussion.models.drafts import Draft

MOST = 5  # of one study
TOO_MANY = f"is not added: a case study has {MOST} files at most"


class NotAdded(Refused):
    """A file cannot be one of these; the message goes on from its name: "is …" or "was …"."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are down; no row speaks of it yet. `renditions` are (width, height, size, hash)."""

    kind: FileKind
    source_hash: str
    renditions: list[tuple[int, int, int, str]]


def keep(data: bytes) -> Kept:
    """Make a file that someone sent fit, and put what comes of it into the storage. Takes seconds, and no database.
    Raises core.intake.Unfit."""
    made = taken_in(data)
    if isinstance(made, Picture):
        rows = [
            (each.width, each.height, len(each.data), storage().put(each.data)) for each in made.renditions
        ]
        return Kept(FileKind.PICTURE, name_of(data), rows)
    return Kept(FileKind.PAPER, name_of(data), [(0, 0, len(made.data), storage().put(made.data))])


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one draft or of one study, in order. Every verb locks the draft or the thread first."""

    draft_id: int | None = None
    thread_id: int | None = None

    @classmethod
    def of(cls, draft: Draft | None, study: CaseStudy | None) -> Bundle:
        """Of the study that is changed, whose files change at once; else of the draft, with which they come."""
        if study is not None:
            return cls(thread_id=study.thread_id)
        return cls(draft_id=draft.id if draft else None)

    def add(self, by: User, kept: Kept, name: str) -> StudyFile:
        """One more; the same file twice is the first. Raises NotAdded."""
        thread, have = self._hold(by)
        if (same := self._same(have, kept)) is not None:
            return same
        if len(have) >= MOST:
            raise NotAdded(TOO_MANY)
        file = StudyFile(draft_id=self.draft_id, thread_id=self.thread_id, sender_id=by.id)
        file.position = max((each.position for each in have), default=0) + 1
        _fill(file, kept, name)
        db.session.add(file)
        self._done(by, thread, "study.file-added", file)
        return file

    def replace(self, by: User, id: int, kept: Kept, name: str) -> StudyFile:
        """Another in the place of one that the team refused; its words stay. Raises NotAdded."""
        thread, have = self._hold(by)
        if (same := self._same(have, kept)) is not None:
            return same
        file = _of(have, id)
        _fill(file, kept, name)
        file.state, file.reason, file.note = State.WAITING, None, ""
        file.looked_at = file.looked_by_id = None
        self._done(by, thread, "study.file-replaced", file)
        return file

    def remove(self, by: User, id: int) -> StudyFile:
        """Away with it, at once. Its bytes are swept later."""
        thread, have = self._hold(by)
        file = _of(have, id)
        db.session.delete(file)
        self._done(by, thread, "study.file-removed", file)
        return file

    def move(self, by: User, id: int, up: bool) -> StudyFile:
        """One place up or down, where there is one."""
        thread, have = self._hold(by)
        file = _of(have, id)
        at = have.index(file)
        to = at - 1 if up else at + 1
        if 0 <= to < len(have):
            have[at], have[to] = have[to], have[at]
            for place, each in enumerate(have, 1):
                each.position = place
            self._done(by, thread, "study.files-ordered", file)
        return file

    def describe(self, by: User, words: Mapping[int, tuple[str, bool]]) -> None:
        """What each shows (a paper: is called), and whether a picture is only decoration; by id. One that everyone
        sees is never left without."""
        thread, have = self._hold(by)
        for file in have:
            alt, decorative = words.get(file.id, (file.alt, file.decorative))
            decorative = decorative and file.is_picture
            if file.is_shown and not (alt or decorative):
                continue
            if (alt, decorative) != (file.alt, file.decorative):
                file.alt, file.decorative = alt, decorative
                self._done(by, thread, "study.file-described", file)

    def declare(self, by: User, statement: str) -> None:
        """What `by` says of pupils, of all the files of which it has not been said."""
        thread, have = self._hold(by)
        for file in have:
            if not file.statement:
                file.statement, file.stated_at = statement, now()
                self._done(by, thread, "study.file-stated", file)

    def publish_to(self, study: CaseStudy, by: User) -> None:
        """The draft is published: what it has is the study's, and waits for the team. Raises Refused where one of
        them is not ready."""
        _, have = self._hold(by)
        if not all(file.is_ready for file in have):
            raise Refused("Finish your pictures and papers before you publish.")
        for file in have:
            file.draft_id, file.thread_id = None, study.thread_id

    def all(self) -> list[StudyFile]:
        owner = (
            StudyFile.draft_id == self.draft_id
            if self.draft_id is not None
            else StudyFile.thread_id == self.thread_id
        )
        query = select(StudyFile).where(owner).options(selectinload(StudyFile.renditions))
        in_order = query.order_by(StudyFile.position, StudyFile.id).execution_options(populate_existing=True)
        return list(db.session.scalars(in_order))

    # Helpers

    def _hold(self, by: User) -> tuple[Thread | None, list[StudyFile]]:
        """Take the lock, ask whether `by` may change them, and read them as they are now."""
        thread = None
        if self.thread_id is not None:
            study = db.session.get_one(CaseStudy, self.thread_id)
            post = study.opening()
            post.hold()
            if not post.editable_by(by):
                raise Refused("You can change only your own case study, while it is shown and open.")
            thread = post.thread
        else:
            own = select(Draft.id).where(Draft.id == self.draft_id, Draft.user_id == by.id)
            if db.session.scalar(own.with_for_update()) is None:
                raise Refused("This draft is no longer there: it was published or discarded.")
        return thread, self.all()

    def _same(self, have: list[StudyFile], kept: Kept) -> StudyFile | None:
        """The one that was sent before, if it was."""
        found = next((each for each in have if each.source_hash == kept.source_hash), None)
        if found is not None and found.is_refused:
            raise NotAdded("was refused by the team. Choose another file")
        return found

    def _done(self, by: User, thread: Thread | None, verb: str, file: StudyFile) -> None:
        db.session.flush()
        if thread is None:
            return
        shown_anew(thread)
        record(
            verb,
            by=by,
            prompt=thread.prompt_id,
            thread=thread.id,
            detail={"file": file.id, "kind": file.kind},
        )


def cleaned_name(name: str) -> str:
    """The name of a file as its sender knows it: no folders, one line, not too long; its ending stays."""
    last = re.split(r"[/\\]", clean_text(name))[-1]
    line = " ".join(last.split()).strip(". ") or "file"
    if len(line) <= LONGEST_NAME:
        return line
    stem, dot, ending = line.rpartition(".")
    ending = dot + ending if stem and len(ending) <= 10 else ""
    return line[: LONGEST_NAME - len(ending) - 1] + "…" + ending


def _fill(file: StudyFile, kept: Kept, name: str) -> None:
    file.kind, file.source_hash = kept.kind, kept.source_hash
    file.hash = kept.renditions[-1][3]
    file.name, file.sent_at = cleaned_name(name), now()
    file.statement, file.stated_at = "", None
    file.renditions = [
        Rendition(width=width, height=height, size=size, hash=hash)
        for width, height, size, hash in kept.renditions
    ]


def _of(have: list[StudyFile], id: int) -> StudyFile:
    """The one with that id. Raises Refused where it has gone meanwhile."""
    found = next((each for each in have if each.id == id), None)
    if found is None:
        raise Conflict("This file is no longer there.")
    return found
