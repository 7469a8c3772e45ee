"""Puts one thing of a kind in the place of another in a question: a year for a year, a country for a country. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.chat.phrasing import fold

# name, adjective; further names after a comma
_COUNTRIES = """
Afghanistan Afghan|Argentina Argentine,Argentinian|Australia Australian|Austria Austrian|Belgium Belgian|Bolivia Bolivian|Brazil Brazilian|Bulgaria Bulgarian|
Canada Canadian|Chile Chilean|China Chinese|Colombia Colombian|Costa_Rica Costa_Rican|Croatia Croatian|Cuba Cuban|Czechia Czech|Denmark Danish|Ecuador Ecuadorian|
Egypt Egyptian|El_Salvador Salvadoran|England English|Estonia Estonian|Ethiopia Ethiopian|Finland Finnish|France French|Germany German|Greece Greek|Guatemala Guatemalan|Haiti Haitian|
Honduras Honduran|Hungary Hungarian|Iceland Icelandic|India Indian|Indonesia Indonesian|Iran Iranian|Iraq Iraqi|Ireland Irish|Israel Israeli|Italy Italian|Jamaica Jamaican|
Japan Japanese|Kenya Kenyan|Korea Korean|Latvia Latvian|Lebanon Lebanese|Lithuania Lithuanian|Luxembourg Luxembourgish|Malaysia Malaysian|Mexico,México Mexican|Morocco Moroccan|Netherlands,Holland Dutch|
New_Zealand New_Zealand|Nicaragua Nicaraguan|Nigeria Nigerian|Norway Norwegian|Pakistan Pakistani|Panama Panamanian|Paraguay Paraguayan|Peru Peruvian|Philippines Philippine,Filipino|
Poland Polish|Portugal Portuguese|Romania Romanian|Russia Russian|Saudi_Arabia Saudi|Scotland Scottish|Serbia Serbian|Singapore Singaporean|Slovakia Slovak|Slovenia Slovenian|South_Africa South_African|
South_Korea South_Korean|Spain Spanish|Sweden Swedish|Switzerland Swiss|Syria Syrian|Taiwan Taiwanese|Thailand Thai|Turkey Turkish|Ukraine Ukrainian|
United_Kingdom,UK,U.K.,Britain,Great_Britain British|United_States,US,U.S.,USA,U.S.A.,America,United_States_of_America,Estados_Unidos,EE._UU. American|Uruguay Uruguayan|Venezuela Venezuelan|
Vietnam Vietnamese|Wales Welsh|Alemania alemán,alemana|Francia francés,francesa|España español,española|Brasil brasileño,brasileña|Canadá canadiense|Italia italiano,italiana|Japón japonés,japonesa|
Reino_Unido británico,británica|Europe,European_Union,EU European
"""
_ADJECTIVES_ES = "mexicano mexicana estadounidense americano americana"
_NAMES: list[str] = []
_ADJECTIVES: list[str] = _ADJECTIVES_ES.split()
for _row in _COUNTRIES.replace("\n", "").split("|"):
    _left, _, _right = _row.strip().partition(" ")
    _NAMES += [name.replace("_", " ") for name in _left.split(",")]
    _ADJECTIVES += [name.replace("_", " ") for name in _right.split(",")]

_MONTHS = "January February March April May June July August September October November December enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday lunes martes miércoles jueves viernes sábado domingo"
# words that stand for one another; each row is one kind
_PARALLEL = """
minimum maximum; minimal maximal; lowest highest; smallest largest biggest; shortest longest; cheapest dearest;
oldest youngest newest; first second third fourth fifth last; best worst; least most; favorably unfavorably; favourably unfavourably; favorable unfavorable; favourable unfavourable; positive negative; positively negatively;
men women; male female; boys girls; man woman; mother father; husband wife; son daughter; children adults; child adult; students teachers staff employees managers contractors interns; buyer seller; buyers sellers; tenant landlord; tenants landlords;
lender borrower; employer employee; parents guardians; morning afternoon evening night; mornings afternoons evenings nights; day night; daytime night-time; weekday weekend; weekdays weekends; summer winter spring autumn fall; full-time part-time; domestic international foreign; inbound outbound;
incoming outgoing; arrival departure; entry exit; opening closing; start end; beginning end; before after; income expense; income expenses; revenue profit; revenues profits; revenue costs; profit loss; gross net; public private; north south east west; northern southern eastern western;
upper lower; left right; front rear back; hot cold; wet dry; indoor outdoor; urban rural; short-term long-term; new used; old new; free paid; basic premium; standard express; single double; breakfast lunch dinner supper; red blue green yellow white black brown orange purple grey;
monthly weekly yearly annual annually daily quarterly; export-related import-related; births deaths; goods services; coal oil gas; cars trucks buses bicycles; cats dogs; adultos niños; hombres mujeres; mínimo máximo; invierno verano primavera otoño; mañana tarde noche; entrada salida; compra venta; comprador vendedor; inquilino propietario; público privado
"""
_ROWS = [tuple(row.split()) for row in _PARALLEL.split(";")]
# those that are verbs and nouns: what is put in takes the ending of what it replaces
_STEMS = "import export|buy sell|increas decreas|immigra emigra|gain los|importaci exportaci".split("|")
_THINGS = (
    r"(?:level|boat|ship|hall|boiler|chapter|article|section|room|phase|part|step|grade|tier|type|class|building|floor|unit|zone|pump|line|gate|platform|route|bus|tram|week|day|year|season|episode|"
    r"version|release|model|plan|option|table|figure|appendix|annex|clause|paragraph|lot|plot|group|team|block|stage|category|schedule|quarter|form|nivel|sala|capítulo|artículo|sección|fase|piso|zona|grupo|versión)"
)


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in sorted(set(words), key=lambda w: (-len(w), w)))


_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "date",
        re.compile(
            rf"\b(?:(?:{'|'.join(_MONTHS.split())})\s\d{{1,2}},?\s\d{{4}}|\d{{1,2}}\s(?:{'|'.join(_MONTHS.split())})\s\d{{4}})\b",
            re.IGNORECASE,
        ),
    ),
    ("quarter", re.compile(r"\bQ[1-4]\b|\b(?:first|second|third|fourth)\squarter\b", re.IGNORECASE)),
    ("year", re.compile(r"(?<![\w.,$€£])(?:1[0-9]\d\d|20\d\d)s?(?![\w%]|[.,]\d)")),
    (
        "month",
        re.compile(
            rf"\b(?:{'|'.join(m for m in _MONTHS.split() if m not in ('May', 'March'))})\b|\b(?:May|March)\b",
            re.IGNORECASE,
        ),
    ),
    ("weekday", re.compile(rf"\b(?:{'|'.join(_DAYS.split())})s?\b", re.IGNORECASE)),
    ("thing", re.compile(rf"\b{_THINGS}\s(?:\d+(?:\.\d+)*|[A-Z]|[IVX]+|one|two|three|four|five|six)\b", re.IGNORECASE)),
    ("nationality", re.compile(rf"\b(?:{_any(_ADJECTIVES)})(?!\w)", re.IGNORECASE)),
    # "us" is a word of its own, "US" a country
    (
        "country",
        re.compile(rf"\b(?:{_any([n for n in _NAMES if n not in ('US', 'EU')])}|(?-i:US|EU))(?!\w)", re.IGNORECASE),
    ),
    *(
        (f"word {at}", re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in row)})\b", re.IGNORECASE))
        for at, row in enumerate(_ROWS)
        if row
    ),
    *(
        (f"stem {at}", re.compile(rf"\b(?:{'|'.join(row.split())})\w{{0,6}}\b", re.IGNORECASE))
        for at, row in enumerate(_STEMS)
    ),
    (
        "amount",
        re.compile(
            r"(?<![\w.,])[$€£]?\d+(?:[.,]\d+)*(?:\s?%|\s(?:kg|g|km|m|cm|litres|liters|hours|days|weeks|months|years|people|dollars|euros|pesos))?(?![\w%])"
        ),
    ),
)
_NAME = re.compile(
    r"(?<![.?!]\s)(?<!^)\b[A-ZÁÉÍÓÚÑ][\w'’.-]*(?:\s(?:(?:of|the|de|del|and|for|la)\s)?[A-ZÁÉÍÓÚÑ][\w'’.-]*)*"
)
_DETERMINER = re.compile(r"^(?:the|a|an|el|la|los|las|un|una|any|some|our|my|your)\s+", re.IGNORECASE)
_ONE = re.compile(r"\s+(?:one|ones|side|version|part)$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"^(?P<p>in|on|for|of|to|from|with|at|by|during|under|after|before|since|until|about|between|per|without|en|para|de|a|con|desde|por|durante)\s+(?P<x>.+)$",
    re.IGNORECASE,
)
_LONGEST = 8  # words of a fragment


@dataclass(frozen=True, slots=True)
class Piece:
    """A thing of a kind, and where it stands."""

    kind: str
    start: int
    end: int


def pieces(text: str) -> list[Piece]:
    """Return the things in a text that can be put in another's place, in order, none in another."""
    found: list[Piece] = []
    for kind, pattern in _KINDS:
        for match in pattern.finditer(text):
            if not any(match.start() < one.end and one.start < match.end() for one in found):
                found.append(Piece(kind, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def swapped(question: str, fragment: str) -> str | None:
    """Return a question with what the fragment names in the place of what it stands for; None where nothing fits.

    Each of several things takes the place of one of its kind, the last one; what is over is hung on.
    """
    fragment = fragment.strip(" \t¿¡?!.,;:")
    determined = bool(_DETERMINER.match(fragment))
    fragment = _ONE.sub("", _DETERMINER.sub("", fragment))
    if not fragment or len(fragment.split()) > _LONGEST:
        return None
    question = question.strip()
    mine = pieces(fragment)
    changed, left = question, fragment
    done = False
    for piece in mine:
        words = fragment[piece.start : piece.end]
        theirs = [
            one
            for one in pieces(changed)
            if one.kind == piece.kind and fold(changed[one.start : one.end]) != fold(words)
        ]
        other = {"country": "nationality", "nationality": "country"}.get(piece.kind)
        if not theirs and any(one.kind == other for one in pieces(changed)):
            return None  # "and Canada?" after "the Mexican …": which adjective that makes isn't known here
        if theirs:
            spot = theirs[-1]
            changed = (
                changed[: spot.start] + _like(piece.kind, changed[spot.start : spot.end], words) + changed[spot.end :]
            )
            left = left.replace(words, "", 1)
            done = True
    rest = re.sub(r"['’]s?(?!\w)", "", left).strip(" ,")
    if done:
        # "the German embassy" for "the Swedish embassy": what else it names was named before
        known = set(re.findall(r"\w+", fold(question))) | {"year", "ano"}
        fits = all(word in known or _is_little(word) for word in re.findall(r"\w+", fold(rest)))
        return _ARTICLE.sub(_article, changed) if fits else None
    return (
        _by_preposition(question, fragment)
        or _by_name(question, fragment, determined)
        or _hung_on(question, fragment, mine)
    )


def _is_little(rest: str) -> bool:
    return not rest or rest.casefold() in _LITTLE


_LITTLE = frozenset(
    "in on for of to from with at by during the and en para de a con el la for the in the of the".split()
) | {
    "in the",
    "of the",
    "for the",
    "to the",
    "from the",
    "with the",
    "at the",
    "on the",
    "during the",
    "by the",
    "en el",
    "en la",
    "de la",
    "del",
}


_ARTICLE = re.compile(r"\b(?P<a>[Aa])n? (?=(?P<n>[A-Za-z]))")


def _article(match: re.Match[str]) -> str:
    return f"{match['a']}{'n' if match['n'] in 'aeio' else ''} "


def is_only_pieces(text: str) -> bool:
    """Tell whether a text names things that can be exchanged, and nothing else."""
    rest = text
    found = pieces(text)
    for piece in reversed(found):
        rest = rest[: piece.start] + rest[piece.end :]
    rest = re.sub(r"['’]s?(?!\w)", "", rest)
    return bool(found) and all(word in _LITTLE or word == "the" for word in fold(rest).split())


def _by_preposition(question: str, fragment: str) -> str | None:
    """Replace what stands behind the same preposition: "for children" for "for adults"."""
    match = _PREPOSITION.match(fragment)
    if not match:
        return None
    theirs = re.compile(
        rf"\b{re.escape(match['p'])}\s+(?:(?:the|a|an|el|la|los|las)\s+)?[\w'’-]+(?:\s+(?!(?:in|on|for|of|to|from|with|at|by|during|en|para|de|a|con|is|are|was|were|do|does|did|has|have|can|should)\b)[\w'’-]+)*",
        re.IGNORECASE,
    )
    found = list(theirs.finditer(question))
    # what opens a question ("For how long …") or is "of" something is no place for it
    found = [m for m in found if m.start() > 0]
    if not found or match["p"].casefold() in ("of", "de", "to", "a"):
        return None
    spot = found[-1]
    return f"{question[: spot.start()]}{fragment}{question[spot.end() :]}"


def _by_name(question: str, fragment: str, determined: bool) -> str | None:
    """Replace the last name of a question by another, or the last with an article where this has one."""
    match = _PREPOSITION.match(fragment)
    name = match["x"] if match else fragment
    if not name[:1].isupper() or len(name.split()) > 5:
        return None
    theirs = list(_NAME.finditer(question))
    if not theirs:
        return None
    articled = [
        m
        for m in theirs
        if determined and re.search(r"\b(?:the|el|la|los|las)\s$", question[: m.start()], re.IGNORECASE)
    ]
    spot = (articled or theirs)[-1]
    ending = re.search(r"['’]s$", spot.group())
    put = name if ending is None or re.search(r"['’]s$", name) else f"{name}{ending.group()}"
    return f"{question[: spot.start()]}{put}{question[spot.end() :]}"


def _hung_on(question: str, fragment: str, mine: list[Piece]) -> str | None:
    """Put a time or a place behind a question that names none."""
    match = _PREPOSITION.match(fragment)
    if not mine or mine[0].kind not in ("year", "month", "date", "quarter", "weekday", "country") or len(mine) > 1:
        return None
    if match is None and len(fragment.split()) > 2:
        return None
    words = fragment if match else f"in {fragment}"
    mark = "?" if question.endswith("?") else ""
    return f"{question.rstrip(' ?')} {words}{mark}"


def _like(kind: str, old: str, new: str) -> str:
    """Return new words in the letters and with the ending of the old ones."""
    if kind.startswith("stem "):
        row = _STEMS[int(kind.split()[1])].split()
        mine = next(stem for stem in row if fold(new).startswith(stem))
        theirs = next(stem for stem in row if fold(old).startswith(stem))
        return mine + old[len(theirs) :]
    if (
        old.islower()
        and new[:1].isupper()
        and new.casefold() == new.lower()
        and old[:1].isalpha()
        and new.casefold() in {w.casefold() for row in _ROWS for w in row}
    ):
        return new.lower()
    return new
