"""Spanish question in, English gloss out: word by word, by phrases where the glossary has them. Pure but for its table.

The glossary was learned from sentence pairs (`training/glossary.py`); what it lacks is tried without accents, by
its stem, and as a cognate that the collection knows. Not a translation to be read: words to search with.
"""

from __future__ import annotations

import functools
import gzip
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.gloss.cognates import by_ending, cognate, endings
from qa.gloss.spanish import is_spanish
from qa.gloss.words import bare, folded, stem, tokens

TABLE = Path(__file__).with_name("spanish.tsv.gz")
Known = Callable[[str], bool]
"""Tells whether an English word stands in the collection."""

_LONGEST = 3  # words of a phrase
_SWITCH = 1.2  # what each further piece costs a reading, in nats: longer phrases first, but not at any price
_KIN = 3.0  # what a cognate counts among meanings: everyday pairs say "apartment" where documents say "department"
_WORDY = 0.5  # what each further word of a meaning takes from it: most are a neighbour's
_STRANGE = 0.02  # of its weight a translation keeps whose words the collection lacks
_SURE = 1_000_000  # times an entry made by hand counts as seen
_FUNCTION = frozenset(
    """
    a about according after against all also although an and any are as at be because been before being below
    besides between both but by can could did do does due each either every few for from had has have he her here
    his how i if in into is it its less many may me more most much must my no nor not of off on once one only or
    other our out over own same she should since so some still such than that the their them then there these
    they this those through to too two under until up upon us very was we well were what when where which while
    who whom whose why will with within without would you your
    """.split()
)
_UNUSUAL = 20  # a word seen less often than this yields to a cognate by its ending
_RARE = 3  # a word seen less often than this yields to a cognate
_COMMON = 250  # seen more often, a word is taken for one that no adjective belongs to
_PAST = ("ó", "aron", "ieron", "jo", "jeron", "aba", "aban", "ía", "ían")
_ADJECTIVE_ENDINGS = tuple(
    """
    ico ica icos icas ivo iva ivos ivas oso osa osos osas al ales ario aria arios arias ense enses ano ana anos anas
    able ible ables ibles ente entes ante antes orio oria orios orias ar ares ino ina inos inas és esa
    """.split()
)
_ENGLISH_ADJECTIVE_ENDINGS = tuple("ic ical ive ous al ary an able ible ar ine ese ish ent ant ory".split())
_STATES = re.compile(r"\bEE\.? ?UU\b\.?")
_ACCENTED = {
    bare(word): word for word in "qué cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde quién cómo".split()
}
_BARE = re.compile(rf"^(\W*(?:(?:a|en|de|con|por|para|desde|hasta) )?)({'|'.join(_ACCENTED)})\b", re.IGNORECASE)
_EVERYWHERE = ("que", "los", "las", "para", "por", "una", "pero", "como", "desde", "sobre", "entre", "fue", "muy")
_MOST, _HALF = 0.75, 0.5  # of those words, and of a question's own, stand in a collection that is Spanish
_OPENS = "¿¡.!?:;"  # behind these, a capital doesn't make a name


@dataclass(frozen=True, slots=True)
class Gloss:
    """A question in English words; `unknown` are the words that could only be left as they were."""

    text: str
    language: str
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a Spanish word or phrase was seen to mean: (English, times), most frequent first."""

    seen: int
    meanings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """The glossary: entries by their words, single words by folded form and by stem too; sure nouns, adjectives.

    `english` holds every English word in it, to tell words from what merely looks like one.
    """

    entries: Mapping[str, _Entry]
    by_fold: Mapping[str, str]
    by_stem: Mapping[str, tuple[str, ...]]
    nouns: frozenset[str]
    adjectives: frozenset[str]
    english: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some Spanish words and their English; `cost` is in nats, lower is likelier."""

    words: tuple[str, ...]
    text: str
    cost: float
    found: bool = True


class SpanishGlossary:
    """A translator of Spanish questions into English words."""

    def translate(self, question: str, known: Known) -> str | None:
        """Return a Spanish question's English words; None for any other question."""
        found = gloss(question, known)
        return found.text if found else None


