"""The case studies of the story, and what others say who tried them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from forum.accounts.models import User
from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models.bundles import Bundle, keep
from forum.case_studies.models.files import StudyFile
from forum.core.db import db
from forum.discussion.models import Post, Thread

FILES = Path(__file__).parent / "story" / "files"
TEAM = "ruth"  # looks at pictures
Fields = dict[str, Any]
Act = Callable[[datetime], None]


@dataclass
class Studies:
    """Studies in the making. `at` lets an act happen at a time like "3 days ago, 14:05"; `said` dates a post and its
    thread; `settings` says what kind of school each of the people writes from."""

    people: dict[str, User]
    at: Callable[[str, Act], None]
    said: Callable[[Fields, Thread, Post, datetime], None]
    settings: dict[str, Fields]
    studies: dict[str, CaseStudy] = field(default_factory=dict)

    def opens(self, fields: Fields) -> None:
        """A study with all that becomes of it."""
        key = fields["key"]

        def publish(at: datetime) -> None:
            parent = self.studies[fields["from"]].thread_id if "from" in fields else None
            answers = {**self._setting(fields), **_stripped(fields)}
            study = CaseStudy.publish(self.people[fields["by"]], answers, adapted_from=parent)
            study.confirmed_at = at
            self.studies[key] = study
            post = study.opening()
            post.thread.created_at = at
            self.said(fields, post.thread, post, at)

        self.at(fields["when"], publish)
        for file in fields.get("files", []):
            self._encloses(key, fields["by"], file)
        for trial in fields.get("tried", []):
            self._tries(key, trial)
        if "team" in fields:
            self._marks(key, fields["team"])
        if "asked_to_renew" in fields:
            self._asks_to_renew(key, fields["asked_to_renew"])
        if "confirmed" in fields:
            self._confirms(key, fields)

    def _tries(self, key: str, fields: Fields) -> None:
        def report(at: datetime) -> None:
            study, by = self.studies[key], self.people[fields["by"]]
            trial, _ = Trial.report(study, by, {**self._setting(fields), **_stripped(fields)})
            post = db.session.get_one(Post, trial.post_id)
            self.said(fields, db.session.get_one(Thread, study.thread_id), post, at)

        self.at(fields["when"], report)

    def _encloses(self, key: str, by: str, fields: Fields) -> None:
        """A picture or paper, and the team's look at it where there has been one."""
        source = FILES / fields["file"]

        def file() -> StudyFile:
            have = Bundle(thread_id=self.studies[key].thread_id).all()
            return next(each for each in have if each.name == source.name)

        def add(at: datetime) -> None:
            bundle, author = Bundle(thread_id=self.studies[key].thread_id), self.people[by]
            made = bundle.add(author, keep(source.read_bytes()), source.name)
            bundle.describe(author, {made.id: (fields["alt"], False)})
            bundle.declare(author, "nobody")
            made.sent_at = made.stated_at = at

        def look(at: datetime) -> None:
            file().show(self.people[TEAM], file().hash)
            file().looked_at = at

        self.at(fields["when"], add)
        if "shown" in fields:
            self.at(fields["shown"], look)

    def _marks(self, key: str, fields: Fields) -> None:
        def mark(at: datetime) -> None:
            self.studies[key].mark(self.people[fields["by"]], fields)
            self.studies[key].team_marked_at = at

        self.at(fields["when"], mark)

    def _asks_to_renew(self, key: str, when: str) -> None:
        def ask(at: datetime) -> None:
            self.studies[key].ask_to_renew()
            self.studies[key].renewal_asked_at = at

        self.at(when, ask)

    def _confirms(self, key: str, fields: Fields) -> None:
        def confirm(at: datetime) -> None:
            self.studies[key].confirm(self.people[fields["by"]])
            self.studies[key].confirmed_at = at

        self.at(fields["confirmed"], confirm)

    def _setting(self, fields: Fields) -> Fields:
        """Where a person writes from; what is role-only names no school."""
        named = fields.get("disclosure", "named") == "named"
        school = self.people[fields["by"]].school if named else ""
        return {
            **self.settings[fields["by"]],
            "school": school,
            "disclosure": "named" if named else "role-only",
        }


def _stripped(fields: Fields) -> Fields:
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
