"""Every `flask` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TaskID
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forum.accounts.models import Role, User
from forum.case_studies.models.strays import every_hash
from forum.case_studies.upkeep import forget_drafts_files, renewals, stored_files
from forum.core.db import db
from forum.core.storage import storage
from forum.discussion.models import Prompt
from forum.moderation.models.judging import BadExamples, judged, posts_in, share_of
from forum.resources.models.lists import open_talks
from forum.search.models import judging, upkeep
from forum.seed.importing import Import
from forum.seed.lines import lines_of
from forum.seed.load import HERE, BadFile, load_conversation
from forum.seed.register import NotARegister
from forum.seed.rendering import on_every_core
from forum.seed.schools import Load
from forum.seed.story import Untold, sign_ins, tell

conversation = AppGroup("conversation", help="The conversation's own data.")
case_studies = AppGroup("case-studies", help="Case studies as they grow old.")
files = AppGroup("files", help="The pictures and papers of case studies.")
demo = AppGroup("demo", help="An invented story to look at (development only).")
letters = AppGroup("letters", help="What is written to people.")
people = AppGroup("people", help="People and their roles.")
schools = AppGroup("schools", help="The register of schools.")
searching = AppGroup("search", help="The search index.")
watch = AppGroup("watch", help="What is looked for before a post is public.")


@conversation.command("load")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=HERE, help="Where the files are; ours if none."
)
def load(folder: Path) -> None:
    """Load prompts, components and resources from files, and open the threads of resources that have none yet.
    What the team has edited stays as it is."""
    try:
        done = [*load_conversation(folder), *open_talks()]
    except BadFile as error:
        raise click.ClickException(f"{error} Nothing was changed.") from error
    db.session.commit()
    for line in done:
        click.echo(line)


@conversation.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--prompt", "slug", required=True, help="The slug of the prompt that the threads go under.")
def import_posts(file: Path, slug: str) -> None:
    """Bring in posts from FILE: a JSON object a line, with thread, author, subject, body and date.

    Safe to run again, also after it was stopped half-way.
    """
    prompt = db.session.scalar(select(Prompt).where(Prompt.slug == slug))
    if prompt is None:
        known = ", ".join(db.session.scalars(select(Prompt.slug).order_by(Prompt.order)))
        raise click.ClickException(f"There is no prompt {slug!r}. The prompts are: {known or 'none yet'}.")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (*Progress.get_default_columns(), DownloadColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    try:
        with file.open("rb") as lines, on_every_core() as render_all, bar:
            run = Import(prompt, lambda number, why: console.print(f"Line {number}: {why}"), render_all)
            task = bar.add_task(file.name, total=file.stat().st_size)
            for _ in run.take(lines_of(lines)):
                bar.update(task, completed=lines.tell())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from error
    except IntegrityError as error:
        raise click.ClickException("Another import of the same posts is running. Run this again.") from error
    for line in run.summary():
        click.echo(line)
    if not run.good:
        raise click.ClickException("No line could be imported.")


@case_studies.command("ask-renewals")
def ask_renewals() -> None:
    """Ask the authors of case studies that are old whether they are still true.

    The worker does so once a day. Each study is asked about once a year at most, and marked until its author
    confirms it.
    """
    asked = list(renewals())
    letters, silent = asked.count(True), asked.count(False)
    click.echo(f"{letters + silent} case studies are marked, and {letters} authors are asked by mail.")


@demo.command("load")
def load_demo() -> None:
    """Tell the demo story: invented people, schools, threads and posts. A second run changes nothing."""
    try:
        lines = tell(current_app.config["FORUM"])
    except Untold as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()
    for line in lines:
        click.echo(line)


@demo.command("sign-ins")
def show_sign_ins() -> None:
    """Show how to sign in to the demo, once for each role."""
    try:
        lines = sign_ins(current_app.config["FORUM"])
    except Untold as error:
        raise click.ClickException(str(error)) from error
    click.echo("Demo sign-ins (development only): role, email, password")
    for line in lines:
        click.echo(line)


@files.command("sweep")
def sweep() -> None:
    """Remove the files that no draft and no case study refers to, and that are more than a day old.

    The worker does so once a day. Safe while the site runs.
    """
    strays, swept = forget_drafts_files(), sum(stored_files())
    click.echo(f"{strays} from discarded drafts forgotten, {swept} stored files removed.")


@files.command("check")
def check_files() -> None:
    """Say which files the database knows and the storage lacks, as after restoring a backup."""
    lacking = [hash for hash in every_hash() if not storage().exists(hash)]
    for hash in lacking:
        click.echo(f"Lacking: {hash}")
    if lacking:
        raise click.ClickException(f"The storage lacks {len(lacking)} of the files that the database knows.")
    click.echo("Every file that the database knows is there.")


@letters.command("deliver")
def deliver() -> None:
    """Tell people what they are owed and deliver it. The server does so by itself; this is for a timer."""
    rounds = 1
    while current_app.extensions["worker"].go_round():
        rounds += 1
    click.echo(f"Nothing is left to deliver ({rounds} {'round' if rounds == 1 else 'rounds'}).")


@people.command("add-team")
@click.argument("email")
def add_team(email: str) -> None:
    """Make the person with EMAIL a member of the team."""
    _make(email, Role.TEAM)


@people.command("make-administrator")
@click.argument("email")
def make_administrator(email: str) -> None:
    """Make the person with EMAIL an administrator."""
    _make(email, Role.ADMINISTRATOR)


@schools.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--part", is_flag=True, help="A part of the register: close no school that it does not name.")
@click.option(
    "--many-closed", is_flag=True, help="Close more than a tenth of the schools, if they are missing."
)
def load_schools(file: Path, part: bool, many_closed: bool) -> None:
    """Bring in the register of schools from FILE, the CSV of Get Information About Schools.

    Safe to run again, with a newer file or after it was stopped half-way. No school is deleted: those that are no
    longer in the file are marked as closed.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    bar = Progress(console=console, disable=not console.is_terminal)
    run = Load(lambda number, why: console.print(f"Line {number}: {why}", markup=False), part, many_closed)
    try:
        with file.open("rb") as lines, bar:
            for doing, what in (("Reading", run.look), ("Loading", run.take)):
                lines.seek(0)
                task = bar.add_task(doing, total=file.stat().st_size)
                for _ in what(lines_of(lines)):
                    bar.update(task, completed=lines.tell())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from error
    except NotARegister as error:
        raise click.ClickException(f"{error} Nothing was changed.") from error
    except IntegrityError as error:
        raise click.ClickException("Another load of the register is running. Run this again.") from error
    for line in run.summary():
        click.echo(line)


