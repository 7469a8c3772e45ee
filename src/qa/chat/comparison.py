"""A comparison to the two questions it is made of, and two quotes to what can be computed from them. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.chat.phrasing import Words, fold
from qa.chat.swap import is_only_pieces, pieces, swapped
from qa.types import Span

_CHANGE = re.compile(
    r"^[\s¿]*how (?:much )?(?:did|has|have|do|does) (?P<s>.+?) (?:chang|develop|evol|gr[eo]w|increas|decreas|f[ae]ll|drop|r[io]se|shift|mov|differ)\w*(?P<m>.*?) (?:from|between) (?P<a>.*?\d[\w ]*?) (?:to|and|until|till) (?P<b>.*?\d[\w ]*?)[\s?.]*$",
    re.IGNORECASE,
)
_CHANGE_ES = re.compile(
    r"^[\s¿]*c[oó]mo (?:ha |han )?(?:cambi|evolucion|creci|vari)\w* (?P<s>.+?) (?:de|entre|desde) (?P<a>.*?\d{4}) (?:a|y|hasta) (?P<b>.*?\d{4})[\s?.]*$",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"^[\s¿]*(?:which|who|what)(?: (?:one|country|year|of them))? (?P<v>is|was|are|were|has|had|did|does|do|got|sold|made) (?:the )?(?P<adj>\w+er|more \w+|less \w+|more|less|fewer|better|worse)\b(?P<x>.*?)[,:]? (?P<a>\S.*?) or (?P<b>\S.*?)[\s?.]*$",
    re.IGNORECASE,
)
_OR_WHICH = re.compile(
    r"^(?P<a>.+?) or (?P<b>.+?)[,:;]? which (?:one )?(?P<v>is|was|are|were|has|had) (?:the )?(?P<adj>.+?)[\s?.]*$",
    re.IGNORECASE,
)
_BASE = {
    "larger": "large", "bigger": "big", "older": "old", "younger": "old", "longer": "long", "taller": "tall", "higher": "high", "smaller": "large", "shorter": "long", "cheaper": "much",
    "more expensive": "much", "heavier": "heavy", "lighter": "heavy", "faster": "fast", "slower": "fast", "wider": "wide", "deeper": "deep", "lower": "high", "richer": "rich",
    "more populous": "many people live in", "earlier": "early", "later": "late", "newer": "old", "further": "far", "farther": "far",
}  # fmt: skip
_IN = re.compile(r"^(?:in|from|en|de) (?=\S)", re.IGNORECASE)
_GENERIC = re.compile(r"\bdifferences?\b|\bdiferencias?\b|\bdiffer", re.IGNORECASE)


_SIDES = r"(?P<a>.+?) (?:and|with|to|vs|versus|against|y|con) (?P<b>.+)"
_COMPARING: tuple[str, ...] = (
    rf"compare {_SIDES}",
    r"(?:compara|comparar|compare) (?P<a>.+?) (?:y|e|con) (?P<b>.+)",
    r"(?:comparison|a comparison|comparacion|una comparacion) (?:of|between|de|entre) (?P<a>.+?) (?:and|with|y|con) (?P<b>.+)",
    r"(?:(?:what|which) (?:is|are|was|were|s) |whats )?(?:the )?(?:main |key |big |biggest )?differences? between (?P<a>.+?) and (?P<b>.+)",
    r"(?:(?:cual|cuales) (?:es|son|fue) )?(?:la |las )?(?:principal(?:es)? )?diferencias? entre (?P<a>.+?) y (?P<b>.+)",
    r"how (?:is|are|does|do) (?P<a>.+?) (?:different from|differ from|compare to|compare with) (?P<b>.+)",
    r"(?!(?:what|which|who|how|when|where|why|is|are|does|do|did|can) )(?P<a>(?:\S+ ){0,4}\S+) (?:vs|versus) (?P<b>(?:\S+ ){0,5}\S+)",
    r"how (?:did|has|have|do|does|much did|much has) .+? (?:change|changed|develop|developed|evolve|evolved|grow|grown|increase|increased|decrease|decreased|fall|fallen|drop|dropped|rise|risen|shift|move|differ)(?: .+?)? (?:from|between) (?P<a>.*?\d[\w ]*?) (?:to|and|until|till) (?P<b>.*?\d[\w ]*)",
    r"como (?:cambio|cambiaron|ha cambiado|han cambiado|evoluciono|evolucionaron|crecio|crecieron|vario) .+? (?:de|entre|desde) (?P<a>.*?\d{4}) (?:a|y|hasta) (?P<b>.*?\d{4})",
    r"(?:which|who|what)(?: (?:one|country|year|of them))? (?:is|was|are|were|has|had|did|does|do|got|sold|made) (?:the )?(?:\w+er|more \w+|less \w+|more|less|fewer|better|worse)\b.*? (?P<a>\S.*?) or (?P<b>\S.*)",
    r"(?P<a>.+?) or (?P<b>.+?) which (?:one )?(?:is|was|are|were|has|had) .+",
    r"(?:cual|quien|que) (?:es|fue|era|tiene|tuvo) (?:mas \w+|menos \w+|mayor|menor|mejor|peor) (?P<a>\S.*?) o (?P<b>\S.*)",
)
_COMPARE_PATTERNS = tuple(re.compile(rf"{pattern}\Z") for pattern in _COMPARING)


@dataclass(frozen=True, slots=True)
class Side:
    """One side: what it is called, the question it is looked up by, and what a quote about it must hold."""

    label: str
    question: str
    tokens: tuple[str, ...]


def sides_of(question: str, before: str = "") -> tuple[Side, Side] | None:
    """Return both sides of a comparison; None where a question only looks like one.

    `before` is the question asked last: "compare 2018 and 2021" takes from it what is compared.
    """
    change = _CHANGE.match(question) or _CHANGE_ES.match(question)
    if change:
        what = change["s"] + (change["m"] if "m" in change.groupdict() and change["m"] else "")
        a, b = (_IN.sub("", change[side].strip()) for side in "ab")
        return _made(a, f"{what} in {a}", b, f"{what} in {b}")
    which = _WHICH.match(question) or _OR_WHICH.match(question)
    if which:
        base = _BASE.get(which["adj"].casefold())
        a, b = which["a"].strip(" ,:"), which["b"].strip(" ,:")
        if len(a.split()) > 6 or len(b.split()) > 6:
            return None
        x = (which["x"] if "x" in which.groupdict() and which["x"] else "").strip(" ,:")
        if base in ("large", "big") and not x and _is_country(a) and _is_country(b):
            return _made(a, f"What is the area of {a}?", b, f"What is the area of {b}?")
        asked = [
            f"How {base} is {side}?"
            if base and not x
            else f"{side} {which['adj'].removeprefix('more ').removeprefix('less ')} {x}".strip()
            for side in (a, b)
        ]
        return _made(a, asked[0], b, asked[1])
    both = _split(question) or _sides(question)
    if both is None:
        return None
    a, b = both
    full_a, full_b = _expanded(a, b)
    if _GENERIC.search(question) and not (pieces(a) and pieces(b)):
        return None  # "the difference between X and Y" of two ideas is rather told in one place
    if before and len(a.split()) <= 3 and len(b.split()) <= 3:
        in_a, in_b = swapped(before, a), swapped(before, b)
        if in_a or in_b:
            full_a, full_b = in_a or before, in_b or before
    return _made(a, full_a, b, full_b)


_COMPARE = re.compile(r"^[\s¿]*(?:(?:please|can you|could you) )*compar(?:e|a|ar) (?P<x>.+?)[\s?.]*$", re.IGNORECASE)
_DIVIDERS = re.compile(r"\s(?:and|y|e|with|con|versus|vs\.?|against|to)\s", re.IGNORECASE)


def _split(question: str) -> tuple[str, str] | None:
    """Cut "compare X" in two where both halves name things of a kind, else at the first word that divides."""
    match = _COMPARE.match(question)
    if not match:
        return None
    text = match["x"]
    ways = [(text[: m.start()], text[m.end() :], m.group().strip().casefold()) for m in _DIVIDERS.finditer(text)]

    def fit(way: tuple[str, str, str]) -> tuple[bool, bool, bool]:
        a, b, word = way
        kinds = {piece.kind for piece in pieces(a)} & {piece.kind for piece in pieces(b)}
        return bool(kinds) and (is_only_pieces(a) or is_only_pieces(b)), bool(kinds), word != "to"

    best = max(ways, key=fit, default=None)
    return best[:2] if best else None


def _sides(question: str) -> tuple[str, str] | None:
    """Return the two things a question is between, as typed."""
    words = Words(question)
    match = next((match for pattern in _COMPARE_PATTERNS if (match := pattern.match(words.text))), None)
    return (words.typed(match, "a"), words.typed(match, "b")) if match else None


def _is_country(text: str) -> bool:
    return is_only_pieces(text) and pieces(text)[0].kind == "country"


def _expanded(a: str, b: str) -> tuple[str, str]:
    """Return both sides as wholes: "exports in 1990" and "2023" make "exports in 2023"."""
    if is_only_pieces(b) and (not is_only_pieces(a) or len(pieces(b)) <= len(pieces(a))):
        return a, swapped(a, b) or b
    if is_only_pieces(a):
        return swapped(b, a) or a, b
    return a, b


def _made(a: str, asked_a: str, b: str, asked_b: str) -> tuple[Side, Side] | None:
    if not a or not b or fold(asked_a) == fold(asked_b):
        return None
    words_a, words_b = _content(asked_a), _content(asked_b)
    own_a = tuple(word for word in words_a if word not in words_b)
    own_b = tuple(word for word in words_b if word not in words_a)
    return Side(a, asked_a, own_a), Side(b, asked_b, own_b)


def _content(text: str) -> list[str]:
    return [
        word
        for word in re.findall(r"[^\W_]+(?:[.,]\d+)*", fold(text))
        if len(word) > 2 or word.isdigit() or word == "us"
    ]


_VALUE = re.compile(
    r"(?P<cur>US\$|MX\$|[$€£¥])?\s?(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(?P<scale>thousand|million|billion|trillion)?\s?(?P<unit>%|percent\b|per cent\b|dollars\b|euros\b|pesos\b|pounds\b|km2\b|km²|km\b|miles\b|kg\b|tons\b|tonnes\b|people\b|years\b|days\b|hours\b)?"
)
_SCALES = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}


@dataclass(frozen=True, slots=True)
class _Value:
    number: float
    scale: str
    unit: str


def cell_of(row: str, above: Sequence[str], tokens: Sequence[str]) -> Span | None:
    """Return where in a row the cell under a heading stands that is one of the tokens; None where none is.

    `above` are the lines over the row, the nearest last.
    """
    own = [token for token in tokens if " " not in token]
    edges = [0, *(at + 1 for at, mark in enumerate(row) if mark == "|"), len(row) + 1]
    cells = [(low, high - 1) for low, high in itertools.pairwise(edges)]
    for line in reversed(above):
        heads = [fold(head.strip()) for head in line.split("|")]
        column = next((at for at, head in enumerate(heads) if head in tokens), None)
        if column is None:
            # "USA United States of America" is the United States' column where no other could be
            holding = [at for at, head in enumerate(heads) if tokens and set(own) <= set(head.split())]
            column = holding[0] if len(holding) == 1 else None
        if column is not None and len(heads) == len(cells) > 1:
            low, high = cells[column]
            inside = row[low:high]
            if not inside.strip():
                return None
            return Span(low + len(inside) - len(inside.lstrip()), low + len(inside.rstrip()))
    return None


def computed(first: str, second: str, *, alike: bool = False) -> str:
    """Return difference and ratio of two numbers of one unit, marked as computed; "" where that can't be told.

    Each text must hold one number with a unit and no other; where both are cells of one row, they are `alike`
    whatever their unit.
    """
    a, b = (_number(first), _number(second)) if alike else (_value(first), _value(second))
    if a is None or b is None or a.unit != b.unit or a.number == 0:
        return ""
    scale = a.scale if _SCALES[a.scale] <= _SCALES[b.scale] else b.scale
    difference = (b.number - a.number) / _SCALES[scale]
    shown = f"{difference:+,.4g}" if abs(difference) < 1000 else f"{difference:+,.0f}"
    unit = " percentage points" if a.unit == "%" else f" {scale}".rstrip() + (f" {a.unit}" if a.unit else "")
    share = (
        ""
        if a.unit == "%"
        else f"; the second is {b.number / a.number:.3g} times the first ({(b.number / a.number - 1) * 100:+.1f} %)"
    )
    return f"Computed, not quoted: difference {shown}{unit}{share}."


def _number(text: str) -> _Value | None:
    """Return the number a cell is."""
    match = _VALUE.fullmatch(text.strip())
    return (
        _Value(float(match["n"].replace(",", "")) * _SCALES[match["scale"] or ""], match["scale"] or "", _unit(match))
        if match
        else None
    )


def _value(text: str) -> _Value | None:
    found = []
    for match in _VALUE.finditer(text):
        unit = _unit(match)
        if unit or match["scale"]:
            found.append(
                _Value(float(match["n"].replace(",", "")) * _SCALES[match["scale"] or ""], match["scale"] or "", unit)
            )
    return found[0] if len(found) == 1 else None


def _unit(match: re.Match[str]) -> str:
    said = (match["cur"] or match["unit"] or "").strip()
    return {
        "US$": "dollars",
        "$": "dollars",
        "€": "euros",
        "£": "pounds",
        "percent": "%",
        "per cent": "%",
        "MX$": "pesos",
        "km²": "km2",
    }.get(said, said)
