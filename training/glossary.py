"""Learns the Spanish–English glossary from sentence pairs: `python -m training.glossary --data DIR --out FILE`.

Words are aligned in both directions (IBM model 2 with fast_align's diagonal prior, so no position table),
links kept by grow-diag, phrases of up to three Spanish words read off the links. Written as text: one Spanish
entry a line with its English and how often; what the words alone would give isn't repeated as a phrase.
Nothing is random; the same data give the same text.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.gloss.words import english_words, folded, spanish_words

BY_HAND = Path(__file__).with_name("glossary_by_hand.tsv")
IRREGULAR = {"child": "children", "wife": "wives", "person": "people", "stratum": "strata"}
UNCOUNTED = frozenset(
    """
    assistance bacteria broadcast corn damage data drug trafficking expenditure fish fishing food growth health
    housing income insurance livestock mail meat mining people police research rice security sheep software support
    tourism trade trafficking transport unemployment wealth wheat young
    """.split()
)
SHA256 = "7d3b66a988234ae154dabae8ca105d2a758f5f371b13dcd87db08bdafbb34bea"
ROUNDS = 8
TENSION = 4.0  # how strongly links keep to the diagonal, as fast_align has it
EMPTY = 0.08  # of the words stand for nothing on the other side
LONGEST = 30  # words of a sentence; longer ones teach little and cost much
ES_WORDS, EN_WORDS = 3, 4  # of a phrase at most
KEPT = 5  # translations an entry
RARE_PHRASE, RARE_SWAP = 3, 3
# "que venga" is "to come" after "dile" only, "se ha" is "he has"; the names stand in a tenth of all pairs
UNFIT = frozenset(("que", "se", "no", "tom", "tomás", "mary", "maría", "boston"))
COMMON = 150  # most frequent Spanish words, behind which no adjective is looked for
ES_ARTICLES = frozenset(("el", "la", "los", "las", "lo", "un", "una", "unos", "unas", "al", "del"))
EN_ARTICLES = frozenset(("a", "an", "the"))

Links = frozenset[tuple[int, int]]
Sentence = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One language's sentences as numbers; 0 is the empty word."""

    words: list[str]
    ids: list[NDArray[np.int64]]


def main(argv: Sequence[str] | None = None) -> int:
    """Make the glossary and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m training.glossary", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds parallel_en_es/")
    parser.add_argument("--out", type=Path, required=True, help="file to write (.tsv.gz)")
    options = parser.parse_args(argv)
    pairs = read_pairs(options.data / "parallel_en_es" / "pairs.tsv.gz")
    links = align(pairs)
    sure = by_hand()
    names = {tuple(line[1:].split("\t")[0].split()) for line in sure}
    lines = [*sure, *entries(pairs, links, names), *swapped(pairs, links)]
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode("utf-8"), 9, mtime=0)
    options.out.write_bytes(packed)
    print(f"{options.out}: {len(lines):,} lines from {len(pairs):,} pairs, {len(packed):,} bytes")
    return 0


def by_hand() -> list[str]:
    """Return lines "=spanish TAB english" ("+" for nouns, "*" for adjectives): what takes precedence.

    Question words, function words, names, and words that everyday sentences hold seldom or in another sense.
    "+" before a noun adds its plural, "*" before an adjective its other forms; a noun comes before an adjective.
    """
    made: dict[str, str] = {}
    rows = [line.split("\t") for line in BY_HAND.read_text(encoding="utf-8").splitlines() if line]
    for mark in ("", "+", "*"):
        for spanish, english in rows:
            word = spanish.lstrip("+*")
            if spanish[: len(spanish) - len(word)] != mark:
                continue
            forms = {word: english}
            if mark == "+":
                forms[_plural(word)] = _english_plural(english)
            elif mark:
                bases = [word, word[:-1] + "a"] if word.endswith("o") else [word]
                if word.endswith(("án", "és")) or word in ("español", "alemán"):
                    bases.append(folded(word[:-2]) + folded(word[-2:]) + "a" if word != "español" else "española")
                forms |= {form: english for base in bases for form in (base, _plural(base))}
            for form, meaning in forms.items():
                made.setdefault(form, f"{mark or '='}{form}\t{meaning}")
    return [made[form] for form in sorted(made)]


def _plural(word: str) -> str:
    if word.endswith(("a", "e", "i", "o", "u", "é")):
        return word + "s"
    if word.endswith("z"):
        return word[:-1] + "ces"
    if word.endswith("s") and not word.endswith(("és", "as")):
        return word
    return (word[:-2] + folded(word[-2:]) if word[-2:] in ("ón", "án", "én", "és", "ás", "ín") else word) + "es"


def _english_plural(english: str) -> str:
    irregular = {
        "child": "children",
        "wife": "wives",
        "person": "people",
        "stratum": "strata",
        "hypothesis": "hypotheses",
    }
    if english in irregular:
        return irregular[english]
    if english in UNCOUNTED or (english.endswith("s") and not english.endswith("ss")):
        return english
    if english.endswith(("s", "x", "ch", "sh")):
        return english + "es"
    return english[:-1] + "ies" if english.endswith("y") and english[-2] not in "aeiou" else english + "s"


def read_pairs(path: Path) -> list[tuple[Sentence, Sentence]]:
    """Return (Spanish, English) words of each pair; raise `ValueError` for a file that isn't the documented one."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{path}: SHA-256 is {digest}, expected {SHA256}. Fetch the set again.")
    pairs = []
    for line in gzip.decompress(data).decode("utf-8").splitlines():
        english, spanish = line.split("\t")[:2]
        pair = tuple(spanish_words(spanish)), tuple(english_words(english))
        if all(0 < len(words) <= LONGEST for words in pair):
            pairs.append(pair)
    return pairs