def gloss(question: str, known: Known) -> Gloss | None:
    """Return the question in English words, or None where it isn't Spanish, or the collection is as well.

    `known` tells whether an English word stands in the collection: of several meanings one that does is taken.
    """
    if not is_spanish(question) or _at_home(question, known):
        return None
    table = _load()
    question = _BARE.sub(lambda found: found[1] + _ACCENTED[found[2].lower()], _STATES.sub("Estados Unidos", question))
    known = functools.lru_cache(maxsize=None)(known)
    text, unknown, opening = "", [], True
    for run in _runs(question):
        if not run[0][0].isalnum():
            text += "" if run[0] in "¿¡" else run[0]
            opening = run[0] in _OPENS
            continue
        pieces = _ordered(_pieces(run, table, known, opening=opening), table)
        text += " " + " ".join(piece.text for piece in pieces if piece.text)
        unknown += [word for piece in pieces if not piece.found for word in piece.words]
    return Gloss(" ".join(text.split()), "es", tuple(unknown))


def _at_home(question: str, known: Known) -> bool:
    """Tell whether the collection is Spanish itself: it has Spanish function words, and the question's own."""
    if sum(known(word) for word in _EVERYWHERE) < _MOST * len(_EVERYWHERE):
        return False
    own = [word for word in tokens(question) if word.isalpha() and word.islower() and len(word) > _LONGEST]
    return sum(known(word) for word in own) >= _HALF * len(own)


@functools.cache
def _load() -> _Table:
    """Read the table, once."""
    entries: dict[str, _Entry] = {}
    kinds: dict[str, set[str]] = {"=": set(), "+": set(), "*": set()}
    adjectives = kinds["*"]
    for line in gzip.decompress(TABLE.read_bytes()).decode("utf-8").splitlines():
        head, *fields = line.split("\t")
        if head[0] in "=+*":
            entries[head[1:]] = _Entry(_SURE, ((fields[0], _SURE),))
            kinds[head[0]].add(head[1:])
            continue
        if head in entries:
            continue
        if head.startswith("~"):
            if int(fields[0]) * 2 >= int(fields[1]):
                adjectives.add(head[1:])
            continue
        meanings = tuple((fields[at], int(fields[at + 1])) for at in range(1, len(fields), 2))
        entries[head] = _Entry(int(fields[0]), meanings)
    by_fold: dict[str, str] = {}
    stems: dict[str, list[str]] = defaultdict(list)
    for word in sorted(entries, key=lambda w: (-entries[w].seen, w)):
        by_fold.setdefault(bare(word), word)
        if " " not in word:
            stems[stem(word)].append(word)
    english = frozenset(part for entry in entries.values() for text, _ in entry.meanings for part in text.split())
    by_stem = {key: tuple(words) for key, words in stems.items()}
    return _Table(entries, by_fold, by_stem, frozenset(kinds["+"]), frozenset(adjectives), english)


def _runs(question: str) -> Iterator[list[str]]:
    """Yield words that no mark parts, and each mark by itself."""
    run: list[str] = []
    for token in tokens(question):
        if token[0].isalnum():
            run.append(token)
            continue
        if run:
            yield run
        run = []
        yield [token]
    if run:
        yield run


def _pieces(words: Sequence[str], table: _Table, known: Known, *, opening: bool) -> list[_Piece]:
    """Cut the words into the likeliest pieces."""
    best: list[tuple[float, list[_Piece]]] = [(0.0, [])]
    for end in range(1, len(words) + 1):
        choices = []
        for start in range(max(0, end - _LONGEST), end):
            piece = _piece(tuple(words[start:end]), table, known, first=opening and start == 0)
            if piece:
                cost, before = best[start]
                choices.append((cost + piece.cost + _SWITCH, [*before, piece]))
        best.append(min(choices, key=lambda choice: choice[0]))
    return best[-1][1]


def _piece(words: tuple[str, ...], table: _Table, known: Known, *, first: bool) -> _Piece | None:
    if len(words) == 1:
        return _word(words[0], table, known, first=first)
    entry = _find(" ".join(words).lower(), table)
    if entry is None:
        return _passive(words, table, known)
    text, times = entry.meanings[0]
    strange = entry.seen < _SURE and not _stands(text, known)
    return _Piece(words, text, -math.log(times / max(entry.seen, times) * (_STRANGE if strange else 1)))


def _find(low: str, table: _Table) -> _Entry | None:
    """Return the entry for these words as written, else as written without accents."""
    return table.entries.get(low) or table.entries.get(table.by_fold.get(bare(low), ""))


def _passive(words: tuple[str, ...], table: _Table, known: Known) -> _Piece | None:
    """Return "se fundó" as "was founded": a question's "se" is seldom anyone's self."""
    if len(words) != 2 or words[0].lower() != "se":
        return None
    verb = _word(words[1], table, known, first=False)
    time = "was" if words[1].lower().endswith(_PAST) else "is"
    if not verb.text or verb.text.split()[0] in _FUNCTION:
        return None
    return _Piece(words, f"{time} {verb.text}", verb.cost, verb.found)


