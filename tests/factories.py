"""People and threads, made by the domain's own verbs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import School, User
from forum.accounts.passwords import hash_password
from forum.case_studies.models import CaseStudy, Trial
from forum.core.db import db, now
from forum.core.working_time import today
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.resources.models import Answers, Resource, ResourceRequest, Review
from forum.resources.models.requests import Wish
from forum.suggestions.models import AnswerDraft, Outcome, Step, Suggestion, Wording
from forum.suggestions.models.steps import take_up

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)
_count = itertools.count(1)
_urns = itertools.count(800001)


def make_person(
    name: str = "Ada Obi",
    email: str | None = None,
    position: str = "teacher",
    phase: str | None = "primary",
    school: str | None = None,
    confirmed: bool = True,
    role: str = "participant",
    password: str = PASSWORD,
) -> User:
    """Someone with an account; the usual password is hashed once for the whole run."""
    email = email or f"person{next(_count)}@example.org"
    user = User(
        name=name,
        email=email,
        email_key=email.casefold(),
        position=position,
        phase=phase,
        school=school,
        role=role,
        password_hash=_HASH if password == PASSWORD else hash_password(password),
        confirmed_at=now() if confirmed else None,
    )
    db.session.add(user)
    db.session.commit()
    return user


def make_school(name: str = "Hillview School", town: str | None = "Anytown", **said: Any) -> School:
    """A school of the register. All of them are invented."""
    columns = ("local_authority", "type", "phase", "postcode", "constituency", "closed_on")
    urn = said.pop("urn", None) or next(_urns)
    School.put([dict.fromkeys(columns) | {"urn": urn, "name": name, "town": town} | said], now())
    db.session.commit()
    return db.session.scalars(select(School).where(School.urn == urn)).one()


def make_thread(
    author: User | None = None,
    prompt: str = "your-practice",
    title: str = "Talking about marking",
    text: str = "What do you do about marking?",
    components: Sequence[str] = ("assessment-for-learning",),
    disclosure: str = "named",
) -> Thread:
    """A thread with its opening post."""
    where = db.session.scalars(select(Prompt).where(Prompt.slug == prompt)).one()
    carried = list(db.session.scalars(select(Component).where(Component.slug.in_(components))))
    thread = Thread.start(where, author or make_person(), title, text, carried, disclosure)
    db.session.commit()
    return thread


def make_suggestion(
    author: User | None = None,
    title: str = "Ask for each number once",
    body: str = "One collection, on one date.",
    components: Sequence[str] = ("school-organisation",),
    disclosure: str = "named",
    supporters: int = 0,
) -> Suggestion:
    """A suggestion; besides its author, so many people support it."""
    author, others = author or make_person(), [make_person(f"Supporter {n}") for n in range(supporters)]
    where = db.session.scalars(select(Prompt).where(Prompt.slug == "what-more")).one()
    carried = list(db.session.scalars(select(Component).where(Component.slug.in_(components))))
    words = Wording(title, body, "Nine forms a year.", "Every school office.")
    made = Suggestion.make(where, author, words, carried, disclosure)
    for person in others:
        made.support(person)
    db.session.commit()
    return suggestion_of(made.thread_id)


def suggestion_of(thread: int) -> Suggestion:
    """The suggestion of a thread, with its thread, prompt and author loaded, as it is now."""
    query = Suggestion.every().where(Suggestion.thread_id == thread)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def make_answer(
    suggestion: Suggestion,
    status: str = "will-do",
    days: int | None = 60,
    note: str = "We will.",
    **more: Any,
) -> Step:
    """The next step of a suggestion, drafted by one of the team and read by another; it is taken up first where it
    was not. `days` from today is its date."""
    drafter, reader = make_person("Dora Draft", role="team"), make_person("Reza Read", role="team")
    suggestion = suggestion_of(suggestion.thread_id)
    if suggestion.status == "heard":
        take_up(suggestion, drafter, "Workforce Unit", "We look at it.")
    due = today() + timedelta(days=days) if days is not None else None
    first = db.session.scalars(
        select(Post.id).where(Post.thread_id == suggestion.thread_id, Post.number == 1)
    )
    said = {"owner": "Workforce Unit", "note": note, "due_on": due, "posts": (first.one(),), **more}
    draft = AnswerDraft.begin(suggestion, drafter, Outcome(status, **said))
    draft.read(reader, draft.version)
    step = draft.publish(drafter)
    db.session.commit()
    return step


def make_reply(
    thread: Thread, author: User | None = None, text: str = "We talk first.", disclosure: str = "named"
) -> Post:
    """The next post of `thread`."""
    post = thread.reply(author or make_person(), text, disclosure)
    db.session.commit()
    return post


def post_of(thread: Thread, number: int = 1) -> Post:
    """A post of `thread` with its thread, prompt and author loaded."""
    return db.session.scalars(
        select(Post)
        .where(Post.thread_id == thread.id, Post.number == number)
        .options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
        .execution_options(populate_existing=True)
    ).one()


STUDY: dict[str, Any] = {
    "title": "Talking before marking",
    "disclosure": "named",
    "phase": "primary",
    "school": "",
    "school_type": "community",
    "school_size": "100-299",
    "region": "north-east",
    "components": ["assessment-for-learning"],
    "pupils": "Pupils of nine and ten who did not read what we wrote",
    "aims": "Pupils could not say what to do next.",
    "start": "",
    "did": "We **talk** first, in pairs.",
    "time_band": "days",
    "time_words": "",
    "cost_band": "nothing",
    "cost_words": "",
    "happened": "Most could say what to do next.",
    "evidence": "",
    "not_worked": "",
    "advice": "",
    "resources": [],
    "effect_mark": 3,
    "effect_reason": "Most of the class",
    "cost_mark": 1,
    "cost_reason": "Only our time",
    "evidence_mark": 2,
    "evidence_reason": "We asked them",
    "quote": True,
    "licence": "cc-by-4.0",
    "contact": True,
}


def make_study(author: User | None = None, adapted_from: int | None = None, **said: Any) -> CaseStudy:
    """A published case study."""
    author = author or make_person()
    study = CaseStudy.publish(author, {**STUDY, **said}, adapted_from=adapted_from)
    db.session.commit()
    return study


def make_trial(study: CaseStudy, by: User | None = None, outcome: str = "same", **said: Any) -> Trial:
    """A report from another school that tried what `study` tells of."""
    by = by or make_person()
    trial, _ = Trial.report(study, by, {"phase": "secondary", "outcome": outcome, **said})
    db.session.commit()
    return trial


def make_review(
    by: User | None = None,
    slug: str = "governornet",
    helped: str | None = "somewhat",
    known: str = "used",
    **words: str,
) -> Review:
    """What someone says of a resource; only answers, unless there are words."""
    resource = db.session.scalars(Resource.named(slug)).one()
    answers = Answers(known=known, helped=helped if known == "used" else None, **words)
    review = Review.give(resource, by or make_person(), answers)
    db.session.commit()
    return review


def make_request(
    by: User | None = None, what: str = "An index", for_whom: str = "governors", why: str = "To find things."
) -> ResourceRequest:
    """A resource that someone misses, with its thread."""
    wish = Wish(what=what, for_whom=for_whom, why=why, components=[])
    id = ResourceRequest.make(by or make_person(), wish).thread_id
    db.session.commit()
    request = ResourceRequest.of_thread(id)
    assert request
    return request


def load_story() -> str:
    """As a person does; what the command said."""
    answer = current_app.test_cli_runner().invoke(args=["demo", "load"])
    assert answer.exit_code == 0, answer.output
    return answer.output
