"""Numbers as a spreadsheet shows them: format codes such as `#,##0.00 "€"`, `0%` or `dd.mm.yyyy`.

What a code leaves to the reader's country is shown in one way: full stop for decimals, English names of
months, and ISO dates where the code means no more than "a short date".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

# the codes that files name by number only
BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
_TOKEN = re.compile(
    r"""
    (?P<literal>"[^"]*"?|\\.|[_*].)
    | (?P<elapsed>\[(?:h+|m+|s+)\])
    | (?P<bracket>\[[^\]]*\]?)
    | (?P<general>General)
    | (?P<half>AM/PM|A/P)
    | (?P<power>E[+-]0+)
    | (?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+)
    | (?P<number>[0#?][0#?.,]*|\.[0#?]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL | re.ASCII,  # or "ſ" would be an "s"
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]")
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_LONGEST = 255  # Excel allows no longer codes

_Tokens = tuple[tuple[str, str], ...]


def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return a number as the format `code` shows it; as plain digits where the code can't be followed."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if code == "General":
        return general(value)
    try:
        return _shown(value, code, since_1904)
    except (ValueError, ArithmeticError, IndexError):
        return general(value)


def general(value: float) -> str:
    """Return a number without a format: all its digits, but not the noise of binary fractions."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}".replace("e", "E")


def shown_text(words: str, code: str) -> str:
    """Return text as the format `code` shows it: in the place of its "@", or as it is."""
    if code in ("@", "General") or "@" not in code:
        return words
    tokens = _sections(code)[-1]
    return "".join(words if token == "@" else _literal(kind, token) for kind, token in tokens)


def _shown(value: float, code: str, since_1904: bool) -> str:
    sections = _sections(code)
    tokens, value = _chosen(sections, value)
    kinds = {kind for kind, _ in tokens}
    if kinds & {"date", "elapsed"} and "number" not in kinds:
        return _date(value, tokens, since_1904)
    if "general" in kinds or (not kinds & {"number", "power"} and any(token == "@" for _, token in tokens)):
        return "".join(
            general(value) if kind == "general" or token == "@" else _literal(kind, token) for kind, token in tokens
        )
    if "number" not in kinds:
        return "".join(_literal(kind, token) for kind, token in tokens)
    if any(token == "/" for kind, token in tokens if kind == "other"):
        return _fraction(value, tokens)
    return _number(value, tokens)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[_Tokens, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code[:_LONGEST]):
        kind = match.lastgroup or "other"
        if kind == "other" and match[0] == ";":
            sections.append([])
        else:
            sections[-1].append((kind, match[0]))
    return tuple(tuple(section) for section in sections)


def _chosen(sections: tuple[_Tokens, ...], value: float) -> tuple[_Tokens, float]:
    """Return the section for a value, and the value as that section is to show it (without a sign, or with)."""
    conditions = [_condition(section) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _holds(value, *condition):
                return section, value
        return sections[-1], value
    numeric = sections[:3]
    if len(numeric) == 3 and value == 0:
        return numeric[2], value
    if len(numeric) > 1 and value < 0:
        return numeric[1], -value
    return numeric[0], value


def _condition(section: _Tokens) -> tuple[str, float] | None:
    for kind, token in section:
        match = _CONDITION.fullmatch(token) if kind == "bracket" else None
        if match:
            return match[1], float(match[2])
    return None


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]


def _literal(kind: str, token: str) -> str:
    if kind == "literal":
        return token.strip('"') if token[0] == '"' else token[1] if token[0] == "\\" else ""
    if kind == "bracket":
        # a currency stands as [$€-407], a colour or a condition leaves no trace
        return token[2:].rstrip("]").split("-")[0] if token.startswith("[$") else ""
    return token if kind == "other" and token != "@" else ""


def _number(value: float, tokens: _Tokens) -> str:
    pattern = "".join(token for kind, token in tokens if kind == "number")
    whole, _, decimals = pattern.partition(".")
    places = sum(one in "0#?" for one in decimals)
    percents = sum(kind == "other" and token == "%" for kind, token in tokens)
    thousands = len(pattern) - len(pattern.rstrip(","))
    power = next((token for kind, token in tokens if kind == "power"), "")
    exact = Decimal(repr(value)) * (Decimal(100) ** percents) / (Decimal(1000) ** thousands)
    exponent = ""
    if power:
        at = exact.adjusted() if exact else 0
        exact = exact.scaleb(-at)
        sign = "-" if at < 0 else "+" if power[1] == "+" else ""
        exponent = f"E{sign}{abs(at):0{len(power) - 2}d}"
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    digits, _, rest = f"{abs(rounded):f}".partition(".")
    least = len(decimals.rstrip("#?,").replace(",", ""))
    rest = rest[:least] + rest[least:].rstrip("0")
    digits = digits.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole.rstrip(","):
        digits = f"{digits[: len(digits) % 3]},{_threes(digits[len(digits) % 3 :])}".strip(",")
    words = digits + ("." + rest if rest or (decimals and "." in pattern and least) else "") + exponent
    sign = "-" if rounded < 0 else ""
    return sign + _in_place(tokens, words or "0")


def _threes(digits: str) -> str:
    return ",".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def _in_place(tokens: _Tokens, words: str) -> str:
    """Return the literals around the number, which stands where its first digit does."""
    parts = []
    placed = False
    for kind, token in tokens:
        if kind in ("number", "power"):
            parts.append("" if placed else words)
            placed = True
        else:
            parts.append(_literal(kind, token))
    return "".join(parts).strip()


def _fraction(value: float, tokens: _Tokens) -> str:
    below = next((token for kind, token in reversed(tokens) if kind == "number"), "?")
    exact = Fraction(repr(abs(value))).limit_denominator(10 ** min(len(below), 4) - 1)
    whole, part = divmod(exact, 1)
    words = [str(whole)] if whole or not part else []
    if part:
        words.append(f"{part.numerator}/{part.denominator}")
    return ("-" if value < 0 else "") + " ".join(words)


def _date(value: float, tokens: _Tokens, since_1904: bool) -> str:
    if value < 0 and not any(kind == "elapsed" for kind, _ in tokens):
        return general(value)
    parts: list[str] = []
    fine = next((len(token.partition(".")[2]) for kind, token in tokens if kind == "date" and "." in token), 0)
    seconds = round(value * 86400, fine)
    # Excel believes in a 29 February 1900, so its first two months are off by a day
    epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if value < 60 else 30)
    moment = epoch + timedelta(seconds=seconds if value >= 0 else 0)
    half = any(kind == "half" for kind, _ in tokens)
    last = ""
    for at, (kind, token) in enumerate(tokens):
        if kind == "date":
            letter = token[0].lower()
            is_minute = letter == "m" and len(token) <= 2 and (last in ("h", "s") or _next_date(tokens, at) == "s")
            parts.append(_part(moment, token.lower(), seconds, half=half, is_minute=is_minute))
            last = letter if not is_minute else "minute"
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[token[1].lower()]
            count = int(abs(seconds) // unit)
            parts.append(("-" if value < 0 else "") + f"{count:0{len(token) - 2}d}")
            last = token[1].lower()
        elif kind == "half":
            parts.append(("AM" if moment.hour < 12 else "PM")[: 2 if len(token) > 3 else 1])
        else:
            parts.append(_literal(kind, token))
    return "".join(parts).strip()


def _next_date(tokens: _Tokens, at: int) -> str:
    return next((token[0].lower() for kind, token in tokens[at + 1 :] if kind in ("date", "elapsed")), "")


def _part(moment: datetime, token: str, seconds: float, *, half: bool, is_minute: bool) -> str:
    letter, width = token[0], len(token)
    if letter == "y" or letter == "e":
        return f"{moment.year:04d}" if width > 2 or letter == "e" else f"{moment.year % 100:02d}"
    if is_minute:
        return f"{moment.minute:0{width}d}"
    if letter == "m":
        name = _MONTHS[moment.month - 1]
        return {3: name[:3], 4: name, 5: name[0]}.get(width, f"{moment.month:0{min(width, 2)}d}")
    if letter == "d":
        name = _DAYS[moment.weekday()]
        return {3: name[:3], 4: name}.get(width, f"{moment.day:0{min(width, 2)}d}")
    if letter == "h":
        hour = (moment.hour - 1) % 12 + 1 if half else moment.hour
        return f"{hour:0{min(width, 2)}d}"
    whole, _, fine = token.partition(".")
    if fine:
        return f"{moment.second + seconds % 1:0{len(fine) + 1 + min(len(whole), 2)}.{len(fine)}f}"
    return f"{moment.second:0{min(width, 2)}d}"
