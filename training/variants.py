"""Rewrites pairs so that questions come in more shapes: keywords, claims, passages under a heading path.

Owns the rules and their shares; a rewritten pair is a new pair. All chance comes from the generator given.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from training.data import Pair, letters

KEYWORD_SHARE = 0.06  # of the questions with a short answer; about 5 % of all
CLAIM_SHARE = 0.1  # of the same; about 8 % of all
WRONG_SHARE = 0.75  # of the claims that would be true and whose answer is of a clear kind
NEAR_SHARE = 0.6  # of the wrong answers come from the same passage, where it has one of their kind
CONTEXT_SHARE = 0.35  # of the passages whose title is known
HEADING_SHARE = 0.5  # of these show a heading below the title
LONGEST_GIST = 10  # words of an answer that still makes a claim

_AUXILIARIES = frozenset(
    "am is are was were be been do does did has have had can could will would shall should may might must".split()
)
_BEING = frozenset("am is are was were".split())
_ASKING = frozenset("who whom whose what which when where why how".split())
_FUNCTION_WORDS = frozenset(
    """
    a an the of in on at to by for from with as and or that this these those it its they their there he she his her
    him them you your i we our many much into about than then so such also not no if but being some any
    """.split()
)
_EMPTY = _AUXILIARIES | _ASKING | _FUNCTION_WORDS
_PREPOSITIONS = frozenset("in on at to by for from with of as during under after before through into about".split())
_PARTICIPLE = re.compile(
    r"\w+ed|born|held|made|built|won|known|written|given|taken|found|seen|sold|sent|led|set|begun|chosen|drawn|shown|"
    r"spoken|spent|lost|paid|left|put|said|told|called|located|brought|bought|caught|taught|thought|hit|shot|broken",
    re.IGNORECASE,
)
_MONTH = re.compile(r"\b(january|february|march|april|may|june|july|august|september|october|november|december)\b")
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred million".split()
)


def content_words(text: str) -> list[str]:
    """List the words that say something, in order and as written."""
    return [word for word in _WORD.findall(text) if word.lower() not in _EMPTY]


def keywords(question: str) -> str:
    """Reduce a question to what someone types into a search box; "" where that is less than two words."""
    kept = [word.removesuffix("'s") for word in content_words(question)]
    return " ".join(kept) if len(kept) > 1 else ""


def kind(answer: str) -> str:
    """Sort an answer coarsely: year, date, number, name or other."""
    if re.fullmatch(r"(?:in )?1\d{3}|20\d{2}", answer.strip()):
        return "year"
    first = letters(answer).split(" ")[0]
    if _MONTH.search(answer.lower()):
        return "date"
    if re.search(r"\d", answer) or first in _NUMBER_WORDS:
        return "number"
    named = [word for word in content_words(answer) if word[0].isupper()]
    return "name" if named and len(named) == len(content_words(answer)) else "other"


def _place(answer: str, asked: str) -> str:
    """Put the preposition that "when" and "where" ask for in front of an answer that has none."""
    first = answer.split()[0].lower()
    if first in _PREPOSITIONS or first in ("between", "around", "because", "since", "near", "when", "where", "until"):
        return answer
    if asked == "when":
        day = kind(answer) == "date" and re.search(r"\b\d{1,2}\b", answer)
        return f"on {answer}" if day else f"in {answer}"
    if asked == "why":
        return f"because of {answer}" if len(answer.split()) < 4 else f"because {answer}"
    return f"in {answer}" if asked == "where" else answer


def _inverted(auxiliary: str, rest: list[str]) -> str:
    """Turn "was / the tower built" into "the tower was built"; the auxiliary goes last where no participle stands."""
    if auxiliary.lower() in ("do", "does", "did"):
        return " ".join(rest)
    for at, word in enumerate(rest):
        if at and _PARTICIPLE.fullmatch(word):
            return " ".join([*rest[:at], auxiliary, *rest[at:]])
    return " ".join([*rest, auxiliary])


def claim(question: str, answer: str) -> str:
    """State a question's answer in its own words, roughly: grammar may limp, the meaning holds."""
    answer = answer.strip(" .,;:")
    words = question.strip().rstrip("?. ").split()
    lowered = [word.lower().strip(",") for word in words]
    at = next((index for index, word in enumerate(lowered) if word in _ASKING), -1)
    if at < 0 or not answer:
        return f"{' '.join(words)} {answer}".strip()
    asked, before, after = lowered[at], words[:at], words[at + 1 :]
    if at > 0 and before[-1].endswith(","):
        return f"{' '.join(before)} {claim(' '.join(words[at:]), answer)}"
    if at > 1 or (at == 1 and lowered[0] not in _PREPOSITIONS):
        return _embedded(before, asked, after, answer)
    preposition = lowered[0] if at == 1 else ""
    helper = next((index for index, word in enumerate(lowered[at + 1 :]) if word in _AUXILIARIES), -1)
    noun, auxiliary, rest = after[: max(helper, 0)], after[max(helper, 0) : helper + 1], after[helper + 1 :]
    if helper < 0 or helper > (0 if asked == "who" else 5):
        return _subject(asked, after, answer) if not preposition else f"{' '.join(after)} {preposition} {answer}"
    if asked == "how" and noun and noun[0].lower() not in ("many", "much"):
        measure = noun[0] if auxiliary[0].lower() in _BEING else ""
        return f"{_inverted(auxiliary[0], rest)} {answer} {measure}".strip()
    if asked == "how" and noun:
        answer = answer if noun[-1].lower() in answer.lower() or not noun[1:] else f"{answer} {' '.join(noun[1:])}"
        return _settled(auxiliary[0], rest, answer, subject=True)
    if preposition:
        return f"{_inverted(auxiliary[0], rest)} {preposition} {answer}"
    if asked in ("when", "where", "why", "how"):
        return f"{_inverted(auxiliary[0], rest)} {_place(answer, asked)}"
    if asked == "whose" and noun:
        answer = f"{answer}'s {' '.join(noun)}"
    elif noun and lowered[at + 1] in ("year", "century", "decade", "month"):
        return f"{_inverted(auxiliary[0], rest)} in {answer}"
    return _settled(auxiliary[0], rest, answer, subject=asked in ("who", "whose") or auxiliary[0].lower() not in _BEING)


