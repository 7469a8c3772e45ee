"""What a question asks for, by its form: a kind of answer, and the names, numbers and labels it speaks of. Pure.

Rules over words, English; of a question of another form, or in another language, nothing is claimed (`Asked.ANY`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Asked(StrEnum):
    """The kind of answer a question asks for."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    COUNT = "count"
    MONEY = "money"
    MEASURE = "measure"
    DURATION = "duration"
    WHY = "why"
    MANNER = "manner"
    DEFINITION = "definition"
    YES_NO = "yes/no"
    PHONE = "phone"
    EMAIL = "e-mail"
    CONTACT = "contact"
    THING = "thing"
    ANY = "any"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


_IS = r"(?:'s|\ is|\ was|\ are|\ were)"
_DO = r"(?:is|are|was|were|do|does|did|will|would|can|could|must|may|should|has|have|had|shall)"
# where a question begins, or begins again: "when it rains" and "the client who pays" ask nothing
_ASKING = (
    r"(?:^|[,;:.?!–—-]\s*|\b(?:and|so|but|or|to|for|by|with|from|of|at|in|on|since|until|till|under|know|me|say)\ )"
)
# the first that fits counts
_FORMS: tuple[tuple[Asked, re.Pattern[str]], ...] = (
    (
        Asked.PHONE,
        _pattern(
            r"""\b(?:tele)?phone\ number|\bfax\b|\b(?:what|which)\b[^,;]{0,40}\b(?:phone|telephone|number\ (?:do
            |can|should)\ (?:i|we))\b
            |\bwhom?\ (?:do|should|can)\ (?:i|we)\ (?:call|phone|ring)\b|\b(?:tele)?phone\W*$|^\W*(?:tele)?phone\b"""
        ),
    ),
    (
        Asked.EMAIL,
        _pattern(
            r"""\be-?mail\ address\b|\b(?:what|which)\b[^,;]{0,40}\be-?mail\b|\be-?mail\W*$|^\W*e-?mail\ (?:of|for)\b
            |\bwhom?\ (?:do|should|can)\ (?:i|we)\ e-?mail\b"""
        ),
    ),
    (
        Asked.CONTACT,
        _pattern(
            r"""\b(?:street|postal|mail(?:ing)?)\ address\b|\b(?:what|which)\b[^,;]{0,40}\b(?:web\ ?site|url)\b
            |\b(?:web\ ?site|url)\W*$|^\W*(?:web\ ?site|url)\ (?:of|for)\b
            |\bwhom?\ (?:do|should|can)\ (?:i|we)\ (?:contact|write|mail)\b"""
        ),
    ),
    (
        Asked.MONEY,
        _pattern(
            rf"""\bhow\ much\ (?:money|(?:does|do|did|will|would|is|are|was|were)\b.*\b(?:costs?|pay|paid|earn|spend
                |spent|worth|charged?|owe|fee|price|fine|imports?|exports?|trade))\b
            |\b(?:what|which){_IS}?\ (?:the\ |a\ )?(?:[\w-]+\ )?(?:price|cost|fee|fine|salary|wage|rent|budget
                |penalty)\b
            |^(?:price|cost|fee|fine)s?\b|\b(?:price|cost|fee)\s*\??$"""
        ),
    ),
    (
        Asked.DURATION,
        _pattern(
            rf"""\bhow\ long\ (?:{_DO}|until|till?|for|after|before)\b|\bhow\ many\ (?:days|hours|weeks|months
            |years|minutes|seconds)\b"""
        ),
    ),
    (
        Asked.MEASURE,
        _pattern(
            rf"""\bhow\ (?:tall|high|deep|wide|heavy|far|large|big|fast|hot|cold|thick|old|loud|strong)\b
            |\b(?:what|which){_IS}\ the\ (?:[\w-]+\ )?(?:height|length|depth|width|weight|size|area|distance|speed
                |temperature|age|volume|capacity|elevation|diameter|percentage|share|rate|limit|minimum|maximum
            |population)\b
            |\bwhat\ (?:percentage|percent|share)\b|\bhow\ much\b"""
        ),
    ),
    (Asked.COUNT, _pattern(r"\bhow\ many\b|\bnumber\ of\b")),
    (
        Asked.WHEN,
        _pattern(
            rf"""{_ASKING}when\b|\bwhen\ {_DO}\b|\b(?:what|which)\ (?:year|date|day|month|century|decade|time)\b
            |\bdeadline\b
            |\b(?:release|start|end|effective|expiry|expiration|due|opening|closing)\ (?:date|time|day)\b"""
        ),
    ),
    (
        Asked.WHERE,
        _pattern(
            rf"""{_ASKING}where\b|\bwhere\ {_DO}\b|\b(?:what|which)\ (?:city|country|state|place|town|region|county
            |province|location|continent
                |street|building|room|court)\b"""
        ),
    ),
    (Asked.WHY, _pattern(r"\bwhy\b|\bfor\ what\ reason\b|\bhow\ come\b")),
    (
        Asked.DEFINITION,
        _pattern(
            rf"""^\s*(?:so\ |and\ )?(?:what|who){_IS}\ (?:an?\ |the\ )?[^?]{{1,60}}\??\s*$
            |^\s*(?:tell\ me\ about|define|explain)\b|\bwhat\ does\ .{{1,50}}\ mean\b"""
        ),
    ),
    (
        Asked.WHO,
        _pattern(
            rf"""{_ASKING}who(?:m|se|'s)?\b|\b(?:what|which)\ (?:person|people|president|author|company
            |organi[sz]ation|agency|team
                |minister|king|queen|ambassador)\b"""
        ),
    ),
    (Asked.MANNER, _pattern(r"\bhow\ (?:do|does|did|can|could|should|would|is|are|was|were|to)\b|^how\b")),
    (
        Asked.YES_NO,
        _pattern(
            r"""^\s*(?:and\ |so\ )?(?:is|are|was|were|am|do|does|did|can|could|may|must|should|will|would|has|have
                |had)\b"""
        ),
    ),
    (Asked.THING, _pattern(r"\b(?:what|which)\b")),
)
_OFFICE = _pattern(rf"^\s*who{_IS}\ (?:the|our|your|in\ charge|responsible)\b")
_SUBJECT = _pattern(
    rf"""^\s*(?:so\ |and\ )?(?:(?:what|who){_IS}|tell\ me\ about|define|explain|what\ does)\s+(?:an?\ |the\ )?
    (.{{2,60}}?)(?:\s+mean)?\s*[?.!]*\s*$"""
)
# what isn't the name of a thing: a predicate, a description, a pronoun
_NOT_A_THING = _pattern(
    r"""^\w+ed\b|\b(?:at|by|in|for|to|from|with|on|about|between|when|if|that)\b|^(?:this|that|it|he|she|they|here
            |there)\b"""
)

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.&-]*"
# after a word in small letters or a number, or after another name: the first word of a question says nothing
_NAME = re.compile(rf"(?:(?<=[a-z0-9,;(\"“] )|(?<=[A-Z][\w'’-] ))(?:{_CAPITAL})(?: (?:of |the |de )?{_CAPITAL})*")
_SMALL = re.compile(r"\b[a-z]{3}")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w]|[.,]\d)")
_YEAR = re.compile(r"\b(?:1[4-9]|20)\d\d\b")
# what is told apart by a letter, a number or a code: "Hall C", "boiler 4", "§ 13 (2)", "ERR-4301", "Locker 1207"
_LABEL = re.compile(
    r"""(?:§+|\b(?i:art(?:icle|\.)?|sec(?:tion|\.)?|para(?:graph|\.)?|clause|chapter|annex|appendix|rule|no\.?|nr\.?))
        \s?\d+[a-z]?(?:\s?\(\w{1,3}\))*
    |\b[A-Z]{2,}(?:[-_\ ]?\d{2,}|/\d+)\b
    |(?<![\w.,$€£])\d+(?:\.\d+){1,3}(?![\w%]|\ ?%|\ (?:per\ ?cent|million|billion|thousand|[a-z]+s)\b)
    |\b\w*\d+[-/]\w+\b
    |\b[A-Za-z][a-z]{2,}\ (?:\d{1,5}[a-z]?|(?![AaIi]\b)[A-Za-z]|A(?=\ ))\b(?!['’.\w])""",
    re.ASCII | re.VERBOSE,
)
_NOT_LABELLED = frozenset(
    """
    in since until before after between from by of the and to for than over under about around only at on with per year
    january february march april may june july august september october november december can did does was were is are
    has had have do should would could must will may that this if when what which who how or a an i us total version
    top last first next past every each all both these those least most up out off
    """.split()
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart: what it asks for, and what it speaks of, each as written.

    `subject` is what "Who is X?" or "What is X?" asks about, "" for others.
    """

    text: str
    asked: Asked
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    years: tuple[str, ...]
    labels: tuple[str, ...]
    subject: str
    is_question: bool


@lru_cache(maxsize=256)
def analyse(text: str) -> Question:
    """Return what a question asks for and speaks of."""
    asked = _asked(text)
    # a question that writes every word with a capital tells nothing by them
    names = [name for name in dict.fromkeys(_NAME.findall(text)) if name != "I"] if _SMALL.search(text) else []
    years = tuple(dict.fromkeys(_YEAR.findall(text)))
    labels = tuple(label for label in dict.fromkeys(_LABEL.findall(text)) if _tells_apart(label))
    apart = {part for label in labels for part in _NUMBER.findall(label)}
    numbers = tuple(number for number in dict.fromkeys(_NUMBER.findall(text)) if number not in {*years, *apart})
    is_question = text.rstrip().endswith("?") or asked is not Asked.ANY
    subject = _subject(text) if asked is Asked.DEFINITION else ""
    return Question(text, asked, tuple(names), numbers, years, labels, subject, is_question)


def _asked(text: str) -> Asked:
    if _OFFICE.match(text):
        return Asked.WHO
    kind = next((kind for kind, pattern in _FORMS if pattern.search(text)), Asked.ANY)
    if kind is Asked.DEFINITION and not _is_thing(_subject(text)):
        return Asked.WHO if re.match(r"\s*who\b", text, re.IGNORECASE) else Asked.THING
    return kind


def _subject(text: str) -> str:
    match = _SUBJECT.match(text)
    return match[1] if match else ""


def _is_thing(subject: str) -> bool:
    return bool(subject) and len(subject.split()) <= 5 and not _NOT_A_THING.search(subject)


def _tells_apart(label: str) -> bool:
    """Tell whether a match is a label: "boiler 4", not "in 1994" nor "since 9"."""
    word, _, mark = label.rpartition(" ")
    if not word:
        return not _YEAR.fullmatch(label)
    return word.lower() not in _NOT_LABELLED and not _YEAR.fullmatch(mark)


_NAMED = r"(?:^|[\s(\"“])(?-i:[A-ZÀ-ÖØ-Þ])[\w'’.-]+"
_AMOUNT_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|million"
)
_KINDS: dict[Asked, re.Pattern[str]] = {
    Asked.WHO: _pattern(
        rf"{_NAMED}|\b(?:he|she|they|people|person|team|department|officer|company|you|we|users?|members?)\b"
    ),
    Asked.WHEN: _pattern(
        r"""\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}\ ?[ap]\.?m\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b
        |\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b
        |\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b
        |\b(?:century|today|yesterday|spring|summer|autumn|winter|noon|midnight|daily|weekly|monthly|annually
            |immediately)\b
        |\b(?:day|week|month|year|hour)s?\b"""
    ),
    Asked.WHERE: _pattern(
        rf"""{_NAMED}|https?:|\w/\w
        |\b(?:in|at|on|near|under|behind|inside|outside|between|north|south|east|west|room|street|floor|page|menu
            |folder|file)\b"""
    ),
    Asked.COUNT: _pattern(rf"\d|\b(?:{_AMOUNT_WORDS}|dozens?|none|no|several|half|both|single|once|twice)\b"),
    Asked.MONEY: _pattern(
        r"""[$€£¥]\s?\d|\b(?:usd|eur|gbp)\s?\d|\b(?:free|no\ charge|no\ fee|without\ charge)\b|^\s*[\d.,]+\s*$
        |\b\d[\d.,]*\s?(?:%|percent|million|billion|thousand|dollars?|euros?|pounds?|pesos?|cents?|usd|eur|gbp)"""
    ),
    Asked.MEASURE: _pattern(rf"\d|\b(?:{_AMOUNT_WORDS}|half|third|quarter|full|whole|all|none|no|nothing)\b"),
    Asked.DURATION: _pattern(
        r"""\b(?:second|minute|hour|day|week|month|year|decade)s?\b|\b(?:1[4-9]|20)\d\d\b
        |\b(?:indefinitely|forever|permanently|until|as\ long\ as|overnight)\b"""
    ),
    Asked.PHONE: _pattern(r"(?<!\b[A-Z]{2}\ )(?<![\d-])\+?\(?\d[\d\s()./-]{5,}\d|\b[1-9]\d{2}\b(?![-,.]\d)"),
    Asked.EMAIL: _pattern(r"@"),
    Asked.CONTACT: _pattern(
        r"@|\d{3}|https?:|www\.|\b[\w-]+\.(?:com|org|net|gov|edu|io)\b|\b(?:street|avenue|lane|road)\b"
    ),
}


def fits(asked: Asked, words: str) -> float:
    """Tell whether words are of the kind asked for: 1 they are, -1 they can't be, 0 where a form can't tell."""
    pattern = _KINDS.get(asked)
    if pattern is None or not words:
        return 0.0
    return 1.0 if pattern.search(words) else -1.0