def align(pairs: Sequence[tuple[Sentence, Sentence]]) -> list[Links]:
    """Return each pair's links (Spanish position, English position)."""
    spanish, english = _numbered(es for es, _ in pairs), _numbered(en for _, en in pairs)
    forth = _best(spanish, english)
    back = _best(english, spanish)
    return [
        _grown({(i, j) for j, i in enumerate(f) if i >= 0}, {(i, j) for i, j in enumerate(b) if j >= 0})
        for f, b in zip(forth, back, strict=True)
    ]


def _numbered(sentences: Iterable[Sentence]) -> Side:
    known = {"": 0}
    ids = [np.array([known.setdefault(w, len(known)) for w in words], dtype=np.int64) for words in sentences]
    return Side(list(known), ids)


def _best(source: Side, target: Side) -> list[list[int]]:
    """Return, for each target word of each pair, the source position it comes from, or -1."""
    cells_source, cells_target, cells_word, prior = [], [], [], []
    at = 0
    for s, t in zip(source.ids, target.ids, strict=True):
        n, m = len(s), len(t)
        spread = np.exp(-TENSION * np.abs(np.arange(n)[None, :] / n - np.arange(m)[:, None] / m))
        spread = (1 - EMPTY) * spread / spread.sum(axis=1, keepdims=True)
        prior.append(np.concatenate([np.full((m, 1), EMPTY), spread], axis=1).ravel())
        cells_source.append(np.tile(np.concatenate([[0], s]), m))
        cells_target.append(np.repeat(t, n + 1))
        cells_word.append(np.repeat(np.arange(at, at + m), n + 1))
        at += m
    from_, to, word = (np.concatenate(cells) for cells in (cells_source, cells_target, cells_word))
    before = np.concatenate(prior)
    keys, which = np.unique(from_ * len(target.words) + to, return_inverse=True)
    owner = keys // len(target.words)
    table = np.ones(len(keys)) / len(target.words)
    for _ in range(ROUNDS):
        share = table[which] * before
        share /= np.bincount(word, share, at)[word]
        counts = np.bincount(which, share, len(keys))
        totals = np.bincount(owner, counts, len(source.words))
        table = (counts + 1e-6) / (totals[owner] + 1e-6 * len(target.words) / 100)
    score = table[which] * before
    found, begin = [], 0
    for s, t in zip(source.ids, target.ids, strict=True):
        n, m = len(s), len(t)
        block = score[begin : begin + m * (n + 1)].reshape(m, n + 1)
        found.append([int(place) - 1 for place in block.argmax(axis=1)])
        begin += m * (n + 1)
    return found


