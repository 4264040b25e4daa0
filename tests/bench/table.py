"""The figures as a table in Markdown, and which of the targets are reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from tests.bench.load import Run

SAME = 1.1
MEMORY = 150.0  # MB
MORE = ("p50 ms", "p99 ms", "CPU ms", "bytes")
PAIRS = (
    ("Thread page, first, kept", "Thread page, last, kept"),
    ("Thread page, first, signed in", "Thread page, last, signed in"),
    ("Thread page, first, made again", "Thread page, last, made again"),
)


@dataclass
class Row:
    """One case at both sizes, a run of each in every round."""

    name: str
    wanted: float | None
    statements: tuple[int, int]
    large: list[Run] = field(default_factory=list)
    small: list[Run] = field(default_factory=list)

    def to_hello(self, hellos: list[float]) -> float:
        """The median of the rounds; a round's figure is compared with that round's hello."""
        return median(run.rate / hello for run, hello in zip(self.large, hellos, strict=True))

    @property
    def to_small(self) -> float:
        """How much faster the smaller site is."""
        return median(few.rate / many.rate for few, many in zip(self.small, self.large, strict=True))


@dataclass
class Figures:
    """Everything that was measured; `hellos` has one figure for each round, `memory` is in MB."""

    posts: int
    smaller: int
    rows: list[Row]
    hellos: list[float] = field(default_factory=list)
    hello_runs: list[Run] = field(default_factory=list)
    memory: float = 0.0

    def lines(self) -> Iterable[str]:
        hello = self.hello_runs
        head = ["", "requests/s", "to hello", "wanted", "reached", *MORE, "SQL", "by CPU"]
        first = ["Flask hello", _rate(hello), "1.00", "", "", *_more(hello), "0", "1.00"]
        yield from drawn([head, first, *map(self._large, self.rows)])
        yield ""
        head = ["", f"at {self.smaller:,}", f"at {self.posts:,}", "ratio", "SQL", "SQL"]
        yield from drawn([head, *map(self._both, self.rows)])
        yield ""
        yield from self._rest()

    def _large(self, row: Row) -> list[str]:
        ratio, asked = row.to_hello(self.hellos), ["", ""]
        if row.wanted is not None:
            asked = [f"{row.wanted:.2f}", _mark(ratio >= row.wanted)]
        by_cpu = f"{_cpu(self.hello_runs) / _cpu(row.large):.2f}"
        return [
            row.name,
            _rate(row.large),
            f"{ratio:.2f}",
            *asked,
            *_more(row.large),
            str(row.statements[0]),
            by_cpu,
        ]

    def _both(self, row: Row) -> list[str]:
        large, small = map(str, row.statements)
        return [row.name, _rate(row.small), _rate(row.large), f"{row.to_small:.2f}", small, large]

    def _rest(self) -> Iterable[str]:
        rows = {row.name: row for row in self.rows}
        for first, last in PAIRS:
            pairs = zip(rows[first].large, rows[last].large, strict=True)
            ratio = median(one.rate / other.rate for one, other in pairs)
            yield f"- {first} : last is {ratio:.2f}; at most {SAME}: {_mark(ratio <= SAME)}"
        slower = [row.name for row in self.rows if row.to_small > SAME]
        yield (
            f"- {self.smaller:,} : {self.posts:,} posts is at most {SAME} everywhere: "
            + (_mark(True) if not slower else f"no ({'; '.join(slower)})")
        )
        small = _mark(self.memory < MEMORY)
        yield f"- Memory of the worker after the run: {self.memory:.0f} MB; under {MEMORY:.0f}: {small}"


def drawn(rows: list[list[str]]) -> Iterable[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        first, *others = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "| " + " | ".join([first, *others]) + " |"
        if number == 0:
            yield (
                "|"
                + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths))
                + "|"
            )


def _mark(reached: bool) -> str:
    return "yes" if reached else "no"


def _rate(runs: list[Run]) -> str:
    return f"{median(run.rate for run in runs):,.0f}"


def _cpu(runs: list[Run]) -> float:
    """Milliseconds of the worker's processor time for a request."""
    return median(run.cpu / run.requests for run in runs) * 1000


def _more(runs: list[Run]) -> list[str]:
    p50, p99 = (f"{median(each):.2f}" for each in zip(*((run.p50, run.p99) for run in runs), strict=True))
    return [p50, p99, f"{_cpu(runs):.2f}", f"{median(run.bytes / run.requests for run in runs):,.0f}"]
