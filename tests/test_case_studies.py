"""Case studies: the record and its page, the team's marks, adaptation, renewal, and that what is gone is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text

from forum.activity.models import Activity
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.facts import FACTS
from forum.case_studies.models.scales import MARKS
from forum.core.db import db, now
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Post, Thread
from tests.browser import Page, Site
from tests.factories import STUDY, make_person, make_reply, make_study, make_trial, post_of
from tests.queries import counted

MARKED = {
    f"{mark.name}_{part}": value for mark in MARKS for part, value in (("mark", "2"), ("reason", "We looked"))
}


MARKED_OLD = "has not said since then whether it is still true"


def url_of(study: CaseStudy) -> str:
    thread = db.session.get_one(Thread, study.thread_id)
    return f"/threads/{thread.id}-{thread.slug}"


def version_of(study: CaseStudy) -> int:
    db.session.rollback()
    return db.session.scalars(select(Thread.version).where(Thread.id == study.thread_id)).one()


# The record, its post and its page


def test_a_study_is_a_thread_whose_post_says_all_of_it(site: Site) -> None:
    said = {fact.name: f"The words of {fact.name}" for fact in FACTS if not fact.choices and not fact.many}
    study = make_study(**{**said, "resources": ["ict-in-schools"], "components": ["school-organisation"]})
    post = post_of(study.opening().thread)
    for place in (post.source, post.html, site.visitor().get(f"/threads/{study.thread_id}/feed.atom").text):
        for words in (
            *said.values(),
            "School organisation",
            "ICT in Schools",
            "Some improvement",
            "1 to 5 days",
        ):
            assert words in place.replace("\\_", "_"), words


def test_the_page_shows_facts_sections_and_what_was_not_provided(site: Site) -> None:
    page = site.visitor().get(url_of(make_study(school="Larkhill Primary")))
    facts = {
        row.xpath("string(dt)"): " ".join(row.xpath("string(dd)").split())
        for row in page.select("//section[@aria-labelledby='at-a-glance']//div[dt]")
    }
    assert facts["School"].startswith("Larkhill Primary")
    assert "community or foundation school" in facts["School"] and "North East" in facts["School"]
    assert facts["Resources that helped"] == "Not provided"
    assert "CC BY 4.0" in facts["Using it"]
    headings = page.select("//article[@id='post-1']//h3/text()")
    assert headings == [fact.label for fact in FACTS if fact.told]
    assert page.select("//article[@id='post-1']//strong/text()") == ["talk"]
    assert "Not provided" in page.select("string(//article[@id='post-1'])")


def test_what_is_left_open_in_one_field_does_not_run_into_the_next(site: Site) -> None:
    study = make_study(aims="```\nopen", start="> quoted\n\n[a]: http://example.org", did="[a] | b\n--|--")
    page = site.visitor().get(url_of(study))
    assert page.select("//article[@id='post-1']//h3/text()") == [fact.label for fact in FACTS if fact.told]
    feed = site.visitor().get(f"/threads/{study.thread_id}/feed.json").response.json
    assert "What happened</h3>" in feed["items"][0]["content_html"]


def test_three_marks_stand_apart_and_no_score_is_made_of_them(site: Site) -> None:
    page = site.visitor().get(url_of(make_study()))
    marks = page.select("//ul[@class='marks']/li")
    assert [mark.xpath("string(h3)") for mark in marks] == ["Effect", "Cost", "Strength of evidence"]
    assert ["3 of 4" in marks[0].text_content(), "1 of 4" in marks[1].text_content()] == [True, True]
    assert "The team" not in page.select("string(//ul[@class='marks'])")


def test_the_same_study_twice_is_one(site: Site) -> None:
    ada = make_person()
    made = {CaseStudy.publish(ada, STUDY, "token").thread_id for _ in range(2)}
    site.commit()
    assert len(made) == 1 and db.session.scalar(select(func.count(Post.id))) == 1
    with pytest.raises(Refused):
        CaseStudy.publish(make_person(confirmed=False), STUDY)


def test_a_study_is_listed_while_its_thread_and_its_opening_post_are_shown(site: Site) -> None:
    team, study = make_person(role="team"), make_study()
    acts: tuple[tuple[Callable[[], None], Callable[[], None]], ...] = (
        (lambda: study.opening().thread.hide(team, "spam"), lambda: study.opening().thread.restore(team)),
        (lambda: study.opening().hide(team, "spam"), lambda: study.opening().publish(team)),
        (
            lambda: study.opening().withdraw(study.opening().author),
            lambda: study.opening().bring_back(study.opening().author),
        ),
    )
    for go, come in acts:
        go()
        site.commit()
        assert not study.listed
        come()
        site.commit()
        assert study.listed


def test_a_study_that_waits_for_the_team_is_not_listed_until_it_is_let_out(site: Site) -> None:
    study = make_study()
    post = study.opening()
    for state in ("held", "published"):
        post.publication = post.thread.publication = state
        site.commit()
        assert study.listed is (state == "published")
        author = site.browser(study.opening().author).get(url_of(study)).words
        assert ("is with the team" in author) is (state == "held")
        post = study.opening()


# What is gone is gone


PLACES = ("", "/history", "/edit", "/edit/did", "/edit/check", "/tried", "/adapt")


def test_a_hidden_study_is_gone_everywhere(site: Site) -> None:
    team, ada = make_person(role="team"), make_person("Ada Obi")
    old = make_study(ada, title="The first of all")
    new = make_study(title="Grown from it", adapted_from=old.thread_id)
    grandchild = make_study(title="Grown from that", adapted_from=new.thread_id)
    make_trial(new, outcome="not", changed="The words of a trial")
    assert "The first of all" in site.visitor().get(url_of(new)).text
    new.opening().thread.hide(team, "spam")
    site.commit()
    for study in (old, grandchild):
        assert "Grown from it" not in site.visitor().get(url_of(study)).text
    reader = site.browser(make_person("Ben Lee"))
    for browser in (site.visitor(), reader):
        for place in PLACES[:2]:
            browser.get(f"/case-studies/{new.thread_id}{place}", status=404)
        browser.get(url_of(new), status=404)
    for place in PLACES[2:]:
        reader.get(f"/case-studies/{new.thread_id}{place}", status=404)
    for place in ("/tried", "/adapt", "/confirm", "/edit/check"):
        reader.post(f"/case-studies/{new.thread_id}{place}", status=404)


def test_a_hidden_opening_post_takes_its_facts_marks_and_trials_with_it(site: Site) -> None:
    team, study = make_person(role="team"), make_study()
    make_trial(study, outcome="not", changed="Nothing to do with it")
    study.mark(team, MARKED)
    site.commit()
    study.opening().hide(team, "pupil")
    site.commit()
    for browser in (site.visitor(), site.browser(make_person())):
        page = browser.get(url_of(study))
        for words in (
            STUDY["aims"],
            STUDY["pupils"],
            "Most of the class",
            "We looked",
            "Where it has been tried",
        ):
            assert words not in page.text, words
        browser.get(f"/case-studies/{study.thread_id}/history", status=404)


def test_the_author_alone_still_reads_what_they_took_back(site: Site) -> None:
    ada = make_person("Ada Obi")
    study = make_study(ada)
    study.opening().withdraw(ada)
    site.commit()
    site.visitor().get(url_of(study), status=404)
    site.browser(make_person()).get(f"/case-studies/{study.thread_id}/history", status=404)
    site.browser(ada).get(f"/case-studies/{study.thread_id}/history")
    site.browser(ada).get(f"/case-studies/{study.thread_id}/edit", status=403)


# The team's marks


def test_the_team_gives_its_own_marks_with_reasons_for_everyone_to_read(site: Site) -> None:
    team, study = make_person("Ruth Ellery", role="team"), make_study()
    browser = site.browser(team)
    address = f"/team/case-studies/{study.thread_id}/marks"
    assert address in browser.get(url_of(study)).select("//main//a/@href")
    assert address not in site.visitor().get(url_of(study)).text
    page = browser.post(address, {**MARKED, "cost_reason": ""}, status=422)
    assert "Enter a reason for the mark: cost" in page.words
    browser.post(address, MARKED)
    read = site.visitor().get(url_of(study))
    assert read.select("string(//ul[@class='marks'])").count("We looked") == 3
    assert "Some improvement" in read.text and "No clear difference" in read.text
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.study-marked")).one()
    assert line.public and line.detail["effect_reason"] == "We looked"
    assert "gave the team’s marks to" in browser.get("/team/log").words


def test_two_of_the_team_do_not_overwrite_each_others_marks_unseen(site: Site) -> None:
    study = make_study()
    address = f"/team/case-studies/{study.thread_id}/marks"
    one, two = (site.browser(make_person(role="team")) for _ in range(2))
    one.post(address, MARKED)
    page = two.post(address, {**MARKED, "effect_reason": "Mine", "since": ""}, status=422)
    assert "A colleague has given marks" in page.words and "Mine" in page.text
    since = page.select("//input[@name='since']/@value")[0]
    two.post(address, {**MARKED, "effect_reason": "Mine", "since": since})
    assert "Mine" in site.visitor().get(url_of(study)).text


# Adapt it


def test_a_study_is_adapted_with_its_aims_and_without_its_results(site: Site) -> None:
    old, ben = make_study(title="The first of all"), make_person("Ben Lee")
    browser = site.browser(ben)
    page = browser.get(f"/case-studies/{old.thread_id}/adapt")
    token = page.select("//input[@name='token']/@value")[0]
    begun = browser.post(f"/case-studies/{old.thread_id}/adapt", {"token": token})
    again = browser.post(f"/case-studies/{old.thread_id}/adapt", {"token": token})
    assert begun.location == again.location, "a double click begins one draft"
    assert STUDY["aims"] in browser.get(f"{begun.location}/aims").text
    assert (
        browser.get(f"{begun.location}/components").select("//input[@checked]/@value") == STUDY["components"]
    )
    for step, words in (("happened", STUDY["happened"]), ("marks", "Most of the class"), ("did", "pairs")):
        assert words not in browser.get(f"{begun.location}/{step}").text


def test_words_are_copied_only_where_their_author_lets_others_use_them(site: Site) -> None:
    old = make_study(licence="none")
    browser = site.browser(make_person())
    assert "has not let others use its words" in browser.get(f"/case-studies/{old.thread_id}/adapt").words
    begun = browser.post(f"/case-studies/{old.thread_id}/adapt")
    assert STUDY["aims"] not in browser.get(f"{begun.location}/aims").text


def test_both_pages_name_each_other_at_once(site: Site) -> None:
    old = make_study(title="The first of all")
    visitor = site.visitor()
    visitor.get(url_of(old))
    new = make_study(title="Grown from it", adapted_from=old.thread_id)
    assert url_of(new) in visitor.get(url_of(old)).select("//section[@id='tried']//li/a/@href")
    assert url_of(old) in visitor.get(url_of(new)).select("//p[contains(., 'Adapted from')]/a/@href")
    said = old.answers(old.opening())
    old.revise(old.opening().author, {**said, "title": "Another name for it"}, old.opening().version)
    site.commit()
    assert "Another name for it" in visitor.get(url_of(new)).text
    assert CaseStudy.publish(make_person(), STUDY, adapted_from=10**6).adapted_from is None


# Is it still true?


def ask(site: Site) -> str:
    db.session.rollback()
    said = site.app.test_cli_runner().invoke(args=["case-studies", "ask-renewals"])
    assert said.exit_code == 0, said.output
    return str(said.output)


def test_after_two_years_its_author_is_asked_and_it_is_marked_until_they_confirm(site: Site) -> None:
    ada = make_person("Ada Obi", "ada@example.org")
    study = make_study(ada)
    visitor, author = site.visitor(), site.browser(ada)
    assert ask(site).startswith("0 case studies")
    assert "still true" not in author.get(url_of(study)).text
    with time_machine.travel(now() + timedelta(days=731)):
        before = version_of(study)
        assert ask(site) == "1 case studies are marked, and 1 authors are asked by mail.\n"
        assert ask(site).startswith("0 case studies"), "safe to run again"
        assert version_of(study) > before
        letters = [mail for mail in site.mail() if mail["To"] == "ada@example.org"]
        assert len(letters) == 1 and url_of(study) in letters[0].get_content()
        page = visitor.get(url_of(study))
        assert MARKED_OLD in page.words
        site.browser(make_person()).post(f"/case-studies/{study.thread_id}/confirm", status=403)
        site.browser(ada).post(f"/case-studies/{study.thread_id}/confirm")
        assert MARKED_OLD not in visitor.get(url_of(study)).words
        assert ask(site).startswith("0 case studies")
    with time_machine.travel(now() + timedelta(days=2 * 731 + 1)):
        assert ask(site).startswith("1 case studies")
    with time_machine.travel(now() + timedelta(days=2 * 731 + 367)):
        assert ask(site).startswith("1 case studies"), "once a year while nobody answers"


def test_authors_without_a_confirmed_address_are_not_written_to(site: Site) -> None:
    study = make_study()
    study.opening().author.confirmed_at = None
    site.commit()
    with time_machine.travel(now() + timedelta(days=731)):
        assert ask(site) == "1 case studies are marked, and 0 authors are asked by mail.\n"
        assert MARKED_OLD in site.visitor().get(url_of(study)).words
        assert not site.mail()


def test_hidden_studies_are_not_asked_about(site: Site) -> None:
    study = make_study()
    study.opening().thread.hide(make_person(role="team"), "spam")
    site.commit()
    with time_machine.travel(now() + timedelta(days=731)):
        assert ask(site).startswith("0 case studies")


def test_publishing_changes_confirms_too(site: Site) -> None:
    study = make_study()
    with time_machine.travel(now() + timedelta(days=731)):
        ask(site)
        study.revise(study.opening().author, study.answers(study.opening()), study.opening().version)
        site.commit()
        assert study.renewal_asked_at is None


# How it is kept


def test_each_act_makes_the_page_a_new_one_and_leaves_one_line(site: Site) -> None:
    study, team = make_study(), make_person(role="team")
    ada = study.opening().author
    acts: tuple[Callable[[], Any], ...] = (
        lambda: study.revise(ada, {**STUDY, "did": "Other words"}, study.opening().version),
        lambda: study.confirm(ada),
        lambda: study.mark(team, MARKED),
        study.ask_to_renew,
        lambda: make_trial(study),
    )
    for act in acts:
        version, lines = version_of(study), db.session.scalar(select(func.count(Activity.id))) or 0
        act()
        site.commit()
        assert version_of(study) > version
        assert db.session.scalar(select(func.count(Activity.id))) == lines + 1
    with pytest.raises(Conflict):
        study.revise(ada, STUDY, 0)


def test_the_page_costs_the_same_queries_at_1_and_at_100(site: Site) -> None:
    """To a visitor and to somebody who is signed in."""
    study, browsers = make_study(), (site.visitor(), site.browser(make_person("Ben Lee")))

    def costs(query: str) -> list[int]:
        found = []
        for browser in browsers:
            make_reply(study.opening().thread)  # so that it is made anew for each of them
            with counted() as queries:
                browser.get(url_of(study) + query)
            found.append(len(queries))
        return found

    make_trial(study, outcome="not")
    make_study(adapted_from=study.thread_id)
    other = make_study()
    for browser in browsers:
        browser.get(url_of(study))  # its neighbours are found once and kept
        browser.get(url_of(other))  # what is kept of the person and the texts is read once
    few = costs("?a=1")
    for n in range(99):
        make_trial(study, make_person(f"Person {n}"), outcome=("not", "partly", "same")[n % 3])
    for n in range(15):
        make_study(title=f"Study {n}", adapted_from=study.thread_id)
        make_reply(study.opening().thread)
    assert costs("?a=2") == few
    assert 10 < max(few) <= 14


def test_what_the_page_asks_is_found_by_index(site: Site) -> None:
    """No cost grows with the size of the site."""
    study = make_study()
    make_study(adapted_from=study.thread_id)
    make_trial(study, outcome="not")
    with counted() as queries:
        site.visitor().get(url_of(study))
    asked = [query for query in queries if "case_stud" in query and query.startswith("SELECT")]
    assert len(asked) >= 5
    if db.engine.dialect.name == "sqlite":
        for query in asked:
            plan = db.session.execute(text("EXPLAIN QUERY PLAN " + query.replace("?", "1"))).all()
            assert not [row for row in plan if row[3].startswith("SCAN ") and "case_stud" in row[3]], (
                query,
                plan,
            )


def test_a_page_links_to_every_version(site: Site) -> None:
    study = make_study()
    page: Page = site.visitor().get(f"/case-studies/{study.thread_id}/history")
    assert "has not been changed" in page.words
    site.visitor().get(f"/case-studies/{study.thread_id}/history?from=x&to=99")
    site.visitor().get("/case-studies/99999/history", status=404)
    thread = make_study().thread_id
    site.visitor().get(f"/case-studies/{thread}99/history", status=404)