def _grown(forth: set[tuple[int, int]], back: set[tuple[int, int]]) -> Links:
    """Return the links both directions see, and those one sees beside them for a word that has none yet."""
    links = forth & back
    either = sorted(forth | back)
    grew = True
    while grew:
        grew = False
        rows, columns = {i for i, _ in links}, {j for _, j in links}
        for i, j in either:
            if (i, j) in links or (i in rows and j in columns):
                continue
            if any((i + a, j + b) in links for a in (-1, 0, 1) for b in (-1, 0, 1)):
                links.add((i, j))
                rows.add(i)
                columns.add(j)
                grew = True
    return frozenset(links)


def _phrases(es: Sentence, en: Sentence, links: Links) -> Iterator[tuple[Sentence, Sentence]]:
    """Yield the phrase pairs no link leads out of; English words without a link aren't taken in at the edges."""
    for i in range(len(es)):
        for k in range(i, min(i + ES_WORDS, len(es))):
            inside = [b for a, b in links if i <= a <= k]
            if not inside:
                continue
            low, high = min(inside), max(inside)
            if high - low < EN_WORDS and all(i <= a <= k for a, b in links if low <= b <= high):
                yield es[i : k + 1], en[low : high + 1]


def entries(
    pairs: Sequence[tuple[Sentence, Sentence]], links: Sequence[Links], sure: Container[Sentence] = ()
) -> list[str]:
    """Return lines "spanish TAB times TAB english TAB times [TAB english TAB times …]", best first.

    Longer phrases around a `sure` one are left out: "en Estados Unidos" must not become "in America".
    """
    counts: dict[Sentence, Counter[Sentence]] = defaultdict(Counter)
    seen: Counter[Sentence] = Counter()
    for (es, en), linked in zip(pairs, links, strict=True):
        for n in range(1, ES_WORDS + 1):
            seen.update(es[i : i + n] for i in range(len(es) - n + 1))
        for one, other in _phrases(es, en, linked):
            # Spanish often has no article where English has one: "Estados Unidos", "the United States"
            bare = len(other) > 1 and other[0] in EN_ARTICLES and not ES_ARTICLES.intersection(one)
            if "xxs" not in other:
                counts[one][other[1:] if bare else other] += 1
    best = {one[0]: max(found, key=lambda e: (found[e], e)) for one, found in counts.items() if len(one) == 1}
    lines = []
    for one, found in sorted(counts.items()):
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        if len(one) > 1:
            top, often = ranked[0]
            plain = tuple(word for part in one for word in best.get(part, (part,)))
            if often < RARE_PHRASE or often < 0.4 * seen[one] or top == plain or UNFIT.intersection(one):
                continue
            if len(one) == ES_WORDS and (one[:-1] in sure or one[1:] in sure):
                continue
            ranked = ranked[:1]
        ranked = [(e, n) for e, n in ranked[:KEPT] if n >= 0.08 * ranked[0][1]]
        fields = [f"{' '.join(e)}\t{n}" for e, n in ranked]
        lines.append("\t".join([" ".join(one), str(seen[one]), *fields]))
    return lines


def swapped(pairs: Sequence[tuple[Sentence, Sentence]], links: Sequence[Links]) -> list[str]:
    """Return lines "~word TAB swaps TAB times": how often a word behind its neighbour comes before it in English."""
    swaps: Counter[str] = Counter()
    times: Counter[str] = Counter()
    seen = Counter(word for es, _ in pairs for word in es)
    common = {word for word, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:COMMON]}
    for (es, _), linked in zip(pairs, links, strict=True):
        to: dict[int, list[int]] = defaultdict(list)
        for i, j in linked:
            to[i].append(j)
        for i in range(len(es) - 1):
            if i in to and i + 1 in to and es[i] not in common:
                times[es[i + 1]] += 1
                swaps[es[i + 1]] += max(to[i + 1]) == min(to[i]) - 1
    return [f"~{w}\t{n}\t{times[w]}" for w, n in sorted(swaps.items()) if n >= RARE_SWAP and n > 0.3 * times[w]]


if __name__ == "__main__":
    raise SystemExit(main())
