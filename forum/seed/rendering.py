"""Many plain texts as a post keeps them: nine tenths of the work of an import, shared out between processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from markupsafe import Markup

from forum.core.markup import render
from forum.seed.plain_text import from_plain_text

Shown = tuple[str, Markup]


def shown(text: str) -> Shown:
    """A plain text as a post keeps it: its Markdown and its HTML."""
    source = from_plain_text(text)
    return source, render(source)


@contextmanager
def on_every_core() -> Iterator[Callable[[list[str]], Iterable[Shown]]]:
    """`shown` of many texts, begun when it is called, on every core."""
    with ProcessPoolExecutor(
        mp_context=multiprocessing.get_context("spawn"), initializer=_leave_with_the_parent
    ) as pool:
        yield lambda texts: pool.map(shown, texts, chunksize=20)


def _leave_with_the_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
