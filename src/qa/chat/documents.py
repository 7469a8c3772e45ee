"""Finds the documents that words name: by file name, by title, or by what they call themselves ("this handbook").

Knows the index's records and the beginnings of texts; knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from qa.chat.phrasing import fold
from qa.index import Index

_NOUN = frozenset(
    """
    article articles sheet factsheet page pages webpage handbook manual guide policy policies terms agreement contract report letter memo email mail
    book booklet chapter paper website site explainer blog post notes note minutes presentation slides deck spreadsheet table document file text entry
    encyclopedia encyclopaedia wikipedia wiki faq statement brochure leaflet doc pdf essay story transcript log readme article speech lecture
    articulo ficha hoja pagina guia politica informe contrato carta libro documento archivo texto sitio folleto acta manual nota enciclopedia
    """.split()
)
_BARE = frozenset("document file text doc pdf documento archivo texto".split())
_FILLER = frozenset(
    "the a an this that these those your my our of on about for in from by to and el la los las un una de del sobre en y mi tu one called named titled us".split()
)
# what a kind of text has that others lack
_GENRES = (
    (
        frozenset("encyclopedia encyclopaedia wikipedia wiki enciclopedia encyclopedic".split()),
        re.compile(
            r"\binfobox\b|from wikipedia|encyclop(?:a)?edia|(?m:^==? ?[^=\n]+ ?==?$)|(?m:^see also$)", re.IGNORECASE
        ),
    ),
    (
        frozenset("blog post".split()),
        re.compile(r"\bby\s*\n\s*•|leave a comment|posted (?:on|by)|share this|discover more from", re.IGNORECASE),
    ),
    (frozenset("faq".split()), re.compile(r"frequently asked|\bfaqs?\b", re.IGNORECASE)),
)
_ENGLISH = {
    "hoja": "sheet", "ficha": "sheet", "informativa": "fact", "articulo": "article", "enciclopedia": "encyclopedia", "pagina": "page", "guia": "guide",
    "informe": "report", "politica": "policy", "contrato": "contract", "carta": "letter", "embajada": "embassy", "libro": "book", "acta": "minutes",
}  # fmt: skip
_HEAD = 600  # characters of a text's beginning that may name it
_LOOKED_AT = 200  # documents whose texts are asked what they call themselves
_MOST = 3
_ALL_TOGETHER = frozenset(
    "handbook manual guide documentation policies book wiki notes minutes papers website site manuales politicas manual guia libro".split()
)


def documents_named(index: Index, words: str) -> tuple[str, ...]:
    """Return the documents that words name, the best only; none where the words are rather a subject.

    A subject that stands in a title isn't enough: "the treaty" names a document where one calls itself so. "The manual"
    that no document is names them all.
    """
    wanted = " ".join(_ENGLISH.get(fold(word), word) for word in words.split())
    wanted = wanted.strip(" \t\n\"'“”‘’?!.,")
    exact = [source for source in index.sources if _is_name(wanted, source)]
    if exact:
        return tuple(exact[:_MOST])
    tokens = [token for token in _tokens(wanted) if token not in _FILLER]
    nouns = [token for token in tokens if token in _NOUN]
    own = [token for token in tokens if token not in _BARE]
    if not tokens or len(tokens) > 8:
        return ()
    if not own:
        return (index.sources[0],) if len(index.sources) == 1 else ()
    ranked = sorted(
        ((_fit(index, source, own, bool(nouns)), source) for source in index.sources), key=lambda one: (-one[0], one[1])
    )
    best = ranked[0][0] if ranked else 0.0
    if best <= 0:
        # "the manual" whose chapters are files, none of which calls itself so
        return index.sources if len(tokens) == 1 and tokens[0] in _ALL_TOGETHER else ()
    found = [source for score, source in ranked if score >= best - 1e-9]
    return tuple(found) if len(found) <= _MOST else ()


def _is_name(words: str, source: str) -> bool:
    path = PurePosixPath(source)
    folded = fold(words)
    return folded in (fold(source), fold(path.name)) or (folded == fold(path.stem) and len(folded) > 2)


def _fit(index: Index, source: str, tokens: Sequence[str], is_document: bool) -> float:
    """Say how well words name a document, 0 where they don't: each must stand in its name, or its text must bear it out."""
    record = index.record_of(source)
    name = set(_tokens(f"{PurePosixPath(source).stem} {record.title}"))
    if not is_document:
        # bare words are a subject unless they are most of the name
        return 1.0 if all(_has(name, token) for token in tokens) and 2 * len(tokens) >= len(name - _FILLER) else 0.0
    if len(index.sources) > _LOOKED_AT:
        return float(all(_has(name, token) for token in tokens))
    text = index.document(source).text
    head = set(_tokens(text[:_HEAD])) | {
        token for section in record.sections[:1] for part in section.heading for token in _tokens(part)
    }
    folded = ""
    score = 0.0
    for token in tokens:
        if _has(name, token):
            score += 3
            continue
        genre = next((pattern for words, pattern in _GENRES if token in words), None)
        if genre is not None:
            found = len(genre.findall(text[:200_000]))
            if not found and token not in _NOUN:
                return 0.0
            score += min(found, 4) / 2
            continue
        folded = folded or fold(text[:200_000])
        called = len(re.findall(rf"\b(?:this|our|the present|este|esta)(?: \w+)? {re.escape(token)}\b", folded))
        if called and token in _NOUN | {"fact"}:
            score += min(called, 4) / 2
        elif _has(head, token):
            score += 1
        elif token == "fact" and "fact sheet" in folded:
            score += 0.5
        elif token not in _NOUN:
            return 0.0
    return score


def _has(words: set[str], token: str) -> bool:
    return token in words or any(word.rstrip("s") == token.rstrip("s") for word in words)


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", fold(text))
