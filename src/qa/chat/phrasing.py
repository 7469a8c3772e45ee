"""Words that questions are built from, in English and Spanish; text in, text out. Knows no documents."""

from __future__ import annotations

import re
import unicodedata

# what is asked about by "the documents"; those of the second kind may as well be part of what documents speak of
DOCUMENT = r"(?:documents?|docs?|files?|texts?|pdfs?|documentos?|archivos?|ficheros?|textos?)"
DOCUMENTS = (
    r"(?:documents|docs|files|texts|pdfs|articles|papers|pages|sources|reports|records|materials|"
    r"documentos|archivos|ficheros|textos|fuentes|papeles|articulos|informes|paginas)"
)
COLLECTION = rf"(?:{DOCUMENTS}|document|file|text|pdf|collection|corpus|library|folder|archive|index|knowledge base|coleccion|carpeta|biblioteca|documento|archivo|fichero|texto|indice)"
_THE = r"(?:(?:all|any|each|every|of|the|these|this|those|that|your|my|our|here|entire|whole|available|indexed|loaded|todos?|todas?|los|las|el|la|tus?|mis?|estos?|estas?|este|esta|de) )*"
THE_COLLECTION = rf"{_THE}{COLLECTION}"
_POLITE = re.compile(
    r"^(?:(?:please|pls|so|and|ok|okay|hi|hello|hey|now|well|por favor|hola|"
    r"(?:can|could|would|will) you(?: please)?|(?:can|could|may) (?:i|we) (?:please )?(?:see|have|get)|"
    r"(?:i would|id|i d) like(?: to (?:see|have|get|know))?|i want(?: to (?:see|have|get|know))?|i need|"
    r"tell (?:me|us)|(?:do you know|tell me|dime|podrias|puedes|quiero(?: saber)?|me puedes|quisiera)) )+"
)
_POLITE_END = re.compile(r"(?: (?:please|pls|for me|for us|por favor|thanks|thank you|gracias))+$")


def fold(text: str) -> str:
    """Return text in small letters without accents, character for character, so that offsets stay."""
    if text.isascii():
        return text.lower()
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    low = unicodedata.normalize("NFD", character)[0].lower()
    return {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"'}.get(low, low if len(low) == 1 else character)


_WORD = re.compile(r"\w+(?:'\w+)?(?:[.,-]\w+)*")
_SHORT = re.compile(r"(what|who|where|how|when)'?s\Z")


def plain(text: str) -> str:
    """Return a question's words alone: folded, a blank between any two, apostrophes gone."""
    return " ".join(re.findall(r"\w+", fold(text).replace("'", "")))


def bare(words: str) -> str:
    """Take what is only polite from a question's words."""
    return _POLITE_END.sub("", _POLITE.sub("", f"{words} ").strip())


class Words:
    """A question's words, folded and divided by single blanks, each knowing where it was typed."""

    def __init__(self, question: str) -> None:
        self.whole = question.strip()
        folded = fold(self.whole)
        pairs: list[tuple[str, int, int]] = []
        for match in _WORD.finditer(folded):
            short = _SHORT.match(match.group())  # "what's" is two words
            pairs += [
                (word, *match.span()) for word in ([short[1], "is"] if short else [match.group().replace("'", "")])
            ]
        all_words = " ".join(word for word, _, _ in pairs)
        self.text = bare(all_words)
        at = all_words.find(self.text)
        skipped = all_words[:at].count(" ")
        self._pairs = pairs[skipped : skipped + self.text.count(" ") + 1]

    def typed(self, match: re.Match[str], group: str) -> str:
        """Return a group's words as they were typed."""
        if match[group] is None:
            return ""
        return self.cut(match.start(group), match.end(group))

    def cut(self, start: int, end: int) -> str:
        """Return words as they were typed, with the quotation marks right around them."""
        first, last = self.text.count(" ", 0, start), self.text.count(" ", 0, end)
        low, high = self._pairs[first][1], self._pairs[last][2]
        if low and high < len(self.whole) and self.whole[low - 1] in "\"“«'" and self.whole[high] in "\"”»'":
            low, high = low - 1, high + 1
        return self.whole[low:high]
