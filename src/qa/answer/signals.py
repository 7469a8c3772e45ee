"""What speaks for and against a sentence as the answer to a question: numbers, each with its meaning. Pure.

Owns the signals that a question, a sentence and what stands around it give; those of readers and of rivals are
`candidates.py`'s. A signal that doesn't apply is NaN: no reader, no name in the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qa.answer.question import Asked, Question, analyse, fits
from qa.answer.tables import Row

Floats = NDArray[np.float32]

_NAN = math.nan
_FLOOR = 0.3  # weight of a word that stands in every text
_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪·–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S")
_WORD = re.compile(r"\w+")
_LINK_TARGET = re.compile(r"(?<=\])\([^)\s]*\)|https?://\S+")
_MARKUP = re.compile(r"[{}<>\[\]=|\\_/#*;]")
_DEGREE = re.compile(
    r"\bhow (tall|high|deep|wide|heavy|far|large|big|fast|hot|cold|thick|old|loud|strong|long|often|soon|much)\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"""\s*(?:[{}\[\]]\s*\W*$|["'][\w-]+["']\s*:|</?\w[^>]*>|\.\.\ [\w-]+::|\$\s|>>>\s|\#include|@\w+\s*$
    |(?:import|from|def|class|const|let|var|function|return|public|private|static)\b.*[;:({=])""",
    re.VERBOSE,
)
_LINKS = re.compile(r"(?:\s*(?:[-*+]\s+)?!?\[(?:!\[[^\]]*\]\([^)]*\)|[^\]])*\]\([^)]*\)\W*)+")
_ASKS_FOR_CODE = re.compile(
    r"\b(?:code|commands?|json|options?|flags?|settings?|examples?|syntax|functions?|methods?|class|parameters?|fields?|"
    r"config\w*|install|run|imports?|tags?|attributes?|elements?|variables?|call|snippet|script|links?|url)\b",
    re.IGNORECASE,
)
_ASKS_FOR_PERSON = re.compile(
    r"\bwho(?:'s| is| was)\s+(?:the|our|your)\b"
    r"|\bnames? of (?:the|our|your) (?:\S+ ){0,4}?\w*(?:or|er|ent|man|woman|ant|ian|ist)\b",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(
    r"\b([A-ZÀ-ÖØ-Þ][a-zß-ÿ’'-]+)\s(?:[A-ZÀ-Þ]\.\s|de\s|von\s|van\s|da\s){0,2}(?=([A-ZÀ-ÖØ-Þ][a-zß-ÿ’'-]+))"
)
# words that a question is built of: that they stand nowhere says little
_PLAIN = """able actually allowed already also always any anybody anyone anything best big call come ever exactly find
    get give go good happen help just keep kind know let like long look make maybe mean might more most must may need
    never new often old only own people please possible put really right say see show somebody someone something sort
    still take talk tell thing type use used want way work"""
_PLAIN_WEIGHT = 0.4
# "§ 13 (2)" may be a heading "§ 13 Fires" and a paragraph "(2) …"
_GAP = {re.escape("("): r"(?:\s?|\b.{0,80}?\s)"}
_COPULA = re.compile(r"\W{0,3}(?:(?:is|are|was|were|means|refers)\b|[:–—(,])", re.IGNORECASE)


class Vocabulary(Protocol):
    """The words of a collection: how texts become terms, and what each term is worth."""

    def terms(self, text: str) -> AbstractSet[str]:
        """Return the terms of a text, stop words left out."""

    def weigh(self, question: str) -> dict[str, tuple[float, bool]]:
        """Return, for each term of a question, its inverse document frequency and whether it stands in any text."""

    @property
    def highest(self) -> float:
        """The inverse document frequency of a term that stands nowhere."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one candidate; the order of the fields is that of the model's columns.

    Shares are of the question's terms, rare ones counting more, 0 to 1. `…_here`: in the sentence with its row's
    header and its heading path; `…_around`: anywhere in its passage. Names, years, numbers and labels are those of
    the question; `fit` is 1 where words are of the kind asked for, -1 where they can't be.
    """

    # the reader: logits of the best span over "no answer", in the chunk and with the sentence by itself
    margin: float
    margin_behind: float  # the best margin of another candidate less this one's
    chunk_logit: float
    best_logit: float
    alone_margin: float
    alone_logit: float
    alone_agrees: float
    echoes: float  # other passages in which the reader finds the same words
    # meaning
    similarity: float
    similarity_behind: float
    chunk_similarity: float
    passage: float  # its number, from 1
    score: float
    score_behind: float
    # words
    terms: float
    unknown: float
    sentence_share: float
    here_share: float
    before_share: float  # with the sentence before
    around_share: float
    share_behind: float
    row_behind: float  # what the best row of the table holds of the question by itself, less what this one does
    rarest_here: float
    rarest_around: float
    heaviest_missing: float
    names_here: float
    names_around: float
    years_here: float
    years_around: float
    numbers_here: float
    labels_here: float
    labels_around: float
    # the kind asked for
    span_fit: float
    sentence_fit: float
    wants_who: float
    wants_when: float
    wants_where: float
    wants_amount: float
    wants_reason: float
    wants_definition: float
    wants_contact: float
    wants_yes_no: float
    wants_thing: float
    typed_as_question: float
    subject_here: float
    subject_first: float
    subject_defined: float
    # the span and the form of the sentence
    span_words: float
    span_repeats: float
    span_covers: float
    adds: float
    words: float
    row: float
    pair: float  # a line "label: value"
    label_share: float  # of the label of a pair or row, what the question holds
    item: float
    ends_as_question: float
    leads_in: float
    heading: float
    markup: float
    code: float  # code or a bare link, where neither was asked for
    names_nobody: float  # where the holder of an office was asked for
    header: float  # of a table


NAMES = tuple(field.name for field in fields(Signals))


class WeighedQuestion:
    """A question with its terms weighed once: from .3, a word that stands everywhere, to 1, one that stands nowhere.

    Weights are a share of the highest there can be, so that they mean the same in a collection of ten texts and of a
    million.
    """

    def __init__(self, question: str, vocabulary: Vocabulary) -> None:
        self.question: Question = analyse(question)
        self.vocabulary = vocabulary
        self._shares: dict[str, float] = {}
        weighed = vocabulary.weigh(question)
        # "how big", "how long": the text gives a size without the word
        asking = {term for match in _DEGREE.finditer(question) for term in vocabulary.terms(match[1])}
        weighed = {term: one for term, one in weighed.items() if term not in asking} or weighed
        highest = max(vocabulary.highest, 1e-9)
        plain = vocabulary.terms(_PLAIN)
        self.weights = {
            term: min(_FLOOR + (1 - _FLOOR) * weight / highest, _PLAIN_WEIGHT if term in plain else 1.0)
            for term, (weight, _) in weighed.items()
        }
        self.total = sum(self.weights.values())
        self.unknown = self.share(term for term, (_, known) in weighed.items() if not known)
        known = {term: weight for term, (weight, here) in weighed.items() if here}
        self.rarest = max(known, key=lambda term: (known[term], term), default="")
        self.wants_code = bool(_ASKS_FOR_CODE.search(question))
        self.wants_person = bool(_ASKS_FOR_PERSON.search(question))
        self.names = [vocabulary.terms(name) for name in self.question.names]
        self.years, self.numbers, self.labels = (
            [_pattern(one) for one in found]
            for found in (self.question.years, self.question.numbers, self.question.labels)
        )
        self.subject = vocabulary.terms(self.question.subject) if self.question.subject else frozenset()

    def share(self, terms: Iterable[str]) -> float:
        """Return what share of the question these terms are."""
        held = sum(self.weights[term] for term in self.weights.keys() & set(terms))
        return held / self.total if self.total else 0.0

    def share_of_text(self, text: str) -> float:
        """Return what share of the question stands in a text; texts come again and again, as columns do."""
        if text not in self._shares:
            self._shares[text] = self.share(self.vocabulary.terms(text))
        return self._shares[text]


def word_signals(
    asked: WeighedQuestion,
    sentence: AbstractSet[str],
    here: AbstractSet[str],
    before: AbstractSet[str],
    around: AbstractSet[str],
) -> dict[str, float]:
    """Return which of the question's terms stand in a sentence, and with what belongs to it."""
    missing = [weight for term, weight in asked.weights.items() if term not in here]
    return {
        "terms": float(len(asked.weights)),
        "unknown": asked.unknown,
        "sentence_share": asked.share(sentence),
        "here_share": asked.share(here),
        "before_share": asked.share(before),
        "around_share": asked.share(around),
        "share_behind": _NAN,
        "row_behind": 0.0,
        "rarest_here": float(asked.rarest in here) if asked.rarest else _NAN,
        "rarest_around": float(asked.rarest in around) if asked.rarest else _NAN,
        "heaviest_missing": max(missing, default=0.0),
    }


@dataclass(frozen=True, slots=True)
class Entities:
    """Which share of the question's names, years, numbers and labels stands in a text; NaN where it has none."""

    names: float
    years: float
    numbers: float
    labels: float

    @classmethod
    def of(cls, asked: WeighedQuestion, text: str, terms: AbstractSet[str]) -> Entities:
        """Look in a text, whose terms are known."""
        question = asked.question
        numbered = bool(question.years or question.numbers or question.labels)
        squeezed = _squeezed(text) if numbered else ""

        def share(patterns: Sequence[re.Pattern[str]]) -> float:
            return sum(bool(one.search(squeezed)) for one in patterns) / len(patterns) if patterns else _NAN

        named = sum(name <= terms for name in asked.names) / len(asked.names) if asked.names else _NAN
        return cls(named, share(asked.years), share(asked.numbers), share(asked.labels))


def entity_signals(here: Entities, around: Entities) -> dict[str, float]:
    """Return which names, years, numbers and labels of the question stand with a sentence and around it."""
    return {
        "names_here": here.names,
        "names_around": around.names,
        "years_here": here.years,
        "years_around": around.years,
        "numbers_here": here.numbers,
        "labels_here": here.labels,
        "labels_around": around.labels,
    }


def kind_signals(question: Question, words: str, sentence: str) -> dict[str, float]:
    """Return what kind of answer is asked for, and whether a sentence and the words in it are of that kind."""
    asked = question.asked
    return {
        "span_fit": fits(asked, words) if words else _NAN,
        "sentence_fit": fits(asked, _LINK_TARGET.sub("", sentence)),
        "wants_who": float(asked is Asked.WHO),
        "wants_when": float(asked in (Asked.WHEN, Asked.DURATION)),
        "wants_where": float(asked is Asked.WHERE),
        "wants_amount": float(asked in (Asked.COUNT, Asked.MONEY, Asked.MEASURE)),
        "wants_reason": float(asked in (Asked.WHY, Asked.MANNER)),
        "wants_definition": float(asked is Asked.DEFINITION),
        "wants_contact": float(asked in (Asked.PHONE, Asked.EMAIL, Asked.CONTACT)),
        "wants_yes_no": float(asked is Asked.YES_NO),
        "wants_thing": float(asked is Asked.THING),
        "typed_as_question": float(question.is_question),
    }


def subject_signals(asked: WeighedQuestion, text: str, here: AbstractSet[str]) -> dict[str, float]:
    """Return whether a sentence speaks of what "who is X" or "what is X" asks about, and says what it is."""
    if not asked.subject:
        return {"subject_here": _NAN, "subject_first": _NAN, "subject_defined": _NAN}
    found = text.casefold().find(asked.question.subject.casefold())
    after = text[found + len(asked.question.subject) :] if found >= 0 else ""
    return {
        "subject_here": float(asked.subject <= here),
        "subject_first": float(0 <= found <= 6),
        "subject_defined": float(found >= 0 and bool(_COPULA.match(after))),
    }


def form_signals(asked: WeighedQuestion, text: str, words: str, row: Row | None, label: str) -> dict[str, float]:
    """Return what a sentence looks like, and the words in it that would answer; `label` is its row's or pair's."""
    terms, spoken = asked.vocabulary.terms(text), asked.vocabulary.terms(words)
    named = asked.vocabulary.terms(label)
    length = len(_WORD.findall(text))
    plain = text.strip()
    return {
        "span_words": float(len(_WORD.findall(words))) if words else _NAN,
        "span_repeats": sum(term in asked.weights for term in spoken) / len(spoken) if spoken else _NAN,
        "span_covers": len(words) / max(1, len(plain)) if words else _NAN,
        "adds": float(min(20, sum(term not in asked.weights for term in terms))),
        "words": float(min(80, length)),
        "row": float(row is not None),
        "pair": float(bool(label) and row is None),
        "label_share": sum(term in asked.weights for term in named) / len(named) if named else _NAN,
        "item": float(bool(_ITEM.match(text))),
        "ends_as_question": float(plain.endswith("?")),
        "leads_in": float(plain.endswith(":")),
        "heading": float(length <= 9 and row is None and not label and plain[-1:].isalnum()),
        "markup": len(_MARKUP.findall(plain)) / max(1, len(plain)),
        "code": float(not asked.wants_code and bool(_CODE.match(text) or _LINKS.fullmatch(text))),
        "names_nobody": float(asked.wants_person and not _names_person(text, asked.question.text)),
        "header": float(row is not None and row.is_header),
    }


def _names_person(text: str, question: str) -> bool:
    """Tell whether a text names someone by two words with capitals that the question doesn't hold itself."""
    asked = question.casefold()
    return any(
        first.casefold() not in asked and last.casefold() not in asked for first, last in _FULL_NAME.findall(text)
    )


def _squeezed(text: str) -> str:
    """Fold a text for looking up numbers and labels: no case, no blanks beside signs, thousands joined."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"\s+", " ", text.casefold()))


def _pattern(wanted: str) -> re.Pattern[str]:
    """Return what finds a number or label in a squeezed text, by itself; "rule 2" is "Rule No. 2"."""
    parts = [re.escape(part) for part in re.findall(r"\d+|[^\W\d]+|[^\w\s]", _squeezed(wanted))]
    between = [
        r"(?:,?\s(?:version|no\.|number|nr\.|#)\s?|\s?|[-.])"
        if left.isalpha() and right.isdigit()
        else _GAP.get(right, r"\s?")
        for left, right in pairwise(parts)
    ]
    pattern = "".join(f"{gap}{part}" for gap, part in zip(["", *between], parts, strict=True))
    return re.compile(rf"(?<![\w.]){pattern}(?!\w|\.[1-9])")