def _settled(auxiliary: str, rest: list[str], answer: str, subject: bool) -> str:
    """Place the answer as subject ("X was killed in Y") or after the statement ("the tower was called X")."""
    if not rest:
        return f"{answer} {auxiliary}"
    if auxiliary.lower() in ("do", "does", "did"):
        last = f" {rest[-1]}" if rest[-1].lower() in _PREPOSITIONS else ""
        return f"{' '.join(rest[:-1] if last else rest)}{last} {answer}"
    dangling = rest[-1].lower() in _PREPOSITIONS
    finished = len(rest) > 1 and _PARTICIPLE.fullmatch(rest[-1]) and not _PARTICIPLE.fullmatch(rest[0])
    if dangling or finished:
        return f"{_inverted(auxiliary, rest)} {answer}"
    if subject or _PARTICIPLE.fullmatch(rest[0]):
        return f"{answer} {auxiliary} {' '.join(rest)}"
    return f"{' '.join(rest)} {auxiliary} {answer}"


def _subject(asked: str, after: list[str], answer: str) -> str:
    """Let the answer take the subject's place: "who won the cup" → "X won the cup"."""
    if asked == "how" and after and after[0].lower() not in ("many", "much"):
        return " ".join([*after, answer])
    verb = next((index for index, word in enumerate(after[:4]) if _PARTICIPLE.fullmatch(word)), None)
    if verb is None:
        verb = 1 if asked in ("which", "how") else 0
    return (
        f"{answer} {' '.join(after[verb:])}" if asked not in ("when", "where", "why") else f"{' '.join(after)} {answer}"
    )


