"""The conversation's own data, and the demo story."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum import create_app
from forum.accounts.models import PHASES, Role, User
from forum.activity.models import Activity
from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models.scales import Outcome
from forum.core.db import db, now
from forum.core.markup import render
from forum.discussion.models import Component, Conversation, Post, Prompt, Revision, Thread, ThreadComponent
from forum.moderation.models import Decision, Item, Report
from forum.resources.models import Resource
from forum.seed.load import HERE, BadFile, load_conversation
from forum.seed.story import Untold, sign_ins, tell
from forum.suggestions.models import AnswerDraft, Step, Suggestion, Supporter, Telling
from forum.suggestions.rounds import finish
from tests.browser import Site
from tests.conftest import After, configure
from tests.factories import load_story, make_person
from tests.served import one_database

PAMPHLET = Path(__file__).parents[2] / "shared" / "pamphlet.txt"
COMPONENTS = [
    "assessment-for-learning",
    "effective-teaching-and-learning-strategies",
    "curriculum-entitlement-and-choice",
    "school-organisation",
    "strong-partnership-beyond-the-school",
]


# The conversation


def test_three_prompts_five_components_and_thirteen_resources(site: Site) -> None:
    assert slugs(Prompt) == ["your-practice", "resources", "what-more"]
    assert slugs(Component) == COMPONENTS
    resources = list(db.session.scalars(Resource.in_order()))
    assert len(resources) == 13
    assert {resource.group for resource in resources} == {"strategies", "programmes", "websites", "teams"}
    assert all(component.summary_html for component in db.session.scalars(Component.in_order()))


def test_addresses_are_printed_in_the_pamphlet_in_this_order(site: Site) -> None:
    if not PAMPHLET.exists():
        pytest.skip(f"{PAMPHLET} is not here")
    printed = " ".join(PAMPHLET.read_text("utf-8").split())
    printed = printed[printed.index("Resources for Progress:") :]
    places = [printed.index(resource.address) for resource in db.session.scalars(Resource.in_order())]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["conversation.toml", "components.toml", "resources.toml"])
def test_the_source_is_acknowledged(name: str) -> None:
    text = (HERE / name).read_text("utf-8")
    assert "DfES/0919/2004" in text
    assert "Crown copyright 2004" in text


def test_loading_again_changes_nothing_and_says_so(site: Site) -> None:
    before = version()
    assert load_conversation() == ["Nothing to change: the conversation is loaded."]
    assert version() == before


def test_what_the_team_has_edited_stays(site: Site) -> None:
    team = make_person(role=Role.TEAM)
    prompt = db.session.scalars(select(Prompt).where(Prompt.slug == "resources")).one()
    prompt.introduce(team, "Things that help", "Do they?", "Our *own* words.")
    other = db.session.scalars(select(Prompt).where(Prompt.slug == "what-more")).one()
    other.title = "Changed behind everyone's back"
    db.session.commit()

    assert load_conversation() == [
        "Prompt: resources (kept as the team edited it)",
        "Prompt: what-more (changed)",
    ]
    assert prompt.introduction_html == render("Our *own* words.")
    assert other.title == "What more can be done"


@one_database
@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("conversation.toml", 'organisation = "', 'organization = "', "organization"),
        ("conversation.toml", "title = ", "# title = ", "title is missing"),
        ("conversation.toml", "[[prompts]]", "[[questions]]", "prompts"),
        ("conversation.toml", 'slug = "resources"', 'slug = "your-practice"', "slug 'your-practice'"),
        ("conversation.toml", 'slug = "resources"', 'slug = "Our Resources"', "slug is 'Our Resources'"),
        (
            "conversation.toml",
            'slug = "resources"',
            'slug = "materials"',
            "slug 'resources' is in the database",
        ),
        ("components.toml", 'name = "School organisation"', "name = 7", "components 4: name must be a text"),
        (
            "components.toml",
            'name = "School organisation"',
            'name = " "',
            "components 4: name must be a text",
        ),
        ("resources.toml", 'group = "teams"\n', "", "resources 13: group is missing"),
        ("resources.toml", 'group = "teams"', f'group = "{"x" * 41}"', "longer than 40"),
        ("resources.toml", "[[resources]]", "[[resources]", "not good TOML"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_changed(
    site: Site, tmp_path: Path, file: str, old: str, new: str, names: str
) -> None:
    folder = ours_in(tmp_path, prompt_title="Changed")
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadFile) as caught:
        load_conversation(folder)
    assert file in str(caught.value)
    assert names in str(caught.value)
    assert not db.session.new
    assert not db.session.dirty

    answer = site.app.test_cli_runner().invoke(args=["conversation", "load", "--folder", str(folder)])
    assert answer.exit_code == 1
    assert "Nothing was changed." in answer.stderr


def test_a_file_that_is_missing_or_not_text_is_named(site: Site, tmp_path: Path) -> None:
    folder = ours_in(tmp_path)
    (folder / "resources.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFile, match=r"resources.toml: is not UTF-8"):
        load_conversation(folder)
    (folder / "resources.toml").unlink()
    with pytest.raises(BadFile, match=r"resources.toml: cannot be read"):
        load_conversation(folder)


def test_another_organisation_holds_another_conversation(elsewhere: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "libraries"
    folder.mkdir()
    (folder / "conversation.toml").write_text(
        'title = "Libraries, out loud"\norganisation = "the county library"\nsummary = "For readers."\n'
        'source = "Ours."\n[[prompts]]\nslug = "opening"\ntitle = "Opening hours"\n'
        'question = "When should we open?"\nintroduction = "Say."\n',
        "utf-8",
    )
    (folder / "components.toml").write_text(
        '[[components]]\nslug = "children"\nname = "Children"\nsummary = "Under **twelve**."\n', "utf-8"
    )
    (folder / "resources.toml").write_text("resources = []\n", "utf-8")
    answer = elsewhere.test_cli_runner().invoke(args=["conversation", "load", "--folder", str(folder)])
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines() == [
        "Conversation: Libraries, out loud",
        "Prompt: opening",
        "Component: children",
    ]
    home = elsewhere.test_client().get("/", base_url="https://conversation.example.org").text
    assert "Opening hours" in home
    assert "ersonalis" not in home


# The demo story


def test_the_story_is_worth_looking_at(site: Site, after: After) -> None:
    after(load_story)
    threads = list(db.session.scalars(select(Thread)))
    assert len(threads) >= 20
    assert max(thread.posts_count for thread in threads) >= 45
    assert {thread.prompt_id for thread in threads} == set(db.session.scalars(select(Prompt.id)))
    carried = set(db.session.scalars(select(ThreadComponent.component_id)))
    assert carried == set(db.session.scalars(select(Component.id)))
    for what in (
        select(Thread).where(Thread.pinned),
        select(Thread).where(Thread.locked),
        select(Thread).where(Thread.posts_count == 1),
        select(Revision),
        select(Post).where(Post.disclosure == "role-only"),
        select(Post).where(Post.moderation == "hidden"),
        select(Post).where(Post.publication == "withdrawn"),
        select(Post).where(Post.in_reply_to.is_not(None)),
        select(Item).where(Item.closed_at.is_(None)),
        select(Item).where(Item.closed_at.is_not(None)),
    ):
        assert db.session.scalars(what).first() is not None, what
    html = "".join(db.session.scalars(select(Post.html)))
    assert all(f"<{tag}" in html for tag in ("table", "blockquote", "ul", "ol", "strong", "em", "a href"))


def test_the_case_studies_of_the_story(site: Site, after: After) -> None:
    after(load_story)
    studies = list(db.session.scalars(select(CaseStudy)))
    trials = list(db.session.scalars(select(Trial)))
    assert len(studies) >= 20
    assert 25 <= len(trials) <= 40
    assert {study.phase for study in studies} == set(PHASES)
    assert {trial.outcome for trial in trials} == set(Outcome)
    assert {study.effect_mark for study in studies} == {1, 2, 3, 4}
    assert sum(study.tried_count for study in studies) == len(trials)
    assert all(study.did and study.happened and study.not_worked for study in studies)
    for told in (
        [study for study in studies if study.adapted_from],
        [study for study in studies if study.tried_count == 0],
        [study for study in studies if study.renewal_asked_at],
        [study for study in studies if study.team_marked_at],
        [study for study in studies if not study.school],
    ):
        assert told
    assert all("(invented)" in named.school for named in (*studies, *trials) if named.school)


def test_everyone_and_every_school_is_invented_and_says_so(site: Site, after: After) -> None:
    after(load_story)
    people = list(db.session.scalars(select(User)))
    assert {user.email.rpartition("@")[2] for user in people if user.email} == {"example.org"}
    assert all("(invented)" in user.school for user in people if user.school)
    welcome = db.session.scalars(select(Thread).where(Thread.pinned)).one()
    words = site.visitor().get(f"/threads/{welcome.id}-{welcome.slug}").words
    assert "Every person, school and post here is invented" in words


def test_the_story_is_told_in_the_past_and_in_order(site: Site, after: After) -> None:
    after(load_story)
    yesterday = now() - timedelta(minutes=1)
    for column in (
        Thread.created_at,
        Thread.last_post_at,
        ThreadComponent.last_post_at,
        Post.published_at,
        Post.updated_at,
        Post.edited_at,
        Post.gone_at,
        Revision.written_at,
        Report.made_at,
        CaseStudy.confirmed_at,
        CaseStudy.renewal_asked_at,
        CaseStudy.team_marked_at,
        Item.opened_at,
        Item.closed_at,
        Decision.at,
        User.created_at,
        User.confirmed_at,
        Activity.at,
        Step.published_at,
        Supporter.since,
        Suggestion.owed_since,
        Suggestion.stepped_at,
        AnswerDraft.closed_at,
    ):
        latest: Any = db.session.scalar(select(func.max(column)))
        assert latest < yesterday, str(column)
    for dates in (select(Thread.created_at).order_by(Thread.id), select(Activity.at).order_by(Activity.id)):
        told = list(db.session.scalars(dates))
        assert told == sorted(told)
    for thread in db.session.scalars(select(Thread).where(Thread.merged_into.is_(None))):
        posts = list(
            db.session.scalars(select(Post).where(Post.thread_id == thread.id).order_by(Post.number))
        )
        assert [post.number for post in posts] == list(range(1, thread.posts_count + 1))
        assert [post.published_at for post in posts] == sorted(post.published_at for post in posts)
        assert posts[0].published_at == thread.created_at
        assert posts[-1].published_at == thread.last_post_at


def test_every_post_of_the_story_is_rendered(site: Site, after: After) -> None:
    after(load_story)
    for source, html in db.session.execute(select(Post.source, Post.html)):
        assert html == render(source)
        assert html


def test_the_pages_of_the_story(site: Site, after: After) -> None:
    after(load_story)
    visitor = site.visitor()
    for slug in ("your-practice", "resources", "what-more"):
        visitor.get(f"/prompts/{slug}")
    for id, slug, merged in list(db.session.execute(select(Thread.id, Thread.slug, Thread.merged_into))):
        visitor.get(f"/threads/{id}-{slug}", status=301 if merged else 200)
    for path in (
        "/suggestions",
        "/suggestions?show=overdue",
        "/answers",
        "/answers?show=late",
        "/answers?show=other",
    ):
        visitor.get(path)


def test_the_suggestions_of_the_story_are_at_every_stage(site: Site, after: After) -> None:
    after(load_story)
    assert set(db.session.scalars(select(Suggestion.status))) >= {
        "heard", "considered", "tried", "exists", "will-not", "not-ours", "under-way", "checked",
    }  # fmt: skip
    visitor = site.visitor()
    assert (
        "One day a term in somebody else" in visitor.get("/suggestions").select("//section")[0].text_content()
    )
    assert "A common first page" in visitor.get("/answers?show=late").words
    assert "Checked with those who asked" in visitor.get("/answers?show=done").words
    went = db.session.scalars(select(Thread.merged_into).where(Thread.merged_into.is_not(None))).one()
    assert (
        "“One census date for everybody” asked for the same"
        in visitor.get(f"/suggestions/{went}/trail").words
    )
    for count, actual in db.session.execute(
        select(Suggestion.supporters, func.count(Supporter.user_id))
        .join(Supporter, Supporter.thread_id == Suggestion.thread_id)
        .group_by(Suggestion.thread_id, Suggestion.supporters)
    ):
        assert count == actual
    assert db.session.scalar(select(Telling).where(Telling.due_at.is_not(None))) is None
    assert finish() == 1 and not site.mail(), "the people of the story have no letter box"


def test_telling_it_twice_changes_nothing(site: Site, after: After) -> None:
    assert "222 posts, all invented" in after(load_story)
    kept, before = sign_ins(site.app.config["FORUM"]), counts()
    second = site.app.test_cli_runner().invoke(args=["demo", "load"])
    assert second.exit_code == 0
    assert "nothing was changed" in second.output
    assert sign_ins(site.app.config["FORUM"]) == kept
    assert counts() == before


def test_one_can_sign_in_as_each_role(site: Site, after: After) -> None:
    after(load_story)
    config = site.app.config["FORUM"]
    file = config.instance / "demo-sign-ins.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = site.app.test_cli_runner().invoke(args=["demo", "sign-ins"]).output.splitlines()
    assert shown[0] == "Demo sign-ins (development only): role, email, password"
    people = [line.split(", ") for line in shown[1:]]
    assert [role for role, _, _ in people] == ["participant", "team", "administrator"]
    for role, email, password in people:
        user = User.with_password(email, password)
        assert user is not None
        assert user.role == role
        assert user.may_post
        browser = site.visitor()
        browser.post("/account/sign-in", {"email": email, "password": password})
        browser.get("/team", status=200 if role != "participant" else 403)


def test_it_is_never_told_in_production(tmp_path: Path) -> None:
    live = configure(tmp_path, FORUM_ENV="production", SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyz")
    for command in (["demo", "load"], ["demo", "sign-ins"]):
        answer = create_app(live).test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert "this is production" in answer.stderr


def test_it_needs_the_conversation_first(elsewhere: Flask) -> None:
    with pytest.raises(Untold, match="flask conversation load"):
        tell(elsewhere.config["FORUM"])
    with pytest.raises(Untold, match="flask demo load"):
        sign_ins(elsewhere.config["FORUM"])


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Flask]:
    """A site that holds no conversation yet."""
    app = create_app(configure(tmp_path / "elsewhere"))
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()


def slugs(model: Any) -> list[str]:
    return list(db.session.scalars(select(model.slug).order_by(model.order)))


def version() -> int:
    return db.session.scalars(select(Conversation.version)).one()


def counts() -> list[int | None]:
    db.session.rollback()
    return [
        db.session.scalar(select(func.count()).select_from(model))
        for model in (User, Thread, Post, Revision, Report, Activity)
    ]


def ours_in(tmp_path: Path, prompt_title: str = "") -> Path:
    """A copy of our own files, with another title of the first prompt where one is given."""
    folder = tmp_path / "seed"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if prompt_title:
        path = folder / "conversation.toml"
        text = path.read_text("utf-8").replace("Personalising learning in your school", prompt_title)
        path.write_text(text, "utf-8")
    return folder
