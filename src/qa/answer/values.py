"""Values that sentences give for what was asked, and whether they agree. Pure.

A value is an amount, a date or plain words; amounts agree where one is said to be about, or over, the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.types import Value

_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mn": 1e6, "bn": 1e9}
_WORDS = {
    word: float(at)
    for at, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0}
_AMOUNT = re.compile(
    rf"""(?P<before>[$€£¥])?\s?(?:(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)|\b(?P<word>{"|".join(_WORDS)}|half|a)\b)
    (?:[\s-](?P<scale>{"|".join(_SCALES)})\b)?\s?(?P<after>%|percent\b|per\ cent\b|[A-Za-z]+)?""",
    re.IGNORECASE | re.VERBOSE,
)
_ABOVE = re.compile(
    r"\b(?:over|more than|at least|above|exceed\w*|upwards of|no less than)\s*(?:US)?[$€£]?\s*$", re.IGNORECASE
)
_BELOW = re.compile(r"\b(?:under|less than|at most|below|fewer than|up to)\s*(?:US)?[$€£]?\s*$", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:about|around|nearly|almost|approximately|some|roughly|an estimated|estimated)\s*(?:US)?[$€£]?\s*$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_MONTHS = "january february march april may june july august september october november december".split()
_DATE = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})\.?\s(?P<m1>{'|'.join(_MONTHS)})|(?P<m2>{'|'.join(_MONTHS)})(?:\s(?P<d2>\d{{1,2}}))?)\b,?(?:\s(?P<y>(?:1[5-9]|20)\d\d))?",
    re.IGNORECASE,
)
_NEAR = 0.1  # share by which an "about" may be off
_SAME = 0.005


@dataclass(frozen=True, slots=True)
class ParsedValue:
    """What a sentence gives: an amount with its unit, a date (year, month, day; 0 unknown), or folded words."""

    text: str
    amount: float | None = None
    unit: str = ""
    bound: int = 0  # 1: more than that, -1: less, 2: about
    date: tuple[int, int, int] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is an amount or a date, not words."""
        return self.amount is not None or self.date is not None

    def agrees(self, other: ParsedValue) -> bool:
        """Tell whether two values may both be true of one thing at one time."""
        if self.date and other.date:
            return all(not one or not two or one == two for one, two in zip(self.date, other.date, strict=True))
        if self.amount is not None and other.amount is not None:
            return self._amounts_agree(other)
        return self.text == other.text or self.text in other.text or other.text in self.text

    def _amounts_agree(self, other: ParsedValue) -> bool:
        one, two = self.amount or 0.0, other.amount or 0.0
        larger = max(abs(one), abs(two), 1e-9)
        if abs(one - two) <= _SAME * larger:
            return True
        if 2 in (self.bound, other.bound) and abs(one - two) <= _NEAR * larger:
            return True
        # "over one million" and 1.6 million; not "over one" and 400
        return any(
            (a.bound == 1 and x < y <= 2 * x) or (a.bound == -1 and y < x <= 2 * y)
            for a, x, y in ((self, one, two), (other, two, one))
        )

    def like(self, other: ParsedValue) -> bool:
        """Tell whether two values are of one kind, so that they can differ."""
        if self.date or other.date:
            return bool(self.date and other.date)
        if (self.amount is None) != (other.amount is None):
            return False
        if "%" in (self.unit, other.unit):
            return self.unit == other.unit
        return self.amount is None or not self.unit or not other.unit or self.unit == other.unit


def value_of(words: str, before: str = "") -> ParsedValue:
    """Return the value that words give; `before` is what leads up to them in their sentence."""
    folded = " ".join(re.findall(r"\w+", words.casefold()))
    date = _DATE.search(words)
    if date and (date["y"] or date["d1"] or date["d2"]):
        month = (date["m1"] or date["m2"]).lower()
        return ParsedValue(
            folded, date=(int(date["y"] or 0), _MONTHS.index(month) + 1, int(date["d1"] or date["d2"] or 0))
        )
    if re.fullmatch(r"\D{0,12}(?:1[5-9]|20)\d\d\D{0,3}", words.strip()) and (year := _YEAR.search(words)):
        return ParsedValue(folded, date=(int(year[0]), 0, 0))
    match = _AMOUNT.search(words)
    if not match or (match["word"] and match["word"].lower() in ("a", "half") and not match["scale"]):
        return ParsedValue(folded)
    number = float(match["digits"].replace(",", "")) if match["digits"] else _WORDS.get(match["word"].lower(), 0.5)
    if match["word"] and match["word"].lower() == "a":
        number = 1.0
    number *= _SCALES.get((match["scale"] or "").lower(), 1.0)
    lead = f"{before} {words[: match.start()]}"
    bound = 1 if _ABOVE.search(lead) else -1 if _BELOW.search(lead) else 2 if _ABOUT.search(lead) else 0
    return ParsedValue(folded, number, _unit(match["before"], match["after"]), bound)


def _unit(before: str | None, after: str | None) -> str:
    if before:
        return before
    plain = (after or "").lower()
    return "%" if plain in ("%", "percent", "per cent", "per") else "$" if plain.startswith("dollar") else ""


def as_of(sentence: str, words: str, date: str = "") -> str:
    """Return the year a sentence speaks of, other than in the words themselves; else that of its document; else ""."""
    years = _YEAR.findall(sentence.replace(words, " "))
    found = _YEAR.search(date)
    return max(years) if years else found[0] if found else ""


def relation(values: Sequence[Value]) -> str:
    """Say how the values given for one thing stand to each other: "agree", "differ by date" or "contradict"."""
    if len(values) < 2:
        return "agree"
    return "differ by date" if all(one.as_of for one in values) and len({v.as_of for v in values}) > 1 else "contradict"


def said_of(values: Sequence[Value], sources: int) -> str:
    """Put in words that documents agree, or what each says; "" where there is one source and one value."""
    if len(values) < 2:
        return f"{sources} documents agree." if sources > 1 else ""
    given = "; ".join(f"{one.text}{f' ({one.as_of})' if one.as_of else ''} [{one.numbers[0]}]" for one in values)
    return f"The quotes differ{' by date' if relation(values) == 'differ by date' else ''}: {given}."


def grouped(values: Sequence[ParsedValue]) -> list[list[int]]:
    """Put values that agree together, in the order of each group's first; those unlike the first are left out."""
    groups: list[list[int]] = []
    for at, value in enumerate(values):
        if not value.like(values[0]):
            continue
        home = next((group for group in groups if values[group[0]].agrees(value)), None)
        if home is None:
            groups.append([at])
        else:
            home.append(at)
    return groups
