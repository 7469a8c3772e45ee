"""Words to the patterns that find them: regular and the commonest irregular inflections, accents folded. Pure.

An inflection is the same word in another number or tense: "treaties" is one of "treaty", "universe" none of
"university", though a stemmer makes them one. A name has a plural at most, words in quotation marks no other form.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa.chat.phrasing import fold

_IRREGULAR = """
be am is are was were been being; have has had having; do does did done doing; go goes went gone going; say says said saying; make makes made making;
take takes took taken taking; come comes came coming; see sees saw seen seeing; know knows knew known knowing; get gets got gotten getting; give gives gave given giving;
find finds found finding; think thinks thought thinking; tell tells told telling; become becomes became becoming; show shows showed shown showing; leave leaves left leaving;
feel feels felt feeling; put puts putting; bring brings brought bringing; begin begins began begun beginning; keep keeps kept keeping; hold holds held holding;
write writes wrote written writing; stand stands stood standing; hear hears heard hearing; let lets letting; mean means meant meaning; set sets setting; meet meets met meeting;
run runs ran running; pay pays paid paying; sit sits sat sitting; speak speaks spoke spoken speaking; lie lies lay lain lying; lead leads led leading; read reads reading;
grow grows grew grown growing; lose loses lost losing; fall falls fell fallen falling; send sends sent sending; build builds built building; understand understands understood understanding;
draw draws drew drawn drawing; break breaks broke broken breaking; spend spends spent spending; cut cuts cutting; rise rises rose risen rising; drive drives drove driven driving;
buy buys bought buying; wear wears wore worn wearing; choose chooses chose chosen choosing; sell sells sold selling; fight fights fought fighting; win wins won winning;
teach teaches taught teaching; seek seeks sought seeking; deal deals dealt dealing; steal steals stole stolen stealing; eat eats ate eaten eating; drink drinks drank drunk drinking;
fly flies flew flown flying; sing sings sang sung singing; swim swims swam swum swimming; throw throws threw thrown throwing; hide hides hid hidden hiding; catch catches caught catching;
man men; woman women; child children; person people persons; foot feet; tooth teeth; mouse mice; goose geese; life lives; wife wives; knife knives; leaf leaves; half halves;
wolf wolves; shelf shelves; loaf loaves; thief thieves; crisis crises; analysis analyses; basis bases; thesis theses; criterion criteria; phenomenon phenomena; index indexes indices;
appendix appendices appendixes; medium media; datum data; bacterium bacteria; stimulus stimuli; nucleus nuclei; ox oxen
"""
_TABLE: dict[str, frozenset[str]] = {}
for _row in _IRREGULAR.split(";"):
    _family = frozenset(_row.split())
    for _one in _family:
        _TABLE[_one] = _TABLE.get(_one, frozenset()) | _family
_VOWELS = "aeiou"
_SAME = frozenset(
    "news series species physics politics economics mathematics united aids always less this his us".split()
)
_CLOSED = frozenset(
    "a an and as at but by de del el en for from in into la las los no not of off on or out over per the to under up via with y".split()
)
_QUOTED = re.compile(r"^[\"“”«»‘’'](?P<words>.+)[\"“”«»‘’']$", re.DOTALL)
_ABOUT = re.compile(
    r"^(?:(?:the |a |an )?(?:words?|terms?|names?|phrases?|expressions?|keywords?|string) |anything about |something about |(?:la|el) (?:palabra|termino|nombre|frase) )+",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|a|an|any|some|el|la|los|las|un|una|al|del)\s+(?=\S)", re.IGNORECASE)
_TAIL = re.compile(r"(?:\s+(?:at all|anywhere|ever|in (?:total|all)|altogether|overall))+$", re.IGNORECASE)
_PART = re.compile(r"[^\W_]+")
# marks that stand between letters without being seen, and accents that are characters of their own
_UNSEEN = "[\u0300-\u036f\u00ad\u200b-\u200d\u2060]*"


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: `label` as it was typed, `text` finds it in a text.

    `folded` find it in UTF-8 without accents, in small letters, each other places; a place is at most `reach` bytes long, where words
    stand no further apart than they do in books. `pairs` are the letters that stand side by side in its words, a blank
    at either end.
    """

    label: str
    text: re.Pattern[str]
    folded: tuple[re.Pattern[bytes], ...]
    reach: int
    pairs: frozenset[str]


