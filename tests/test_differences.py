"""What changed between two texts is shown in words, loses nothing and takes a bounded time."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.core.differences import words

SIZE = 100_000


def check(old, new):
    runs = words(old, new)
    assert "".join(text for kind, text in runs if kind != "added") == old
    assert "".join(text for kind, text in runs if kind != "removed") == new
    assert all(text for _, text in runs)
    return runs


def test_the_same_text():
    assert words("", "") == []
    assert words("a b\nc", "a b\nc") == [("same", "a b\nc")]


@pytest.mark.parametrize(
    ("old", "new", "runs"),
    [
        ("", "a b", [("added", "a b")]),
        ("a b", "", [("removed", "a b")]),
        ("a b", "a b c", [("same", "a b"), ("added", " c")]),
        ("b c", "a b c", [("added", "a "), ("same", "b c")]),
        ("a  b", "a b", [("same", "a"), ("removed", "  "), ("added", " "), ("same", "b")]),
        ("one\ntwo", "one\n\ntwo", [("same", "one\n"), ("added", "\n"), ("same", "two")]),
        (
            "The quick brown fox jumps.\n\nEnd",
            "The slow brown fox leaps.\n\nEnd",
            [
                ("same", "The "),
                ("removed", "quick "),
                ("added", "slow "),
                ("same", "brown fox "),
                ("removed", "jumps.\n"),
                ("added", "leaps.\n"),
                ("same", "\nEnd"),
            ],
        ),
    ],
)
def test_what_changed(old, new, runs):
    assert check(old, new) == runs


def test_a_rewritten_sentence_is_not_cut_up_at_a_chance_word():
    old = "We tried setting by ability in the autumn and it was a mixed success."
    new = "Pupils chose their own mentors, which gave the shy ones some voice."
    assert check(old, new) == [("removed", old), ("added", new)]


def test_one_word_changed_in_a_long_text():
    text = " ".join(f"word{number}" for number in range(10_000))
    assert check(text, text.replace("word5000", "other"))[1:3] == [
        ("removed", "word5000 "),
        ("added", "other "),
    ]


pieces = st.lists(st.sampled_from(["a", "b", "c ", " ", "\n", "\r\n", "\t", "\x0b", "d e\n"]), max_size=60)
texts = st.text() | pieces.map("".join)


@settings(max_examples=500, deadline=None)
@given(texts, texts)
def test_nothing_is_lost(old, new):
    check(old, new)


def random_words(seed, vocabulary, between=" "):
    pick = random.Random(seed)
    return between.join(pick.choice(vocabulary) for _ in range(SIZE // (len(vocabulary[0]) + 1)))


MANY = [f"w{number:04}" for number in range(800)]
WORST = {
    "two words": (random_words(1, "ab"), random_words(2, "ab")),
    "two lines": (random_words(1, "ab", "\n"), random_words(2, "ab", "\n")),
    "many words": (random_words(1, MANY), random_words(2, MANY)),
    "nothing shared": ("a " * 50_000, "b " * 50_000),
    "all alike": ("a\n" * 50_000, "a\n" * 25_000 + "b\n" * 25_000),
    "halves swapped": ("a\n" * 25_000 + "b\n" * 25_000, "b\n" * 25_000 + "a\n" * 25_000),
    "out of step": ("a b " * 25_000, "b a " * 25_000),
    "backwards": (" ".join(map(str, range(17_000))), " ".join(map(str, range(17_000, 0, -1)))),
    "every line": (
        "\n".join(f"{number} x" for number in range(13_000)),
        "\n".join(f"{number} y" for number in range(13_000)),
    ),
    "every other word": (
        " ".join(f"v{number} k" for number in range(12_000)),
        " ".join(f"w{number} k" for number in range(12_000)),
    ),
    "white space": (" " * SIZE, "\n" * SIZE),
    "blank lines": ("\n" * SIZE, "\n" * (SIZE // 2)),
    "one long word": ("a" * SIZE, "a" * (SIZE - 1) + "b"),
}


@pytest.mark.parametrize(("old", "new"), WORST.values(), ids=WORST)
def test_worst_pairs_are_compared_in_time(old, new):
    started = time.process_time()
    check(old, new)
    assert time.process_time() - started < 5
