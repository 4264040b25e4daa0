"""The scorecard: its denominators are honest, and nobody can be found in it."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from forum.accounts.models import PHASES, POSITIONS, User
from forum.core.db import db
from forum.core.dress import LONDON
from forum.resources.models import Answers, Figures, Resource, Review, ReviewCount, Scorecard
from forum.resources.models.counts import ALL, NAMES
from forum.resources.models.scorecard import (
    FEWEST,
    OTHERS,
    Group,
    Share,
    _broken_out,
    _over_time,
    in_short,
    kept_back,
)
from forum.resources.models.words import HELPED
from tests.browser import Site
from tests.factories import make_person, make_review

PAGE = "/resources/governornet"


def by_brute_force(resource: int) -> dict[str, dict[str, Figures]]:
    """The figures of a resource, counted review by review."""
    found: dict[str, dict[str, Figures]] = {}
    for review in db.session.scalars(select(Review).where(Review.resource_id == resource)):
        one = Figures.of_one(review.known, review.helped)
        month = f"{review.answered_at.astimezone(LONDON):%Y-%m}"
        groups = {ALL: "", "position": review.position or "", "phase": review.phase or "", "month": month}
        for by, key in groups.items():
            group = found.setdefault(by, {})
            group[key] = group.get(key, Figures()) + one
    return found


def kept(resource: int) -> dict[str, dict[str, Figures]]:
    """The figures that are kept, without the groups that everyone has left."""
    return {
        by: {key: figures for key, figures in groups.items() if figures != Figures()}
        for by, groups in ReviewCount.figures(resource).items()
    }


# The denominators


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_counting_everything_gives(site: Site, seed: int) -> None:
    """People of all kinds answer, change their answers, and become something else in between."""
    dice = random.Random(seed)
    people = [
        make_person(position=dice.choice([*POSITIONS]), phase=dice.choice([None, *PHASES])) for _ in range(12)
    ]
    resources = db.session.scalars(Resource.in_order().limit(2)).all()
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    for step in range(80):
        by, at = dice.choice(people), at + timedelta(days=dice.randint(0, 9))
        if step % 7 == 0:
            by.position, by.phase = dice.choice([*POSITIONS]), dice.choice([None, *PHASES])
        known = dice.choice(["never", "heard", "used", "used"])
        helped = dice.choice([*HELPED]) if known == "used" else None
        words = {"missing": dice.choice(["", "", "an index", "a map"])}
        Review.give(dice.choice(resources), by, Answers(known=known, helped=helped, **words), at=at)
    site.commit()
    for resource in resources:
        assert kept(resource.id) == by_brute_force(resource.id)
        whole = kept(resource.id)[ALL][""]
        assert whole.answered >= whole.heard >= whole.used
        assert whole.used == sum(count for _, count in whole.how_much)
        for groups in kept(resource.id).values():
            assert sum((group for group in groups.values()), Figures()) == whole


def test_position_and_phase_are_of_the_time_of_the_answer(site: Site) -> None:
    ada = make_person(position="teacher", phase="primary")
    review = make_review(ada)
    ada.describe(name="Ada Obi", position="governor", phase="special", school=None, disclosure="named")
    site.commit()
    assert (review.position, review.phase) == ("teacher", "primary")
    assert kept(review.resource_id) == by_brute_force(review.resource_id)
    make_review(ada, helped="not-much")
    site.commit()
    review = db.session.scalars(select(Review)).one()
    assert (review.position, review.phase) == ("governor", "special")
    assert kept(review.resource_id)["position"].keys() == {"governor"}


def test_a_month_ends_at_midnight_in_london(site: Site) -> None:
    resource = db.session.scalars(Resource.in_order()).first()
    assert resource
    for person, hour in ((make_person(), 22), (make_person(), 23)):
        at = datetime(2026, 6, 30, hour, 30, tzinfo=UTC)
        Review.give(resource, person, Answers(known="never"), at=at)
    site.commit()
    assert kept(resource.id)["month"].keys() == {"2026-06", "2026-07"}


def test_the_page_says_of_how_many(site: Site) -> None:
    answers = ["never"] * 3 + ["heard"] * 3 + ["great-deal"] * 2 + ["somewhat"] * 2 + ["not-much"] * 2
    for number, answer in enumerate(answers):
        known = answer if answer in ("never", "heard") else "used"
        make_review(make_person(position="teacher" if number % 2 else "governor"), known=known, helped=answer)
    page = site.visitor().get(PAGE)
    assert "12 people have answered." in page.words
    bars = [re.sub(r"\s+", " ", row.text_content()).strip() for row in page.select("//ul[@class='bars']/li")]
    assert bars[:7] == [
        "Had heard of it: 75% 9 of 12",
        "Have used it: 50% 6 of 12",
        "Say it helped: 67% 4 of the 6",
        "A great deal: 33% 2 of 6",
        "Somewhat: 33% 2 of 6",
        "Not much: 33% 2 of 6",
        "Not at all: 0% 0 of 6",
    ]
    assert "Of 12 who answered, 75% had heard of it" in page.select("//meta[@name='description']/@content")[0]
    list_page = site.visitor().get("/resources")
    assert "12 people answered" in list_page.words and "67% 4 of the 6" in list_page.words


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_answers_are_not_shown_at_all(site: Site, count: int) -> None:
    for _ in range(count):
        make_review()
    thread = db.session.scalars(select(Resource.thread_id).where(Resource.slug == "governornet")).one()
    for path in (PAGE, "/resources", f"/threads/{thread}-governornet"):
        page = site.visitor().get(path)
        assert "too few to show what they said" in page.words
        assert not page.select("//ul[@class='chart'] | //ul[@class='bars']")


def test_the_table_says_the_same_as_the_chart(site: Site) -> None:
    for number in range(24):
        known = ["never", "heard", "used", "used"][number % 4]
        person = make_person(
            position=["teacher", "governor", "headteacher"][number % 3],
            phase=["primary", "secondary"][number % 2],
        )
        make_review(person, known=known)
    page = site.visitor().get(PAGE)
    sections = page.select("//section[@class='breakdown'][.//table]")
    assert len(sections) >= 2
    for section in sections:
        chart = {}
        for group in section.xpath(".//li[@class='chart__group']"):
            label, answered = group.xpath("./p/*/text()")
            rows = [" ".join(row.text_content().split()) for row in group.xpath(".//li")]
            chart[label] = [answered.split()[0], *(_count_of(row.split(": ")[1]) for row in rows)]
        table = {}
        for row in section.xpath(".//tbody/tr"):
            cells = [" ".join(cell.text_content().split()) for cell in row.xpath("./*")]
            table[cells[0]] = [cells[1], *(_count_of(cell) for cell in cells[2:])]
        assert chart == table and chart


def _count_of(said: str) -> str:
    """“75% 9 of the 12” and “9 of 12 (75%)” are one."""
    found = re.search(r"(\d+) of (?:the )?(\d+)", said)
    percent = re.search(r"(\d+)%", said)
    return f"{found[1]} of {found[2]}, {percent[1]}" if found and percent else said


@given(count=st.integers(0, 1000), more=st.integers(0, 1000))
def test_a_share_is_rounded_half_up(count: int, more: int) -> None:
    of = count + more or 1
    share = Share(min(count, of), of)
    assert abs(share.percent - 100 * share.count / share.of) <= 0.5
    assert 0 <= share.percent <= 100


# Nobody can be found


COUNTS = st.integers(0, 12)


@st.composite
def some_figures(draw: Any) -> Figures:
    answers = [draw(COUNTS) for _ in range(6)]
    never, heard, *helped = answers
    used = sum(helped)
    return Figures(never + heard + used, heard + used, used, *helped)


GROUPS = st.dictionaries(st.sampled_from(["", *POSITIONS]), some_figures(), max_size=8)


@given(sizes=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30)))
def test_what_is_kept_back_cannot_be_worked_out_from_the_total(sizes: dict[str, int]) -> None:
    hidden = kept_back(sizes)
    shown = sizes.keys() - hidden
    assert all(sizes[key] >= FEWEST or sizes[key] == 0 for key in shown)
    if hidden and sum(sizes.values()) >= FEWEST:
        assert len(hidden) >= 2 and sum(sizes[key] for key in hidden) >= FEWEST
        # and no more is hidden than it takes
        small = {key for key in hidden if sizes[key] < FEWEST}
        for one in hidden - small:
            rest = hidden - {one}
            bigger = [key for key in hidden - small if sizes[key] > sizes[one]]
            assert bigger or len(rest) < 2 or sum(sizes[key] for key in rest) < FEWEST


@given(found=GROUPS)
@settings(max_examples=300)
def test_no_row_of_a_breakdown_is_of_too_few(found: dict[str, Figures]) -> None:
    rows = _broken_out(found, POSITIONS)
    whole = sum(found.values(), Figures())
    if not rows:
        return
    assert all(row.answered >= FEWEST for row in rows)
    assert sum(row.answered for row in rows) == whole.answered
    assert sum(row.heard.count for row in rows) == whole.heard
    assert sum(row.used.count for row in rows) == whole.used
    named = {POSITIONS.get(key, "Not given") for key, figures in found.items() if figures.answered}
    together = named - {row.label for row in rows}
    assert len(together) != 1, "one group alone in a row of others is that group"
    assert (OTHERS in {row.label for row in rows}) == bool(together)
    _helped_is_safe(rows, whole)


@given(
    found=st.dictionaries(
        st.builds(lambda year, month: f"{year}-{month:02}", st.integers(2024, 2026), st.integers(1, 12)),
        some_figures(),
        max_size=30,
    )
)
@settings(max_examples=300)
def test_no_period_is_of_too_few_and_none_is_left_out(found: dict[str, Figures]) -> None:
    rows = _over_time(found)
    whole = sum(found.values(), Figures())
    if not rows:
        return
    assert all(row.answered >= FEWEST for row in rows)
    assert sum(row.answered for row in rows) == whole.answered
    assert len(rows) <= 13
    _helped_is_safe(rows, whole)


def _helped_is_safe(rows: tuple[Group, ...], whole: Figures) -> None:
    """How many were helped is not said of a group of too few users, nor can it be worked out from the total."""
    shown = [row for row in rows if row.helped]
    hidden = [row for row in rows if not row.helped and row.used.count]
    assert all(row.helped and row.helped.of == row.used.count >= FEWEST for row in shown)
    if in_short(whole) and in_short(whole).helped and hidden:  # type: ignore[union-attr]
        assert len(hidden) >= 2 and sum(row.used.count for row in hidden) >= FEWEST


@given(found=GROUPS)
@settings(max_examples=200)
def test_no_difference_of_what_is_shown_is_a_small_group(found: dict[str, Figures]) -> None:
    """Whoever takes rows away from the total is left with five people at least, or with nobody."""
    rows = _broken_out(found, POSITIONS)
    total = sum(figures.answered for figures in found.values())
    for size in range(len(rows) + 1):
        for some in combinations(rows, size):
            left = total - sum(row.answered for row in some)
            assert left == 0 or left >= FEWEST or total < FEWEST


def test_the_page_of_few_of_a_kind_shows_none_of_them(site: Site) -> None:
    for position, count in (("teacher", 9), ("governor", 6), ("headteacher", 2), ("support-staff", 2)):
        for _ in range(count):
            make_review(make_person(position=position, phase="primary"))
    page = site.visitor().get(PAGE)
    chart = page.select("//section[@aria-labelledby='by-position']//p[@class='chart__label']")
    assert [" ".join(each.text_content().split()) for each in chart] == [
        "Teacher 9 answered",
        "All others 10 answered",
    ]
    assert "Governor" not in page.select("//section[@aria-labelledby='by-position']")[0].text_content()
    phase = page.select("//section[@aria-labelledby='by-phase']")[0].text_content()
    assert "too few answers to show this" in phase


def test_a_figure_is_made_of_all_its_names() -> None:
    assert set(NAMES) == set(Figures.__dataclass_fields__)
    columns = set(ReviewCount.__table__.c.keys())
    assert columns == {"resource_id", "by", "key", *NAMES}


def test_the_scorecard_of_nothing(site: Site) -> None:
    resource = db.session.scalars(Resource.in_order()).first()
    assert resource
    empty = Scorecard.of(resource.id)
    assert (empty.answered, empty.whole, empty.positions) == (0, None, ())


def test_the_figures_of_a_big_resource_are_a_handful_of_rows(site: Site) -> None:
    """However many review: rows are of groups, not of people."""
    people = [make_person(position=p, phase=f) for p in POSITIONS for f in [*PHASES][:3]]
    for person in people:
        make_review(person)
    counted = Counter(db.session.scalars(select(ReviewCount.by)))
    assert counted == {"all": 1, "position": 7, "phase": 3, "month": 1}
    assert isinstance(people[0], User)