def _word(word: str, table: _Table, known: Known, *, first: bool) -> _Piece:
    """Return one word's English: names, numbers and codes stay; the rest by form, cognate and stem."""
    named = word[0].isupper() and not first
    low = word.lower()
    entry = _find(low, table)
    sure = entry is not None and entry.seen == _SURE
    if not word.isalpha() or (word.isupper() and not sure and (len(word) > 1 or not first)):
        return _Piece((word,), word, 0.0)
    if named and not (sure and low not in table.nouns) and (entry is None or _same(entry, low) or known(word)):
        if entry or known(word):
            return _Piece((word,), word, 0.0)
        kin = None if known(word) else cognate(low, known, table.english, plain=by_ending(low) is None)
        return _Piece((word,), kin or word, 1.0, found=kin is not None)
    if entry and entry.seen < _UNUSUAL:
        kin = cognate(low, known, table.english, plain=True)
        if kin:
            return _Piece((word,), kin, 1.0)
    if entry and entry.seen >= _RARE:
        chosen = _choose([entry], known, endings(low))
        if chosen.found or entry.seen >= _COMMON:
            return _Piece((word,), chosen.text, chosen.cost)
        kin = cognate(low, known, table.english)
        return _Piece((word,), kin or chosen.text, chosen.cost)
    kin = cognate(low, known, table.english)
    if kin:
        return _Piece((word,), kin, 1.0)
    entries = [entry] if entry else _kindred(low, table)
    if entries:
        chosen = _choose(entries, known, endings(low))
        if chosen.text:
            return _Piece((word,), chosen.text, chosen.cost + 1)
    return _Piece((word,), by_ending(low) or word, 2.0, found=False)


def _same(entry: _Entry, low: str) -> bool:
    return entry.meanings[0][0] == low


def _kindred(low: str, table: _Table) -> list[_Entry]:
    """Return the entries of the known forms nearest to this one: same stem, longest common beginning."""
    words = table.by_stem.get(stem(low), ())
    ranked = sorted(words, key=lambda word: (-_common(folded(word), folded(low)), -table.entries[word].seen, word))
    return [table.entries[word] for word in ranked[:3]]


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _choose(entries: Sequence[_Entry], known: Known, kin: frozenset[str]) -> _Piece:
    """Return the meaning most often seen, of those whose words the collection knows; `found` says there was one."""
    weights: dict[str, float] = defaultdict(float)
    for entry in entries:
        for text, times in entry.meanings:
            # a rare word that seems to mean "a" or "of" was merely beside one
            if entry.seen < _UNUSUAL and _FUNCTION.issuperset(text.split()):
                continue
            factor = _KIN if text in kin else _WORDY ** text.count(" ")
            weights[text] += times * (factor if _stands(text, known) else _STRANGE)
    if not weights:
        return _Piece((), "", 3.0, found=False)
    text, weight = max(weights.items(), key=lambda item: item[1])
    total = sum(times for entry in entries for _, times in entry.meanings)
    found = _stands(text, known)
    return _Piece((), text, min(3.0, -math.log(max(weight, 1e-3) / total)), found)


def _stands(text: str, known: Known) -> bool:
    """Tell whether the collection has one of these words, or they only hold a sentence together."""
    parts = text.split()
    return all(part in _FUNCTION or known(part) for part in parts)


def _ordered(pieces: Sequence[_Piece], table: _Table) -> list[_Piece]:
    """Put adjectives before the noun they follow, the last one first: "sistema político mexicano"."""
    done: list[_Piece] = []
    at = 0
    while at < len(pieces):
        last = at
        if _is_noun(pieces[at], table):
            while last + 1 < len(pieces) and _is_adjective(pieces[last + 1], table):
                last += 1
        done += reversed(pieces[at : last + 1])
        at = last + 1
    return done


def _is_noun(piece: _Piece, table: _Table) -> bool:
    if len(piece.words) != 1 or not piece.words[0].isalpha():
        return False
    word = piece.words[0].lower()
    entry = table.entries.get(word)
    return entry is None or entry.seen < _COMMON or word in table.nouns


def _is_adjective(piece: _Piece, table: _Table) -> bool:
    if len(piece.words) != 1 or (piece.words[0] == piece.text and not piece.text.islower()):
        return False
    word = piece.words[0].lower()
    entry = table.entries.get(word)
    if word in table.adjectives:
        return True
    return (entry is None or entry.seen < _COMMON) and (
        word.endswith(_ADJECTIVE_ENDINGS) and piece.text.endswith(_ENGLISH_ADJECTIVE_ENDINGS)
    )