@searching.command("rebuild")
@click.option("--afresh", is_flag=True, help="Begin at the beginning, not where an earlier run was stopped.")
@click.option("--at-once", is_flag=True, help="All words in one go: the quickest, but posting waits for it.")
def rebuild_index(afresh: bool, at_once: bool) -> None:
    """Make the search index anew while the site runs. Safe to stop; run again, it goes on from there."""
    _follow(upkeep.rebuild(afresh), "Indexing")
    if at_once:
        upkeep.rebuild_words()
        db.session.commit()
    click.echo("The index is whole.")


@searching.command("check")
@click.option("--words", is_flag=True, help="Compare every word too (SQLite): posting waits for it.")
def check_index(words: bool) -> None:
    """Compare the search index with what is public, both ways; fails where they differ."""
    faults = _follow(upkeep.check(), "Comparing")
    for fault in faults[:20]:
        click.echo(f"{fault.what[:-1]} {fault.id}: {fault.wrong}")
    if words and not upkeep.words_agree():
        raise click.ClickException(
            "Words differ from their texts. flask search rebuild --at-once mends that."
        )
    if faults:
        raise click.ClickException(f"{len(faults):,} differ. flask search rebuild --afresh mends that.")
    click.echo("The index has what is public, and nothing else.")


@searching.command("judge")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def judge(file: Path) -> None:
    """How good the search is: ask the questions in FILE, and compare what is found with what should be."""
    try:
        scores, imperfect = judging.judged(judging.Question.read(file))
    except judging.BadJudgement as error:
        raise click.ClickException(str(error)) from error
    for answer in imperfect:
        missed = [title for title in answer.question.titles if title not in answer.found]
        missing = f"; not found: {', '.join(missed)}" if missed else ""
        click.echo(f"{answer.question.q}: rank {answer.reciprocal_rank:.2f}{missing}")
    for score in scores:
        click.echo(
            f"{score.name:<10} {score.many:>4} questions  MRR {score.rank:.3f}  recall@10 {score.recall:.3f}"
        )