def term_of(words: str) -> Term | None:
    """Return how to find words as a person means them; None where there is no letter or digit in them."""
    words = _TAIL.sub("", _ABOUT.sub("", words.strip(" \t\n?!.,;:"))).strip()
    exact = _QUOTED.match(words)
    if exact:
        words = exact["words"].strip()
    else:
        shorter = _ARTICLE.sub("", words)
        words = shorter if _PART.search(shorter) else words
    parts = list(_PART.finditer(words))
    if not parts:
        return None
    folded = [fold(part.group()) for part in parts]
    is_name = [part.group()[:1].isupper() for part in parts]
    forms = [
        [word] if exact or word in _CLOSED else sorted(_forms(word, name=name))
        for word, name in zip(folded, is_name, strict=True)
    ]
    # in a phrase of several words the last is inflected, and any that isn't part of a name
    pieces, gaps = [], []
    for at, (part, some) in enumerate(zip(parts, forms, strict=True)):
        pieces.append(f"(?:{'|'.join(_lettered(form) for form in sorted(some, key=lambda f: (-len(f), f)))})")
        if at + 1 < len(parts):
            gaps.append(_between(words[part.end() : parts[at + 1].start()]))
            pieces.append(gaps[-1])
    text = re.compile(f"(?<!\\w){''.join(pieces)}(?!\\w)", re.IGNORECASE)
    widest = sum(max(len(form) for form in some) for some in forms) + len(words)
    pairs = frozenset(f" {form} "[at : at + 2] for some in forms for form in some for at in range(len(form) + 1))
    return Term(words, text, _folded_patterns(forms, gaps), 3 * widest + 64, pairs)


def _folded_patterns(forms: Sequence[Sequence[str]], gaps: Sequence[str]) -> tuple[re.Pattern[bytes], ...]:
    """Return patterns for folded bytes; forms that begin alike share a literal beginning, which is found fast.

    Forms of one word that begin otherwise have a pattern each; those of a phrase, whose places could overlap, one.
    """
    rest = b"".join(
        gap.encode() + b"(?:" + b"|".join(_in_bytes(form) for form in sorted(some, key=lambda f: (-len(f), f))) + b")"
        for gap, some in zip(gaps, forms[1:], strict=True)
    )
    ways = []
    for group in _grouped(forms[0]):
        shared = _common(group)
        ends = b"|".join(_in_bytes(form[len(shared) :]) for form in sorted(group, key=lambda f: (-len(f), f)))
        # a look behind comes after the beginning, or the pattern would have none
        opening = re.escape(shared.encode()) if shared.isascii() else b""
        if opening:
            ways.append(opening + b"(?<![0-9a-z_]" + opening + b")(?:" + ends + b")")
        else:
            ways.append(b"(?<![0-9a-z_])(?:" + b"|".join(_in_bytes(form) for form in group) + b")")
    ways = [b"(?:" + b"|".join(ways) + b")"] if rest and len(ways) > 1 else ways
    return tuple(re.compile(way + rest + b"(?![0-9a-z_])") for way in ways)


def _in_bytes(form: str) -> bytes:
    """Return a form as it stands in folded bytes; letters of other scripts in either case, with accents or without."""
    made = b""
    for letter in form:
        if letter.isascii():
            made += re.escape(letter.encode())
        else:
            some = sorted({letter, letter.upper(), *_others().get(letter, "")})
            made += b"(?:" + b"|".join(re.escape(one.encode()) for one in some) + b")"
    return made


@functools.cache
def _others() -> dict[str, str]:
    """Return for each small letter beyond the Latin ones the characters that fold to it."""
    found: dict[str, str] = defaultdict(str)
    for code in (*range(0x370, 0x530), *range(0x1F00, 0x2000)):
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        if len(base) == 1:
            found[base] += chr(code)
    return found


def _between(gap: str) -> str:
    """Return what may stand between two words of a phrase: white space for white space, else what was typed."""
    if gap.isspace():
        return r"\s+"
    return (
        r"\s+".join(re.escape(mark) for mark in gap.split()).join(
            ["\\s*" if gap[0].isspace() else "", "\\s*" if gap[-1].isspace() else ""]
        )
        if gap.strip()
        else r"\s+"
    )


