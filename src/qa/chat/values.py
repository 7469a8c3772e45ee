"""Finds values of a kind in text: dates, years, amounts, percentages, people, addresses. Text in, spans out."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from qa.types import Span

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?)"
)
_SCALE = r"(?:\s?(?:thousand|million|billion|trillion|mil millones|mil|millones|mn|bn|[kKmM]\b))?"
_NUMBER = r"\d+(?:[.,]\d+)*"
_CAPITAL = r"[A-ZÁÉÍÓÚÑÜ][\w'’-]+"
_TITLE = (
    r"(?:President|Vice President|Prime Minister|Minister|Secretary(?: of State)?|Senator|Governor|Ambassador|General|Colonel|Captain|"
    r"Judge|Justice|Mr|Mrs|Ms|Dr|Prof(?:essor)?|Sir|King|Queen|Pope|Don|Señora?|Presidente|Sra?|Dra?)\.?"
)
_FIRST_NAMES = """
Aaron Adam Adrian Alan Albert Alejandro Alex Alexander Alexandra Alfred Alice Alicia Alison Amanda Amy Ana Andrea Andreas Andres Andrew Angel
Angela Ann Anna Anne Anthony Antonio Arthur Barbara Beatrice Ben Benito Benjamin Bernard Beth Betty Bill Boris Brian Bruce Carla Carlos Carmen Carol
Caroline Catherine Charles Charlotte Chris Christian Christina Christine Christopher Claire Clara Claudia Craig Daniel David Deborah Diana
Diego Donald Doris Dorothy Douglas Eduardo Edward Elena Elisabeth Elizabeth Ellen Emily Emma Enrique Eric Erica Ernesto Esteban Eva Felipe Felix Fernando
Fiona Frances Francis Francisco Frank Franklin Fred Gabriel Gary George Gerald Gloria Gordon Grace Graham Greg Guillermo Hannah Hans Harold Harry
Heather Helen Henry Hillary Howard Hugh Hugo Ian Ida Ines Irene Isabel Ivan Jack Jacob James Jane Janet Jason Javier Jean Jeff Jennifer Jeremy Jerry
Jessica Jill Jim Jimmy Joan Joe Joel John Jon Jonathan Jorge José Jose Joseph Joshua Juan Judith Julia Julian Julie Justin Karen Karl Kate
Katherine Kathleen Keith Ken Kenneth Kevin Kim Klaus Larry Laura Lauren Lawrence Leo Leon Leslie Linda Lisa Louis Louise Lucas Lucy Luis Luke Lyndon
Manuel Marcelo Marcos Margaret Maria María Marie Mario Mark Marta Martha Martin Mary Mateo Matthew Maurice Max Megan Mia Michael Michelle Miguel Mike Mona
Monica Nancy Natalie Nathan Neil Nicholas Nicole Nina Nora Oliver Olivia Oscar Pablo Pamela Patricia Patrick Paul Paula Pedro Peter Philip Phil Porfirio Rachel
Rafael Ralph Ramón Raul Rebecca Ricardo Richard Rita Robert Roberto Robin Roger Roland Ronald Rosa Rose Roy Russell Ruth Ryan Salvador Sam Samuel Sandra Sara Sarah
Scott Sean Sebastian Sergio Sharon Simon Sofia Sophia Sophie Stefan Stephanie Stephen Steve Steven Stuart Susan Sylvia Teresa Terry Theodore Thomas Tim
Timothy Tina Todd Tom Tony Ulrich Ulysses Ursula Valerie Vera Vicente Victor Victoria Vincent Virginia Walter Wendy William Winston Woodrow Yvonne Zachary Andrés
""".split()

_PATTERNS: dict[str, str] = {
    "dates": (
        rf"\b(?:{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)?\.?\s(?:de\s)?{_MONTH}(?:\s(?:de\s)?\d{{4}})?|{_MONTH}\s(?:de\s)?\d{{4}}|"
        r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b"
    ),
    "years": (r"(?<![\w.,$€£-])(?:1[0-9]|20)\d\d(?:s|(?=\b))(?![\w%]|[.,]\d)"),
    "amounts": (
        rf"(?:(?:US|CA|A|MX)?[$€£¥]\s?{_NUMBER}{_SCALE}|\b{_NUMBER}{_SCALE}\s(?:US\s)?(?:dollars|euros?|pounds|pesos|dólares|yen|USD|EUR|GBP|MXN)\b|\b(?:USD|EUR|GBP|MXN|CHF)\s?{_NUMBER}{_SCALE})"
    ),
    "percentages": (rf"\b{_NUMBER}\s?(?:%|percent\b|per cent\b|por ciento\b)"),
    "email addresses": (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "links": (r"\b(?:https?://|www\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:]"),
    "phone numbers": (
        r"(?<![\w.,-])(?:\+\d{1,3}[ -]?)?(?:\(\d{1,4}\)[ -]?)?\d{2,4}(?:[ -]\d{2,5}){2,5}(?![\w-])(?:\s?ext\.?\s?\d+)?|\b\d{3}-\d{4}\b"
    ),
    "people": (
        rf"\b(?:(?:{_TITLE}\s)+{_CAPITAL}(?:\s(?:[A-Z]\.|(?:de|del|la|von|van|der)\s{_CAPITAL}|{_CAPITAL})){{0,3}}|"
        rf"(?:{'|'.join(_FIRST_NAMES)})\s(?:[A-Z]\.\s?)*(?:(?:de|del|la|von|van|der)\s){{0,2}}{_CAPITAL}(?:\s{_CAPITAL}){{0,2}})"
    ),
}
_NAMED = (
    ("dates", r"dates?|fechas?"),
    ("years", r"years?|anos?"),
    ("people", r"people|persons?|names of people|people s names|individuals|personas|nombres de personas|gente"),
    (
        "amounts",
        r"amounts?(?: of money)?|sums?(?: of money)?|prices?|money amounts?|dollar amounts?|costs|importes?|cantidades(?: de dinero)?|precios?|montos?|sumas",
    ),
    ("percentages", r"percentages?|percents?|porcentajes?"),
    (
        "email addresses",
        r"e ?mails?(?: addresses| address)?|e-mails?(?: addresses| address)?|mail addresses|correos(?: electronicos)?",
    ),
    ("phone numbers", r"(?:tele)?phone numbers?|numbers to call|telefonos?|numeros de telefono"),
    ("links", r"links?|urls?|web ?sites?|web addresses|enlaces|paginas web"),
)
VALUE = f"(?:{'|'.join(pattern for _, pattern in _NAMED)})"
_KINDS = tuple((kind, re.compile(rf"(?:{pattern})\Z")) for kind, pattern in _NAMED)


@functools.cache
def _compiled(kind: str) -> re.Pattern[str]:
    return re.compile(_PATTERNS[kind])


def value_kind(words: str) -> str:
    """Return the kind of value that words name ("fechas" are "dates"); "" where they name none."""
    return next((kind for kind, pattern in _KINDS if pattern.match(words)), "")


_NO_NAME = frozenset(
    "Information Motors Department Assembly Electric Emeritus Secretary Manager Terms Conditions Counsel Agreement Public Services Service Council Office Election Hospital Overview Ledger Staff Partner Purpose Manager Managers Director Practitioner Data".split()
)
_TITLED = re.compile(rf"^(?:{_TITLE}\s)+")


def find_values(kind: str, text: str) -> Iterator[Span]:
    """Yield where values of a kind stand, in order, none overlapping another; a person without title where there is a first name."""
    for match in _compiled(kind).finditer(text):
        start, end = match.span()
        if kind == "people":
            title = _TITLED.match(match.group())
            name = match.group()[title.end() :] if title else match.group()
            end -= 2 if name.endswith(("'s", "’s")) else 0
            if set(name.split()) & _NO_NAME:
                continue
            start += title.end() if title and " " in name else 0
        yield Span(start, end)
