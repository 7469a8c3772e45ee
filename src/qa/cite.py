"""Draft and passages to a checked answer: the only place that reads `[n]`, and the keeper of the quote contract.

A quote that doesn't stand at its place is refused with `QuoteMismatch`, never shown; so are words that are no quote,
unless who wrote them was declared to write words of its own, and then they are marked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.errors import QuoteMismatch
from qa.types import STRUCK_OUT, Answer, Citation, Document, Draft, FreeText, Passage, Span, Verdict

GENERATED = "What stands outside the quotes was written by a language model, not by your documents."
_MARK = re.compile(r"[ \t]?\[(\d{1,4})\]")

DocumentOf = Callable[[str], Document]
"""Source in, document with canonical text out."""


def cite(
    question: str,
    searched: str,
    draft: Draft,
    passages: Sequence[Passage],
    document_of: DocumentOf,
    verdict: Verdict,
    confidence: float,
    notices: Sequence[str] = (),
    free_text: FreeText = FreeText.REFUSED,
) -> Answer:
    """Turn a draft into an answer whose every quote has been checked against its document.

    A mark without such a passage is taken out of the text and said in the notices. Where nothing was
    found there is no text and no citation, whatever the draft says. Raises QuoteMismatch where the draft holds words
    that are no quote and `free_text` is refused.
    """
    document_of = functools.cache(document_of)  # each is asked for again and again
    if verdict is Verdict.NOT_FOUND:
        draft = Draft("", ())
    text, missing = _without_unknown_marks(draft, passages)
    said = list(notices)
    if missing:
        said.append(f"{missing} citation mark(s) pointed at no passage and were taken out.")
    free = [] if free_text is FreeText.OWN else _unquoted(replace(draft, text=text), passages)
    if free and free_text is FreeText.REFUSED:
        words = free[0].of(text)
        raise QuoteMismatch(
            f"The draft holds words that are no quote (“{words[:60]}{'…' if len(words) > 60 else ''}”), so the answer "
            "is withheld. An answerer that writes words of its own must say so: generative = True."
        )
    if free:
        said.append(GENERATED)
    quoted: dict[int, list[Span]] = {}
    for quote in draft.quotes:
        quoted.setdefault(quote.number, []).append(quote.span)
    marked = [
        replace(
            passage,
            highlights=tuple(sorted(quoted.get(passage.number, passage.highlights))),
            places=document_of(passage.source).places_of(passage.span),
            hidden=document_of(passage.source).hidden_in(passage.span),
        )
        for passage in passages
    ]
    by_number = {passage.number: passage for passage in marked}
    citations = tuple(
        Citation(passage, document_of(passage.source).digest, quote.span, quote.focus)
        for quote in draft.quotes
        if (passage := by_number.get(quote.number)) is not None
    )
    said += dict.fromkeys(notice for citation in citations for notice in _hidden_notices(citation))
    facts = (question, searched, text, citations, tuple(marked), verdict, confidence, tuple(said))
    answer = Answer(*facts, values=draft.values, generated=tuple(free))
    check(answer, document_of)
    return answer


def check(answer: Answer, document_of: DocumentOf) -> None:
    """The quote contract: every passage, highlight and citation is the slice of its document.

    Raises QuoteMismatch naming the first that isn't. Called when an answer is made and again before it
    is displayed.
    """
    for passage in answer.passages:
        document = document_of(passage.source)
        slice_ = document.text[passage.span.start : passage.span.end]
        if slice_ != passage.text or len(slice_) != len(passage.span):
            raise QuoteMismatch(_refusal(passage.source, passage.span, "passage"))
        for highlight in passage.highlights:
            if not passage.span.contains(highlight):
                raise QuoteMismatch(_refusal(passage.source, highlight, "highlight"))
    for citation in answer.citations:
        passage, quote = citation.passage, citation.quote
        document = document_of(passage.source)
        stands = passage.span.contains(quote) and document.text[quote.start : quote.end] == citation.text
        if not stands or not citation.text or citation.digest != document.digest:
            raise QuoteMismatch(_refusal(passage.source, quote, "quote"))
        if citation.focus is not None and not quote.contains(citation.focus):
            raise QuoteMismatch(_refusal(passage.source, citation.focus, "focus"))


def _hidden_notices(citation: Citation) -> Iterator[str]:
    """Say what of a quote nobody who opens the file sees, or sees struck out, also right beside it."""
    source, quote = citation.passage.source, citation.quote
    struck = [one for one in citation.passage.hidden if one.why == STRUCK_OUT]
    unseen = [one for one in citation.hidden if one.why != STRUCK_OUT]
    if unseen:
        seen = list(citation.text)
        for one in unseen:
            start, end = max(one.span.start, quote.start), min(one.span.end, quote.end)
            seen[start - quote.start : end - quote.start] = " " * (end - start)
        why = ", ".join(dict.fromkeys(one.why for one in unseen))
        what = "holds text" if "".join(seen).strip() else "is text"
        yield f"The quote from {source} {what} that nobody sees in the file ({why})."
    if any(one.span.overlaps(quote) for one in struck):
        yield f"The quote from {source} holds words that are struck out in the file."
    elif any(_is_beside(citation, one.span) for one in struck):
        yield f"Beside the quote from {source} words are struck out in the file; they are left out."


def _is_beside(citation: Citation, span: Span) -> bool:
    """Tell whether a stretch stands in the paragraph of the quote."""
    offset, text = citation.passage.span.start, citation.passage.text
    first, last = sorted((span, citation.quote))
    between = text[max(0, first.end - offset) : max(0, last.start - offset)]
    return "\n\n" not in between.replace("\r", "")


def marks_in(text: str) -> list[tuple[int, int, int]]:
    """Return each `[n]` of an answer's text as (start, end, n), the blank before it included."""
    return [(match.start(), match.end(), int(match[1])) for match in _MARK.finditer(text)]