def _forms(word: str, *, name: bool) -> set[str]:
    if not word.isalpha() or word in _SAME or (len(word) < 3 and word not in _TABLE):
        return {word}
    if name:
        return {word, *_plurals(word)}
    lemmas = _lemmas(word)
    found = {word}.union(*(_TABLE.get(lemma, ()) for lemma in lemmas))
    for lemma in lemmas - {word} if word.endswith("s") and len(lemmas) > 1 else lemmas - _TABLE.keys():
        found |= {lemma, *_plurals(lemma)}
        if lemma != word or not word.endswith(("ed", "ing")) or word.endswith("eed"):
            found |= _tenses(lemma)
    return found


def _plurals(word: str) -> set[str]:
    if word.endswith("y") and len(word) > 2 and word[-2] not in _VOWELS:
        return {f"{word[:-1]}ies"}
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return {f"{word}es"}
    return {f"{word}s", f"{word}es"} if word.endswith("o") or word[-1] in "lnrd" else {f"{word}s"}


def _tenses(word: str) -> set[str]:
    if word.endswith("e"):
        return {f"{word}d", f"{word[:-1]}ing"} if not word.endswith(("ee", "oe", "ye")) else {f"{word}d", f"{word}ing"}
    if word.endswith("y") and word[-2] not in _VOWELS:
        return {f"{word[:-1]}ied", f"{word}ing"}
    made = {f"{word}ed", f"{word}ing"}
    if len(word) > 2 and word[-1] not in f"{_VOWELS}wxy" and word[-2] in _VOWELS and word[-3] not in _VOWELS:
        made |= {f"{word}{word[-1]}ed", f"{word}{word[-1]}ing"}
    return made


def _lemmas(word: str) -> set[str]:
    """Return what a word may be a form of, itself included."""
    found = {word}
    if word.endswith("ies") and len(word) > 4:
        found.add(f"{word[:-3]}y")
    elif word.endswith("es") and word[:-2].endswith(("s", "x", "z", "ch", "sh", "o")):
        found |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        found.add(word[:-1])
    if word.endswith("ied"):
        found.add(f"{word[:-3]}y" if len(word) > 4 else word[:-1])
    for ending in ("ed", "ing") if not word.endswith("eed") else ():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and any(letter in _VOWELS for letter in stem):
            found |= _stems(stem)
    return found


def _stems(stem: str) -> set[str]:
    """Return what stands before "-ed" or "-ing": doubled letters single, and a dropped "e" where spelling shows one."""
    if stem[-1] == stem[-2] and stem[-1] not in "sz":
        return {stem[:-1], stem} if stem[-1] == "l" else {stem[:-1]}
    single = len(re.findall(r"[aeiouy]+", stem)) == 1
    if single and stem[-1] not in f"{_VOWELS}wxy" and stem[-2] in _VOWELS and stem[-3] not in _VOWELS:
        return {f"{stem}e"}  # "rating" is of "rate": "rat" would make "ratting"
    return {stem, f"{stem}e"}


def _variants() -> dict[str, str]:
    """Return for each small letter or digit the characters that fold to it."""
    found: dict[str, set[str]] = defaultdict(set)
    for code in itertools.chain(range(0xC0, 0x250), range(0x1E00, 0x1F00)):
        character = chr(code)
        base = unicodedata.normalize("NFD", character)[0].lower()
        if base != character.lower() and base.isascii() and base.isalpha():
            found[base] |= (
                {character.lower(), character.upper()} if len(character.upper()) == 1 else {character.lower()}
            )
    return {base: "".join(sorted(some)) for base, some in found.items()}


_CLASSES: dict[str, str] = {}


def _lettered(form: str) -> str:
    if not _CLASSES:
        _CLASSES.update(_variants())
    return "".join(
        f"[{letter}{_CLASSES[letter]}]{_UNSEEN}" if letter in _CLASSES else re.escape(letter) for letter in form
    )


def _grouped(forms: Iterable[str]) -> list[list[str]]:
    """Divide forms into those that begin alike."""
    groups: dict[str, list[str]] = defaultdict(list)
    for form in forms:
        groups[form[:2]].append(form)
    return list(groups.values())


def _common(forms: list[str]) -> str:
    """Return the beginning that forms share."""
    low, high = min(forms), max(forms)
    return low[: next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]
