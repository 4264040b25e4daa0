"""`python -m tests.bench.watch`: what 10,000 watched terms and the detector cost a post. No database: the list is made
ready once for each version, and shared in the process."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from random import Random
from statistics import median

from forum.core import identifying
from forum.discussion.models.gate import Act
from forum.moderation.models.watched import MOST_PATTERNS
from forum.moderation.models.watching import Terms, Watch

WANTED = 5.0  # ms for a post
POSTS = 400
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    options = _options()
    chance = Random(11)
    began = time.perf_counter()
    watch = Watch(terms(options.terms, chance))
    ready = (time.perf_counter() - began) * 1000
    print(f"{options.terms:,} terms, {MOST_PATTERNS} of them patterns, made ready in {ready:.0f} ms")
    print("| what | post | median ms | worst ms | under 5 |\n|---|---:|---:|---:|---|")
    good = True
    for words in (60, 300, 1_500):
        posts = [text(words, chance) for _ in range(POSTS)]
        for name, look in (("watched terms", watch.find), ("detector", identifying.find)):
            costs = [cost(look, post) for post in posts]
            within = look != watch.find or median(costs) < WANTED
            good = good and within
            size = f"{median(map(len, posts)):,.0f} characters"
            print(
                f"| {name} | {size} | {median(costs):.2f} | {max(costs):.2f} | {said(look == watch.find, within)} |"
            )
    sys.exit(0 if good else 1)


def said(asked: bool, within: bool) -> str:
    """Only the watched terms are held to the limit."""
    return "" if not asked else "yes" if within else "no"


def terms(many: int, chance: Random) -> list[Terms]:
    """Words and phrases, patterns and hosts, invented; a tenth of the words are what posts do say."""
    hosts = many // 50
    patterns = tuple(f"{word(chance)}[ -]?{word(chance)}s?" for _ in range(MOST_PATTERNS))
    said = (
        f"{word(chance)} {word(chance)}" if n % 3 else word(chance)
        for n in range(many - hosts - MOST_PATTERNS)
    )
    return [
        Terms(1, "words", tuple(said), Act.HOLD),
        Terms(2, "pattern", patterns, Act.NUDGE),
        Terms(3, "host", tuple(f"{word(chance)}.example" for _ in range(hosts)), Act.REFUSE),
    ]


def text(words: int, chance: Random) -> str:
    """A post of so many words; some begin with a capital, and there is a link."""
    said = [word(chance) for _ in range(words)]
    for at in range(0, words, 9):
        said[at] = said[at].capitalize()
    return " ".join(said) + f" See https://{word(chance)}.example/page."


def word(chance: Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(3, 11)))


def cost(look: Callable[[str], object], post: str) -> float:
    """Milliseconds of this process, so that other work on the machine does not count."""
    began = time.process_time()
    look(post)
    return (time.process_time() - began) * 1000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terms", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
