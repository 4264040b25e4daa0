"""What the people of the benchmark write: Markdown of about 600 characters, always the same for one seed."""

from __future__ import annotations

from random import Random

WHO = (
    "our year 7 team",
    "the science department",
    "most of my colleagues",
    "a group of governors",
    "our teaching assistants",
    "the pupils in my form",
    "two parents in the reading group",
    "our headteacher",
    "the new literacy lead",
    "a neighbouring school",
    "the Key Stage 2 staff",
    "our special needs coordinator",
    "the sixth form council",
    "supply teachers",
    "the whole cluster",
)
DID = (
    "started with short conversations about",
    "set aside an hour a week for",
    "asked the pupils what they thought of",
    "looked again at",
    "stopped grading and began to talk about",
    "wrote down in one page",
    "shared with the next class",
    "tried for half a term",
    "planned together",
    "compared notes on",
    "visited another school to see",
    "kept a diary of",
)
WHAT = (
    "marking that a pupil can act on",
    "the targets on the classroom wall",
    "mixed groups in mathematics",
    "homework that follows from the lesson",
    "catching up after an absence",
    "the choice of courses at fourteen",
    "reading records",
    "a longer lunch with clubs",
    "peer assessment in art",
    "the timetable on Fridays",
    "talk before writing",
    "parents' evenings led by the pupils",
    "laptops in the library",
    "transition from the primary schools",
    "practical work",
    "the resources that the Department sent",
    "learning logs",
    "questions with more than one answer",
    "breakfast club",
)
HOW = (
    "and it took longer than we had hoped",
    "and nobody wants to go back",
    "although the first month was hard",
    "and we would gladly show others",
    "with no money beyond what we had",
    "because the data told us too little",
    "and the quiet ones spoke first",
    "which surprised all of us",
    "and the results came later",
    "but the rooms are too small",
    "and I would do it again tomorrow",
    "so we wrote a page of advice for new staff",
    "with mixed results so far",
)
TITLES = (
    "How do you begin with",
    "What has worked for",
    "Three terms of",
    "A question about",
    "Help wanted with",
    "Evidence on",
    "What we learned from",
    "Is it worth it:",
    "Small steps towards",
    "Who else has tried",
)


def title(chance: Random, number: int) -> str:
    return f"{_one(chance, TITLES)} {_one(chance, WHAT)} ({number})"


def text(chance: Random) -> str:
    """Two or three paragraphs; in some a list, a quotation, a link."""
    parts = [_paragraph(chance, 3)]
    extra = chance.random()
    if extra < 0.2:
        parts.append("\n".join(f"- {_sentence(chance)}" for _ in range(3)))
    elif extra < 0.3:
        parts.append(f"> {_sentence(chance)}")
    elif extra < 0.4:
        parts.append(
            f"There is more at https://school-{chance.randrange(500)}.example.org/notes/ for those who want it."
        )
    parts.append(_paragraph(chance, 2))
    if chance.random() < 0.3:
        parts.append(_paragraph(chance, 2))
    return "\n\n".join(parts)


def _paragraph(chance: Random, sentences: int) -> str:
    said = [_sentence(chance) for _ in range(sentences)]
    if chance.random() < 0.4:
        words = said[0].split(" ")
        words[2] = f"**{words[2]}**"
        said[0] = " ".join(words)
    return " ".join(said)


def _sentence(chance: Random) -> str:
    said = f"{_one(chance, WHO)} {_one(chance, DID)} {_one(chance, WHAT)} {_one(chance, HOW)}."
    return said[0].upper() + said[1:]


def _one(chance: Random, choices: tuple[str, ...]) -> str:
    return chance.choice(choices)