@watch.command("judge")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def judge_detector(file: Path) -> None:
    """How well pupils and other people are recognised: judge the examples in FILE, tables of text = "kinds"."""
    try:
        halves = judged(file)
    except BadExamples as error:
        raise click.ClickException(str(error)) from error
    for half in halves:
        for fault in half.faults:
            click.echo(f"{half.name}: {fault}")
    for half in halves:
        click.echo(f"{half.name}, {half.examples} examples")
        for score in (*(half.scores[kind] for kind in sorted(half.scores)), half.whole):
            counts = f"{score.right} right, {score.wrong} wrong, {score.missed} missed"
            click.echo(
                f"  {score.name:<10} precision {score.precision:.3f}  recall {score.recall:.3f}  ({counts})"
            )


@watch.command("share")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def share_held(file: Path) -> None:
    """Which share of the posts in FILE would be held: a JSON object a line, with subject and body."""
    try:
        share = share_of(posts_in(file))
    except BadExamples as error:
        raise click.ClickException(str(error)) from error
    what = ", ".join(f"{kind} {count}" for kind, count in share.kinds.most_common()) or "nothing"
    click.echo(f"{share.held} of {share.posts:,} posts would be held: {share.percent:.2f} % ({what})")


@click.command("worker")
def worker() -> None:
    """Do all that need not happen in a request, until SIGTERM. The server does it by itself unless WORKER is apart."""
    click.echo(f"Working as {current_app.extensions['worker'].name} – stop with Ctrl-C")
    current_app.extensions["worker"].work_until_told()


@click.command("serve")
def serve() -> None:
    """Serve the site with the production server on HOST:PORT."""
    config = current_app.config["FORUM"]
    click.echo(f"Serving {config.site_url} – stop with Ctrl-C")
    arguments = [
        "granian",
        "--interface",
        "wsgi",
        "--host",
        config.host,
        "--port",
        str(config.port),
        "--workers",
        str(config.workers),
        "--blocking-threads",
        str(config.threads),
        "--no-ws",
        "--static-path-route",
        "/static",
        "--static-path-mount",
        str(config.root / "static"),
        "--static-path-expires",
        "31536000",
        "--log-level",
        config.log_level.lower(),
        "forum.serving:app",
    ]
    sys.stdout.flush()
    os.execvp(os.path.join(os.path.dirname(sys.executable), "granian"), arguments)  # noqa: S606


def init_app(app: Flask) -> None:
    for command in (
        case_studies,
        conversation,
        demo,
        files,
        letters,
        people,
        schools,
        searching,
        serve,
        watch,
        worker,
    ):
        app.cli.add_command(command)


def _follow(steps: Iterator[upkeep.Progress], doing: str) -> list[upkeep.Fault]:
    """Take `steps`, committing each, behind a progress bar; what they found wrong."""
    faults: list[upkeep.Fault] = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}
        for step in steps:
            db.session.commit()
            if step.what not in tasks:
                tasks[step.what] = bar.add_task(f"{doing} {step.what}", total=step.last)
            bar.update(tasks[step.what], completed=step.done)
            faults += step.faults
    db.session.commit()
    return faults


def _make(email: str, role: Role) -> None:
    user = User.by_email(email)
    if user is None:
        raise click.ClickException(f"Nobody has registered with {email}.")
    user.make(role, by=None)
    db.session.commit()
    click.echo(f"{user.name} <{user.email}> is now {role}.")
