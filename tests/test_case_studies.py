"""Case studies: what is kept, who may do what, and that no word is lost."""

from __future__ import annotations

from sqlalchemy import select

from forum.case_studies.models import CaseStudy, Trial
from forum.core.db import db
from forum.discussion.models import Thread
from tests.browser import Site
from tests.factories import make_person, make_study, make_trial, post_of


def test_a_study_is_a_thread_whose_post_says_all_of_it(site: Site) -> None:
    study = make_study(title="Marking less")
    page = site.visitor().get(f"/threads/{study.thread_id}-marking-less")
    assert "Pupils could not say what to do next." in page.text
    assert study.listed


def test_a_study_is_listed_while_its_thread_and_its_opening_post_are_shown(site: Site) -> None:
    team, study = make_person(role="team"), make_study()
    for hide, restore in (
        (lambda: study.opening().thread.hide(team, "spam"), lambda: study.opening().thread.restore(team)),
        (lambda: study.opening().hide(team, "spam"), lambda: study.opening().restore(team)),
    ):
        hide()
        site.commit()
        assert not study.listed
        restore()
        site.commit()
        assert study.listed


def test_trials_count_while_their_posts_are_shown(site: Site) -> None:
    team, study = make_person(role="team"), make_study()
    ben = make_person("Ben Lee")
    trial = make_trial(study, ben, outcome="partly")
    assert (study.tried_count, study.tried_partly, study.tried_same) == (1, 1, 0)
    post_of(study.opening().thread, 2).withdraw(ben)
    site.commit()
    assert (study.tried_count, study.tried_partly) == (0, 0)
    post_of(study.opening().thread, 2).bring_back(ben)
    site.commit()
    assert study.tried_count == 1
    post_of(study.opening().thread, 2).hide(team, "spam")
    site.commit()
    assert study.tried_count == 0
    assert db.session.scalars(select(Trial)).one() == trial


def test_kin_are_shown_anew_when_one_of_them_goes(site: Site) -> None:
    team, old = make_person(role="team"), make_study()
    new = make_study(adapted_from=old.thread_id)
    assert new.adapted_from == old.thread_id
    before = db.session.get_one(Thread, new.thread_id).version
    old.opening().thread.hide(team, "spam")
    site.commit()
    assert db.session.get_one(Thread, new.thread_id).version > before
    assert db.session.get_one(CaseStudy, new.thread_id).listed