def _embedded(before: list[str], asked: str, after: list[str], answer: str) -> str:
    """Fill the gap of "The tower fell in what year": the asked noun goes, the rest stays."""
    named = asked in ("what", "which") and after and after[0].lower() not in _AUXILIARIES
    dropped = 2 if asked == "how" else int(bool(named))
    return " ".join([*before, answer, *after[dropped:]])


@dataclass
class Answers:
    """Answers by kind, in all and by passage: what a wrong claim is made of."""

    of_kind: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    of_passage: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def learn(self, pairs: Iterable[Pair]) -> Answers:
        """Take in the answers of answerable pairs; those of no clear kind make no wrong claims."""
        for item in pairs:
            if item.answerable and item.gist and kind(item.gist) != "other" and len(item.gist.split()) <= 6:
                self.of_kind[kind(item.gist)].append(item.gist)
                self.of_passage[item.passage].append(item.gist)
        return self

    def wrong(self, item: Pair, rng: np.random.Generator) -> str:
        """Draw an answer of the right kind that shares no word with the right one; "" where none is found."""
        sort = kind(item.gist)
        far = self.of_kind.get(sort, []) if sort != "other" else []
        near = [text for text in self.of_passage.get(item.passage, []) if kind(text) == sort]
        pool = near if rng.random() < NEAR_SHARE else far
        taboo = set(letters(f"{item.gist} {item.question}").split())
        for index in rng.integers(0, max(1, len(pool)), 4):
            if pool and not taboo & set(letters(pool[index]).split()):
                return str(pool[index])
        return ""


def heading(passage: str, title: str) -> str:
    """Make a heading of the passage's commonest content word or two, as sections have them."""
    known = set(letters(title).split())
    found = [word.lower() for word in content_words(passage) if len(word) > 3 and word.isalpha()]
    counts = Counter(word for word in found if word not in known)
    best = sorted(counts, key=lambda word: (-counts[word], found.index(word)))[: 1 + len(passage) % 2]
    return " and ".join(best).capitalize()


def with_context(item: Pair, path: tuple[str, ...], rng: np.random.Generator) -> Pair:
    """Show the passage under its title, some with a heading: its own, or one made of its words."""
    parts = [path[0]]
    if rng.random() < HEADING_SHARE:
        parts.append(path[1] if len(path) > 1 else heading(item.passage, path[0]))
    return replace(item, context=" › ".join(part for part in parts if part) + "\n")


def rewritten(item: Pair, question: str) -> Pair:
    """Ask otherwise; an empty question leaves the pair as it is."""
    return replace(item, question=question or item.question)


def as_claim(item: Pair, answers: Answers, rng: np.random.Generator) -> Pair:
    """State the question: truly, or of an answerable one also wrongly, which its passage does not support."""
    if item.answerable and rng.random() < WRONG_SHARE and (wrong := answers.wrong(item, rng)):
        false = item.against(item.passage, f"{item.source}/false")
        return rewritten(false, claim(item.question, wrong))
    return rewritten(item, claim(item.question, item.gist))


def varied(
    items: Iterable[Pair], headings: Mapping[str, tuple[str, ...]], answers: Answers, rng: np.random.Generator
) -> list[Pair]:
    """Rewrite a share of the pairs, in order."""
    made = []
    for item in items:
        draw, shown = rng.random(2)
        if item.gist and len(item.gist.split()) <= LONGEST_GIST:
            if draw < KEYWORD_SHARE:
                item = rewritten(item, keywords(item.question))
            elif draw < KEYWORD_SHARE + CLAIM_SHARE:
                item = as_claim(item, answers, rng)
        if shown < CONTEXT_SHARE and item.passage in headings:
            item = with_context(item, headings[item.passage], rng)
        made.append(item)
    return made
