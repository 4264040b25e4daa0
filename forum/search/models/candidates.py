"""What is looked at for one page of results: a batch of the newest posts that were found, by thread, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from forum.accounts.models import PHASES, POSITIONS
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import KINDS
from forum.search.models.hits import Wanted
from forum.search.models.home import home
from forum.search.models.index import OPENS, SUPPORTED, Narrow, PostRow, Title, tag
from forum.search.models.keys import Key, Order
from forum.search.models.query import Query
from forum.search.models.ranking import READ, Ranking, own, posts_worth
from forum.search.models.results import MANY, Facets
from forum.search.models.words import title_key

OTHERS, TITLED = 250, 500  # found besides the newest, where there are too many of these
VARIETY = 100  # threads
MOST_READ = 200  # posts of which the words are weighed


@dataclass(slots=True)
class Candidate:
    """A thread, with the posts of it that were found, newest first."""

    id: int
    posts: list[PostRow] = field(default_factory=list)
    tags: str = ""
    exact: bool = False
    worth: float = 0.0
    best: int | None = None
    order: Order = ()

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.id, self.best, max(0, len(self.posts) - 1))

    @property
    def all_tags(self) -> set[str]:
        """What it can be narrowed to: by any of its posts that were found, or by its title."""
        return {each for post in self.posts for each in post.tags.split()} | set(self.tags.split())


@dataclass
class Batch:
    """The candidates of the batch that `key` says. `floor` is where the next batch begins, None where this is the last;
    `newest` is how many of the newest posts are in it."""

    query: Query
    key: Key
    floor: int | None = None
    newest: int = 0
    threads: dict[int, Candidate] = field(default_factory=dict)

    @classmethod
    def gather(cls, query: Query, key: Key) -> Batch:
        """Find, group by thread, and put in order."""
        batch = cls(query, key)
        narrow = Narrow.of(query)
        if query.title:
            batch._titles(narrow)
        else:
            batch._posts(narrow)
        batch._order()
        return batch

    @property
    def is_whole(self) -> bool:
        """These are all that there are."""
        return self.key.is_in_first_batch and self.floor is None

    def left(self) -> list[Candidate]:
        """The candidates that have not been shown yet, in order."""
        last = self.key.last
        ordered = sorted(self.threads.values(), key=lambda thread: thread.order)
        return [thread for thread in ordered if last is None or thread.order > last]

    def facets(self) -> Facets:
        """How many threads each value would leave."""
        known = catalogue()
        names = {
            "prompt": {f"p{prompt.id}": prompt.slug for prompt in known.prompts},
            "component": {f"c{component.id}": component.slug for component in known.components},
            "kind": {tag("k", kind): str(kind) for kind in KINDS},
            "position": {tag("s", position): position for position in POSITIONS},
            "phase": {tag("f", phase): phase for phase in PHASES},
        }
        if not self.is_whole:
            return dict.fromkeys(names)
        counts = Counter(each for thread in self.threads.values() for each in thread.all_tags)
        return {
            facet: {slugs[each]: count for each, count in counts.most_common() if each in slugs}
            for facet, slugs in names.items()
        }

    # Finding

    def _titles(self, narrow: Narrow) -> None:
        for row in home().threads(self.query.words, narrow, self.key.thread, MANY):
            self._thread(row.id).tags = row.tags
        self._exact(narrow)

    def _posts(self, narrow: Narrow) -> None:
        """The newest posts, and whatever has the words in its title. Where there are more posts, and these are of few
        threads, the newest opening posts too: else a long thread would be all that is found of a common word."""
        index, words = home(), self.query.words
        found = index.posts(words, narrow, self.key.below, MANY)
        self.floor, self.newest = found.floor, len(found.posts)
        self._add(found.posts)
        if self.query.order == "newest":
            return
        titled = index.threads(words, narrow, self.key.thread, TITLED) if words.groups else []
        if not self.key.is_in_first_batch:
            for row in titled:  # they stood in the first batch
                self.threads.pop(row.id, None)
            return
        for row in titled:
            self._thread(row.id).tags = row.tags
        self._exact(narrow)
        supported = self.query.order == "supported"
        if self.floor is not None and (supported or len(self.threads) < VARIETY):
            extra = SUPPORTED if supported else OPENS
            self._add(index.posts(words, narrow.tagged(extra), self.floor, OTHERS).posts)

    def _exact(self, narrow: Narrow) -> None:
        """Threads that have just this title, however old."""
        key = title_key(self.query.text)
        if not key or self.query.words.without:
            return
        for row in home().titled(key, narrow, self.key.thread, MANY // 10):
            thread = self._thread(row.id)
            thread.tags, thread.exact = row.tags, True

    def _add(self, posts: Iterable[PostRow]) -> None:
        for post in posts:
            self._thread(post.thread_id).posts.append(post)

    def _thread(self, id: int) -> Candidate:
        thread = self.threads.get(id)
        if thread is None:
            thread = self.threads[id] = Candidate(id)
        return thread

    # Ordering

    def _order(self) -> None:
        threads = self.threads.values()
        for thread in threads:
            thread.best = thread.posts[0].place if thread.posts else None
        if self.query.order == "newest":
            for thread in threads:
                thread.order = (-(thread.best or thread.id),)
            return
        titles = {row.id: row for row in home().titles(list(self.threads))}
        if self.query.words.groups:
            weigh(self._ranking(), self.threads, titles)
        for thread in threads:
            newest = thread.posts[0].place if thread.posts else 0
            thread.order = (-thread.exact, -round(thread.worth, 3), -newest, -thread.id)
            if self.query.order == "supported" and thread.id in titles:
                thread.order = (-titles[thread.id].supporters, *thread.order[1:])

    def _ranking(self) -> Ranking:
        groups = self.query.words.groups
        if len(groups) == 1:  # whatever it weighs, nothing else does
            return Ranking.of(groups, 0, [0])
        return Ranking.of(groups, *home().counts(groups, self.key.first))


def weigh(
    ranking: Ranking, threads: dict[int, Candidate], titles: dict[int, Title], share: float = 0.0
) -> None:
    """Set the worth of `threads`, and the best post of each. Those that say less than `share` are worth nothing. Where
    there are many posts, those under a telling title are read, and the newest."""
    posts = []
    for thread in threads.values():
        thread.worth = ranking.title(titles[thread.id].title) if thread.id in titles else 0.0
        posts += [(-thread.worth, -post.place, post) for post in thread.posts]
    read = [post for _, _, post in (sorted(posts) if len(posts) > MOST_READ else posts)[:MOST_READ]]
    texts = home().texts([post.place for post in read], READ)
    worths: dict[int, list[tuple[float, int]]] = {}
    for post in read:
        if post.place in texts:
            worth = ranking.post(texts[post.place], opens=post.number == 1)
            worths.setdefault(post.thread_id, []).append((worth, post.place))
    for id, those in worths.items():
        thread = threads[id]
        thread.worth += posts_worth([worth for worth, _ in those])
        thread.best = max(those)[1]
        if share:
            title = titles[id].title if id in titles else ""
            _spread(ranking, thread, {post: f"{title}\n{own(texts[post])}" for _, post in those}, share)


def _spread(ranking: Ranking, thread: Candidate, texts: dict[int, str], share: float) -> None:
    """A thread is worth more where its posts together say more than the best of them."""
    said = {id: ranking.said(text) for id, text in texts.items()}
    best = said.get(thread.best or 0, frozenset())
    thread.worth += ranking.spread(best, said.values())
    if ranking.share(best) < share:
        thread.worth = 0.0
