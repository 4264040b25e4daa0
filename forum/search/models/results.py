"""What a search answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from forum.discussion.models import Component

MANY = 1_000  # candidates looked at for one answer; what is more is counted as "more than 1,000"

Args = dict[str, str]
Facets = dict[str, dict[str, int] | None]


@dataclass(slots=True)
class Hit:
    """One thread, by the post of it that says best what was asked.

    `post_id` and `number` are None, and `extract` empty, where only the title was found and the opening post is not
    public. `title` and `extract` carry <mark>. `author_url` is None where the post is role-only. `more_in_thread` is
    how many other posts of the thread were found."""

    thread_id: int
    post_id: int | None
    number: int | None
    title: Markup
    plain_title: str
    url: str
    thread_url: str
    extract: Markup
    byline: str
    author_url: str | None
    published_at: datetime
    prompt: str
    prompt_slug: str
    kind: str
    components: list[Component]
    posts_count: int
    supporters_count: int
    is_answered: bool
    more_in_thread: int = 0


@dataclass(slots=True)
class Results:
    """One page of what was found.

    - `next` is an opaque key for `search(query, after=…)`, or None at the end.
    - `total` counts threads; None says that counting was given up: "more than `at_least` posts". Then only the newest
      of them were ranked, and the pages after them go on with those before.
    - `facets` has "prompt", "component", "kind", "position" and "phase": how many of the threads found each value
      would leave, most first; None where `total` is None, since counting would not be cheap.
    - `corrected` is true where nothing has the words as typed and `hits` are those of `did_you_mean`.
    - `loose` is where in `hits` those begin that have only some of the words (they come after the rest, and only
      where the rest is few); None where there are none.
    - `wider` are ways to find more: what each would change, in words, and the parameters of that search."""

    hits: list[Hit] = field(default_factory=list)
    next: str | None = None
    total: int | None = 0
    at_least: int = 0
    facets: Facets = field(default_factory=dict)
    did_you_mean: str | None = None
    corrected: bool = False
    loose: int | None = None
    ignored: tuple[str, ...] = ()
    wider: list[tuple[str, Args]] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Something has all that was asked, as it was asked."""
        return bool(self.hits) and not self.corrected and self.loose != 0
