"""Numbered pages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forum.core.paging import Pages, asked_page, page_of, pages_of


@given(st.integers(0, 10**7), st.integers(1, 100))
def test_every_thing_is_on_exactly_one_of_the_pages(count: int, per_page: int) -> None:
    last = pages_of(count, per_page)
    assert last >= 1
    assert (last - 1) * per_page < max(count, 1) <= last * per_page
    for number in {1, max(1, count // 2), max(1, count)}:
        page = page_of(number, per_page)
        assert (page - 1) * per_page < number <= page * per_page
        assert count == 0 or page <= last


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_window_shows_first_last_and_neighbours_in_order(number: int, last: int) -> None:
    number = min(number, last)
    window = Pages(number, last, str).window
    shown = [n for n in window if n is not None]
    assert shown == sorted(set(shown))
    assert {1, last, number} <= set(shown)
    for before, after in zip(window, window[1:], strict=False):
        assert not (before is None and after is None)
    for left, gap, right in zip(window, window[1:], window[2:], strict=False):
        if gap is None and left is not None and right is not None:
            assert right - left > 2, "a gap of one is the page itself"


@given(st.text())
def test_any_text_asks_for_a_page_or_for_none(text: str) -> None:
    page = asked_page(text)
    assert page is None or page >= 1


def test_pages_asked_for() -> None:
    assert [asked_page(text) for text in (None, "", "1", "07", "0", "-1", "٣", "1e3", "9" * 10)] == [
        1,
        1,
        1,
        7,
        None,
        None,
        None,
        None,
        None,
    ]
