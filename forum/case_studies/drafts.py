"""A case study that is being written. Each step is saved to a draft on the server, so that it can be left, taken up
again on another device, and published once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from forum.accounts.models import User
from forum.case_studies.forms import AskingForm
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facts import FACTS, Answers, Fact
from forum.case_studies.steps import STEPS, State, Step
from forum.core.db import db
from forum.discussion.models import Post
from forum.discussion.models.drafts import Draft

NEW, EDIT = "case-study:new:", "case-study:edit:"
UNTITLED = "A case study without a title yet"


@dataclass
class Writing:
    """What someone has written so far. `answers` are as forms take them: texts, and lists of slugs. `draft` is None
    where nothing has been saved yet; `study` is the one that is changed, and `since` the version of its opening
    post that the changes began from. `hands` says which page saved each step last."""

    by: User
    key: str
    address: str
    answers: Answers
    draft: Draft | None = None
    study: CaseStudy | None = None
    since: int = 0
    adapted_from: int | None = None
    hands: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, by: User, token: str, answers: Answers, adapted_from: int | None = None) -> Writing:
        """A new study, saved at once. The same `token` twice is the same one."""
        writing = cls.found(Draft.find(by, NEW + token), by) or cls(by, NEW + token, "", answers)
        if writing.draft is None:
            writing.adapted_from = adapted_from
            writing._keep()
        return writing

    @classmethod
    def resumed(cls, by: User, id: int, lock: bool = False) -> Writing | None:
        """The new study of that draft, if it is there and theirs."""
        query = select(Draft).where(Draft.id == id, Draft.user_id == by.id, Draft.key.startswith(NEW))
        return cls.found(_read(query, lock), by)

    @classmethod
    def changing(cls, by: User, study: CaseStudy, post: Post, lock: bool = False) -> Writing:
        """The changes that `by` makes to a study, saved or not. `post` is its opening post."""
        key = f"{EDIT}{study.thread_id}"
        said = as_typed(study.answers(post))
        writing = cls.found(_read(select(Draft).where(Draft.user_id == by.id, Draft.key == key), lock), by)
        if writing is None:
            writing = cls(by, key, f"/case-studies/{study.thread_id}/edit", said, since=post.version)
        writing.study, writing.adapted_from = study, study.adapted_from
        writing.answers = {**said, **writing.answers}
        return writing

    @classmethod
    def found(cls, draft: Draft | None, by: User) -> Writing | None:
        if draft is None:
            return None
        kept = draft.fields
        return cls(
            by,
            draft.key,
            draft.path,
            dict(kept.get("answers", {})),
            draft,
            since=kept.get("since", 0),
            adapted_from=kept.get("adapted_from"),
            hands=dict(kept.get("hands", {})),
        )

    def save(self, step: Step, said: Answers, hand: str) -> None:
        """Keep what was filled in at `step`, by the page that calls itself `hand`."""
        self.answers = {**self.answers, **said}
        self.hands = {**self.hands, step.slug: hand[:32]}
        self._keep()

    def discard(self) -> None:
        Draft.drop(self.by, self.key)

    # Questions

    @property
    def title(self) -> str:
        return str(self.answers.get("title") or "") or UNTITLED

    @property
    def token(self) -> str:
        """What tells this study from another until it has a number: its submission."""
        return self.key.removeprefix(NEW)

    @property
    def states(self) -> list[tuple[Step, State]]:
        return [(step, self.state_of(step)) for step in STEPS]

    @property
    def unfinished(self) -> list[Step]:
        """The steps that it cannot be published without."""
        return [step for step, state in self.states if state in (State.WAITS, State.BEGUN)]

    def state_of(self, step: Step) -> State:
        return step.state(self) if step.state else step.state_of(self.answers)

    def url(self, slug: str = "") -> str:
        return f"{self.address}/{slug}" if slug else self.address

    def stamp(self, step: Step) -> str:
        """Tells whether what is kept of `step` is still what a page began from."""
        kept = json.dumps([self.answers.get(fact.name) for fact in step.facts])
        return hashlib.blake2b(kept.encode(), digest_size=8).hexdigest()

    def conflicts(self, step: Step, form: AskingForm) -> list[tuple[Fact, Any]]:
        """What was saved by another page since this one was opened, and is not what it says itself: the facts, each
        with what is kept of it. Where nothing is kept, nothing can be lost."""
        kept = {fact.name: self.answers.get(fact.name) or ([] if fact.many else "") for fact in step.facts}
        same_page = self.hands.get(step.slug, "-") == (form.hand.data or "")[:32]
        if same_page or form.since.data == self.stamp(step) or not any(kept.values()):
            return []
        return [(fact, kept[fact.name]) for fact in step.facts if kept[fact.name] != form.said[fact.name]]

    # Helpers

    def _keep(self) -> None:
        fields: dict[str, Any] = {"answers": self.answers, "hands": self.hands}
        if self.study is not None:
            fields["since"] = self.since
        if self.adapted_from is not None:
            fields["adapted_from"] = self.adapted_from
        about = f"Changes to a case study: {self.title}" if self.study else f"A case study: {self.title}"
        self.draft = Draft.save(self.by, self.key, about, self.address or "/drafts", fields)
        if not self.address:
            self.draft.path = self.address = f"/case-studies/drafts/{self.draft.id}"


def as_typed(answers: Answers) -> Answers:
    """What a study says as its forms take it: every choice the text of its key."""
    typed: Answers = {"title": answers["title"], "disclosure": answers["disclosure"]}
    for fact in FACTS:
        value = answers.get(fact.name)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        typed[fact.name] = value if fact.many else str(value if value is not None else "")
    return typed


def _read(query: Any, lock: bool) -> Draft | None:
    found: Draft | None = db.session.scalar(query.with_for_update() if lock else query)
    return found
