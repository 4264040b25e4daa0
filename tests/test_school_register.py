"""The register of schools: what its file becomes, the second time too, and what is refused. Its schools here are
invented; the real file is read where it is at hand."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from forum.accounts.models import School, SchoolWord, find_schools
from forum.activity.models import Activity
from forum.core.db import db
from forum.seed.lines import lines_of
from forum.seed.register import NotARegister, Row, rows_of
from forum.seed.schools import Load
from tests.browser import Site

REAL = Path(__file__).parents[2] / "shared" / "data" / "schools.csv"
SHORT = (
    "URN,EstablishmentName,LA_code,LA_name,TypeOfEstablishment,Phase,Town,Postcode,Constituency,LA_source,Status,"
    "OpenDate,CloseDate"
).split(",")
LONG = (
    "URN,LA (code),LA (name),EstablishmentName,TypeOfEstablishment (name),EstablishmentStatus (name),OpenDate,"
    "CloseDate,PhaseOfEducation (name),Town,Postcode,ParliamentaryConstituency (name),SchoolWebsite"
).split(",")
HILLVIEW: dict[str, Any] = {
    "URN": 900001, "EstablishmentName": "Hillview Primary School", "LA_code": 999, "LA_name": "Westshire",
    "TypeOfEstablishment": "Community school", "Phase": "Primary", "Town": "Anytown", "Postcode": "ZZ1 4AB",
    "Constituency": "Anytown North", "LA_source": "official", "Status": "Open", "OpenDate": "", "CloseDate": "",
}  # fmt: skip
OAKS = HILLVIEW | {
    "URN": 900002,
    "EstablishmentName": "The Oaks",
    "TypeOfEstablishment": "Academy special converter",
}
STJUDES = HILLVIEW | {"URN": 900003, "EstablishmentName": "St Jude's C.E. High School", "Phase": "Secondary"}
THREE = (HILLVIEW, OAKS, STJUDES)


def text_of(*rows: dict[str, Any], columns: list[str] = SHORT) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.csv"


def load(site: Site, file: Path, content: str | bytes | None = None, *options: str) -> Result:
    """Run the command on `file`, with that content."""
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    db.session.rollback()
    result = site.app.test_cli_runner().invoke(args=["schools", "load", str(file), *options])
    db.session.rollback()
    db.session.expire_all()
    return result


def school(urn: int) -> School:
    return db.session.scalars(select(School).where(School.urn == urn)).one()


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def everything() -> list[tuple[Any, ...]]:
    """What the register has become, in its words too; not when."""
    columns = [column for column in School.__table__.columns if column.name not in ("id", "loaded_at")]
    words = select(School.urn, SchoolWord.word, SchoolWord.place, SchoolWord.closed)
    return [
        *(tuple(row) for row in db.session.execute(select(*columns).order_by(School.urn))),
        *sorted(
            tuple(row) for row in db.session.execute(words.join(School, School.id == SchoolWord.school_id))
        ),
    ]


# What comes in


def test_a_register_comes_in_whole(site: Site, file: Path) -> None:
    result = load(site, file, text_of(*THREE))
    assert result.exit_code == 0, result.output
    assert "3 schools read: 3 added, 0 changed, 0 as they were." in result.output
    hillview = school(900001)
    assert hillview.name == "Hillview Primary School"
    assert (hillview.local_authority, hillview.type) == ("Westshire", "Community school")
    assert (hillview.town, hillview.postcode, hillview.constituency) == (
        "Anytown",
        "ZZ1 4AB",
        "Anytown North",
    )
    assert [school(900000 + n).phase for n in (1, 2, 3)] == ["primary", "special", "secondary"]
    assert hillview.closed_on is None
    assert hillview.shown == "Hillview Primary School, Anytown"
    line = db.session.scalars(select(Activity)).one()
    assert (line.verb, line.public, line.detail["added"]) == ("schools.loaded", False, 3)


def test_the_registers_own_long_names_mean_the_same(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    short = everything()
    names = {
        "LA_name": "LA (name)",
        "TypeOfEstablishment": "TypeOfEstablishment (name)",
        "Status": "EstablishmentStatus (name)",
        "Phase": "PhaseOfEducation (name)",
        "Constituency": "ParliamentaryConstituency (name)",
    }
    rows = [{names.get(name, name): value for name, value in row.items()} for row in THREE]
    kept = [{name: row[name] for name in LONG if name in row} for row in rows]
    result = load(site, file, text_of(*kept, columns=LONG))
    assert "0 added, 0 changed, 3 as they were" in result.output
    assert everything() == short


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_it_may_be_in_utf_8_or_in_windows_1252(site: Site, file: Path, encoding: str) -> None:
    name = "École Chloë’s – Hillview"
    load(site, file, text_of(HILLVIEW | {"EstablishmentName": name}).encode(encoding))
    assert school(900001).name == name


def test_what_stands_in_quotes_may_have_commas_quotes_and_line_breaks(site: Site, file: Path) -> None:
    name = 'Hillview, "the\nold" school'
    result = load(site, file, text_of(HILLVIEW | {"EstablishmentName": name}, OAKS))
    assert "2 added" in result.output
    assert school(900001).name == 'Hillview, "the old" school'


# Again


def test_a_second_run_changes_nothing(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    before, loaded = everything(), school(900001).loaded_at
    result = load(site, file)
    assert "0 added, 0 changed, 3 as they were" in result.output
    assert everything() == before
    assert school(900001).loaded_at == loaded
    assert count(Activity) == 1


def test_what_has_changed_is_changed_and_found_so(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    id = school(900001).id
    result = load(
        site, file, text_of(HILLVIEW | {"EstablishmentName": "Valley Academy", "Postcode": ""}, OAKS, STJUDES)
    )
    assert "0 added, 1 changed, 2 as they were" in result.output
    assert (school(900001).id, school(900001).postcode) == (id, None)
    assert not find_schools("hillview")
    assert not find_schools("ZZ1 4AB valley")
    assert [each.urn for each in find_schools("valley")] == [900001]


def test_a_school_that_closes_stays_and_says_so(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    closed = HILLVIEW | {"Status": "Closed", "CloseDate": "31-08-2019"}
    with time_machine.travel("2026-11-20 12:00", tick=False):
        load(site, file, text_of(closed, OAKS | {"Status": "Closed"}))
    assert [school(900000 + n).closed_on for n in (1, 2, 3)] == [
        date(2019, 8, 31),
        date(2026, 11, 20),
        date(2026, 11, 20),
    ]
    assert [each.closed for each in find_schools("hillview")] == ["Closed on 31 August 2019"]
    before = everything()
    load(site, file)
    assert everything() == before, "the day on which a school was first seen to be closed stays"
    load(site, file, text_of(*THREE))
    assert [school(900000 + n).closed_on for n in (1, 2, 3)] == [None] * 3
    assert count(School) == 3


def test_a_part_of_the_register_closes_nothing(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    load(site, file, text_of(HILLVIEW), "--part")
    assert [school(900000 + n).closed_on for n in (1, 2, 3)] == [None] * 3


def test_a_row_that_cannot_be_read_closes_nothing(site: Site, file: Path) -> None:
    load(site, file, text_of(*THREE))
    load(site, file, text_of(HILLVIEW, OAKS | {"EstablishmentName": ""}, STJUDES | {"Status": "Perhaps"}))
    assert [school(900000 + n).closed_on for n in (1, 2, 3)] == [None] * 3


def many(n: int) -> list[dict[str, Any]]:
    return [HILLVIEW | {"URN": 910000 + i, "EstablishmentName": f"School {i}"} for i in range(n)]


def test_half_a_file_closes_no_half_of_the_country(site: Site, file: Path) -> None:
    load(site, file, text_of(*many(60)))
    before = everything()
    result = load(site, file, text_of(*many(39)))
    assert result.exit_code == 1
    assert "21 of 60 open schools are not in this file" in result.output
    assert "Nothing was changed" in result.output
    assert everything() == before
    result = load(site, file, None, "--many-closed")
    assert "21 schools that are no longer in the register are marked as closed" in result.output


def test_a_run_that_was_stopped_half_way_is_completed(site: Site, file: Path) -> None:
    rows = many(1200)
    file.write_bytes(text_of(*rows).encode())
    run = Load(lambda number, why: None)
    with file.open("rb") as lines:
        list(run.look(lines_of(lines)))
        lines.seek(0)
        assert count(School) == 0, "looking changes nothing"
        for done, _ in enumerate(run.take(lines_of(lines)), 1):
            if done == 2:
                break
    db.session.rollback()
    assert count(School) == 1000, "each batch is committed"
    assert find_schools("999")
    result = load(site, file)
    assert "200 added, 0 changed, 1,000 as they were" in result.output
    stopped = everything()
    for table in (SchoolWord, School):
        db.session.execute(table.__table__.delete())
    db.session.commit()
    load(site, file)
    assert everything() == stopped


def test_each_load_is_later_than_the_one_before(site: Site, file: Path) -> None:
    """Pages rest on it: also where the clock is set back."""
    load(site, file, text_of(*THREE))
    before = school(900001).loaded_at
    with time_machine.travel("2020-01-01"):
        load(site, file, text_of(HILLVIEW | {"Town": "Elsewhere"}, OAKS, STJUDES))
    assert school(900001).loaded_at > before


def test_two_loads_at_once_make_each_school_once(site: Site, file: Path) -> None:
    content = text_of(*many(1500)).encode()
    start = Barrier(2)

    def run() -> str:
        with site.app.app_context():
            load = Load(lambda number, why: None)
            start.wait()
            try:
                for what in (load.look, load.take):
                    list(what(lines_of(io.BytesIO(content))))
            except IntegrityError:  # the command says: another load is running, run this again
                return "again"
            finally:
                db.session.remove()
            return "done"

    db.session.rollback()
    with ThreadPoolExecutor(2) as pool:
        assert "done" in [each.result() for each in [pool.submit(run) for _ in range(2)]]
    result = load(site, file, content)
    assert "0 added, 0 changed, 1,500 as they were" in result.output
    assert len(everything()) == len(set(everything()))
    assert count(School) == 1500


# Bad rows


BAD = {
    "no number": ({"URN": "none"}, "the URN is not a number of up to seven digits: 'none'"),
    "a number too large": ({"URN": "99999999999"}, "the URN is not a number"),
    "no name": ({"EstablishmentName": " ? "}, "no name"),
    "a long name": ({"EstablishmentName": "x" * 201}, "name is longer than 200 characters"),
    "a long town": ({"Town": "x" * 101}, "town is longer than 100 characters"),
    "a status of its own": ({"Status": "Perhaps"}, "status not understood: 'perhaps'"),
    "no such day": (
        {"Status": "Closed", "CloseDate": "31-02-2019"},
        "close date not understood: '31-02-2019'",
    ),
    "a number again": ({"URN": 900002}, "URN 900002 again"),
    "a huge field": ({"Town": "x" * 200_000}, "longer than 100,000 bytes"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_row_is_reported_and_the_others_come_in(site: Site, file: Path, bad: str) -> None:
    changed, why = BAD[bad]
    result = load(site, file, text_of(OAKS, HILLVIEW | changed, STJUDES))
    assert result.exit_code == 0, result.output
    assert f"Line 3: {why}" in result.output
    assert "Left out: 1: " in result.output
    assert set(db.session.scalars(select(School.urn))) == {900002, 900003}


def test_lines_that_are_no_csv_cost_themselves_alone(site: Site, file: Path) -> None:
    lines = text_of(*THREE, *many(30)).splitlines()
    lines[1] = '900001,"Hillview, never closed,999'
    lines[2] = '900002,"The" Oaks,999'
    lines[3] = lines[3] + ",one more"
    raw = "\n".join(lines).encode().replace(b"School 7", b"School \x81\xff")
    result = load(site, file, raw)
    assert "Line 2: a quotation mark that is not closed" in result.output
    assert "Line 3: not CSV" in result.output
    assert "Line 4: 14 fields where the first line has 13" in result.output
    assert "neither UTF-8 nor Windows-1252" in result.output
    assert "29 added" in result.output


NONSENSE = {
    "empty": (b"", "The file is empty"),
    "a line alone": (text_of().encode(), "There is no school in the file"),
    "words": (b"Dear all,\nplease find attached\n", "no column URN and no column EstablishmentName"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "This is not the register of schools"),
    "utf-16": (text_of(*THREE).encode("utf-16"), "This is not the register of schools"),
    "another table": (b"URN,Pupils\n900001,12\n", "no column EstablishmentName"),
    "mostly bad": (text_of(HILLVIEW, *[{"URN": "x"}] * 3).encode(), "Only 1 of 4 rows could be read"),
    "a long line": (b"x" * 3_000_000, "its first line is longer than 100,000 bytes"),
    "an open quote": (b'"URN,EstablishmentName\n' + b"1,2\n" * 50, "a quotation mark that is not closed"),
    "NULs": (b"\0" * 10_000, "This is not the register of schools"),
}


@pytest.mark.parametrize("which", NONSENSE)
def test_nonsense_is_refused_and_nothing_is_changed(site: Site, file: Path, which: str) -> None:
    load(site, file, text_of(*THREE))
    before = everything()
    content, why = NONSENSE[which]
    result = load(site, file, content, "--many-closed")
    assert result.exit_code == 1
    assert why in result.output
    assert "Nothing was changed" in result.output
    assert "Traceback" not in result.output
    assert everything() == before


def test_a_file_that_is_not_there_is_said(site: Site, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        result = load(site, path)
        assert result.exit_code == 1
        assert "cannot be read" in result.output


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_any_bytes_are_rows_bad_rows_or_no_register(lines: list[bytes]) -> None:
    header = b"URN,EstablishmentName,Status\n"
    found = list(rows_of(lines_of(io.BytesIO(header + b"\n".join(lines)))))
    for row in (each for _, each in found if isinstance(each, Row)):
        assert 0 < row.urn < 10_000_000
        assert row.fields["name"]
    try:
        list(rows_of(lines_of(io.BytesIO(b"\n".join(lines)))))
    except NotARegister as error:
        assert str(error).isprintable()


# The real thing


@pytest.fixture
def real() -> Iterator[Path]:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here")
    yield REAL


def test_the_real_register_comes_in_within_a_minute(site: Site, real: Path) -> None:
    began = time.process_time()  # our own work, whatever else the machine does
    result = load(site, real)
    assert result.exit_code == 0, result.output
    assert time.process_time() - began < 60
    with real.open(encoding="utf-8") as lines:
        urns = {int(row["URN"]) for row in csv.DictReader(lines)}
    assert set(db.session.scalars(select(School.urn))) == urns
    aldgate = school(100000)
    assert (aldgate.shown, aldgate.phase) == ("The Aldgate School, London", "primary")
    assert find_schools("st mary leeds")
    again = load(site, real)
    assert f"0 added, 0 changed, {len(urns):,} as they were" in again.output