def _without_unknown_marks(draft: Draft, passages: Sequence[Passage]) -> tuple[str, int]:
    """Take out marks that point at no passage; brackets inside a quote are the document's own and stay."""
    text, verbatim = draft.text, _verbatim_in(draft, passages)
    missing = [
        (start, end)
        for start, end, number in marks_in(text)
        if not 1 <= number <= len(passages) and not any(span.contains(Span(start, end)) for span in verbatim)
    ]
    for start, end in reversed(missing):
        text = text[:start] + text[end:]
    return text, len(missing)


def _verbatim_in(draft: Draft, passages: Sequence[Passage]) -> list[Span]:
    """Return where the draft's quotes stand in its text, found in their order."""
    by_number = {passage.number: passage for passage in passages}
    found, position = [], 0
    for quote in draft.quotes:
        passage = by_number.get(quote.number)
        if passage is None or not passage.span.contains(quote.span):
            continue
        shift = passage.span.start
        words = passage.text[quote.span.start - shift : quote.span.end - shift]
        at = draft.text.find(words, position)
        if at >= 0:
            position = at + len(words)
            found.append(Span(at, position))
    return found


def _unquoted(draft: Draft, passages: Sequence[Passage]) -> list[Span]:
    """Return the stretches of a draft's text that are neither one of its quotes, nor a mark, nor blank."""
    marks = [Span(start, end) for start, end, _ in marks_in(draft.text)]
    found, position = [], 0
    for taken in [*sorted([*_verbatim_in(draft, passages), *marks]), Span(len(draft.text), len(draft.text))]:
        between = draft.text[position : taken.start]
        if words := between.strip():
            start = position + between.index(words)
            found.append(Span(start, start + len(words)))
        position = max(position, taken.end)
    return found


def _refusal(source: str, span: Span, what: str) -> str:
    return (
        f"{source}: a {what} at {span.start}..{span.end} isn't what stands there, so the answer is withheld. "
        "Run: qa index --rebuild"
    )
