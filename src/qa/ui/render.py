"""Answers to terminal text and to HTML: pure, escaped, and ignorant of gradio.

A highlight is cut out of the passage by its offsets, never looked for by its words.
"""

from __future__ import annotations

import html
import itertools
import textwrap
from collections.abc import Callable, Sequence

from qa.types import Answer, Citation, Kind, Passage, Span, Verdict
from qa.ui.answer_json import place, where
from qa.ui.escape import escaped, named
from qa.ui.terminal import safe

SAID = {
    Verdict.ANSWERED: "",
    Verdict.UNSURE: "Probably not an answer: these are only the nearest passages.",
    Verdict.NOT_FOUND: "Not in your documents, as far as they could be read.",
}
WRITTEN = "Written by a language model:"
_WIDTH = 96

Drawn = Callable[[str], str]
"""Source in; out the digest it is indexed under where a picture of its pages can be had, "" elsewhere."""
_BOLD = ("<strong>", "</strong>")


def to_text(answer: Answer, *, colour: bool, most: int = 3) -> str:
    """Return the answer for a terminal: verdict, quotes with their places, the best passages with highlights."""
    bold, dim, mark, plain = ("\033[1m", "\033[2m", "\033[7m", "\033[0m") if colour else ("", "", "", "")
    opening, closing = (mark, plain) if colour else ("»", "«")
    if answer.kind is not Kind.PASSAGE:
        return _reply_text(answer, (bold, dim, plain))
    blocks = []
    if SAID[answer.verdict]:
        blocks.append(f"{bold}{SAID[answer.verdict]}{plain}")
    for notice in answer.notices:
        blocks.append(f"{dim}{safe(notice)}{plain}")
    if answer.searched != answer.question and not answer.notices:
        blocks.append(f"{dim}Searched for: {safe(answer.searched)}{plain}")
    if answer.generated:
        blocks.append(f"{dim}{WRITTEN}{plain}\n{textwrap.indent(safe(answer.text), '    ')}")
    if answer.yes_no:
        blocks.append(f"{bold}{_settled(answer)}{plain}")
    for citation in answer.citations:
        stands = safe(place(citation.passage, citation.quote))
        quote = _focused(citation, safe, ("\033[4m", "\033[24m") if colour else ("", ""))
        blocks.append(f"{bold}“{quote}” [{citation.passage.number}]{plain}\n    {dim}{stands}{plain}")
    shown = {citation.passage.number for citation in answer.citations} | {p.number for p in answer.passages[:most]}
    for passage in answer.passages:
        if passage.number not in shown:
            continue
        body = "".join(f"{opening}{safe(piece)}{closing}" if lit else safe(piece) for _, piece, lit in _pieces(passage))
        lines = [
            textwrap.fill(line, _WIDTH, initial_indent="    ", subsequent_indent="    ") for line in body.splitlines()
        ]
        support = f"\n    {dim}also in: {safe(_support(passage))}{plain}" if passage.support else ""
        head = f"{bold}[{passage.number}]{plain} {safe(place(passage))} {dim}(score {passage.score:.2f}){plain}"
        blocks.append("\n".join([head, *lines]) + support)
    return "\n\n".join(blocks)


def _reply_text(answer: Answer, styles: tuple[str, str, str]) -> str:
    """Return a reply that is no search for a terminal: what it says, then where its quotes stand."""
    bold, dim, plain = styles
    lines = [f"{bold}{safe(_said(answer))}{plain}"] if _said(answer) else []
    if answer.searched != answer.question:
        lines.append(f"{dim}Searched for: {safe(answer.searched)}{plain}")
    for part in _segments(answer):
        if isinstance(part, str):
            lines += [safe(line) for line in part.splitlines() if line.strip()]
            continue
        quote = _focused(part, safe, ("\033[4m", "\033[24m") if plain else ("", ""))
        stands = safe(place(part.passage, part.quote))
        lines.append(f"{bold}“{quote}” [{part.passage.number}]{plain}\n    {dim}{stands}{plain}")
    lines += [f"{dim}{safe(notice)}{plain}" for notice in answer.notices]
    return "\n".join(lines)


def _said(answer: Answer) -> str:
    """Return what is said of the verdict above a reply that is no search."""
    return SAID[Verdict.UNSURE] if answer.verdict is Verdict.UNSURE else ""


def _settled(answer: Answer) -> str:
    """Say yes or no in the question's language, as words of ours."""
    if "¿" in answer.question:
        return f"{'Sí' if answer.yes_no == 'yes' else 'No'}, según esta cita:"
    return f"{answer.yes_no.capitalize()}, by this quote:"


def _segments(answer: Answer) -> list[str | Citation]:
    """Cut a reply's text at its quotes; those that don't stand in it come last."""
    parts: list[str | Citation] = []
    position, over = 0, []
    for citation in answer.citations:
        mark = f"{citation.text} [{citation.passage.number}]"
        at = answer.text.find(mark, position)
        if at < 0:
            over.append(citation)
            continue
        parts += [answer.text[position:at], citation]
        position = at + len(mark)
    return [part for part in [*parts, answer.text[position:], *over] if not isinstance(part, str) or part.strip()]


def _never(source: str) -> str:
    """Draw no page of any file."""
    return ""


def answer_html(answer: Answer, turn: int, drawn: Drawn = _never) -> str:
    """Return the answer's part of the conversation: its quotes with marks that point at passages of `turn`."""
    if answer.kind is not Kind.PASSAGE:
        return _reply_html(answer, turn, drawn)
    said = SAID[answer.verdict]
    parts = [f'<div class="answer {answer.verdict.value}" data-turn="{turn}">']
    if said:
        parts.append(f'<p class="verdict">{escaped(said)}</p>')
    if answer.searched != answer.question:
        parts.append(_searched_html(answer))
    if answer.generated:
        parts.append(f'<p class="searched">{WRITTEN}</p>')
        parts.extend(f'<p class="said generated" dir="auto">{escaped(line)}</p>' for line in answer.text.splitlines())
    if answer.yes_no:
        parts.append(f'<p class="said">{escaped(_settled(answer))}</p>')
    for _, quotes in itertools.groupby(answer.citations, key=lambda citation: citation.passage.number):
        parts.append(_quotes_html(list(quotes), turn, drawn))
    parts.extend(f'<p class="notice">{escaped(notice)}</p>' for notice in answer.notices)
    if answer.verdict is Verdict.NOT_FOUND and answer.passages:
        parts.append('<p class="notice">The nearest passages are shown all the same, in case the words differ.</p>')
    parts.append("</div>")
    return "".join(parts)


_DONE = {
    Kind.COUNT: "Counted in every document",
    Kind.OVERVIEW: "Overview",
    Kind.COMPARISON: "Compared",
    Kind.SOCIAL: "",
}


def _reply_html(answer: Answer, turn: int, drawn: Drawn) -> str:
    """Return a reply that is no search: what was done, what it says with its quotes, and the way back to a search."""
    look = "answered" if answer.kind is Kind.SOCIAL else answer.verdict.value
    parts = [f'<div class="answer {look} {answer.kind.value}" data-turn="{turn}">']
    if _said(answer):
        parts.append(f'<p class="verdict">{escaped(_said(answer))}</p>')
    if _DONE[answer.kind]:
        parts.append(f'<p class="searched">{_DONE[answer.kind]}. {_otherwise(answer)}</p>')
    if answer.searched != answer.question:
        parts.append(_searched_html(answer))
    for part in _segments(answer):
        if isinstance(part, Citation):
            parts.append(_quotes_html([part], turn, drawn))
        else:
            parts.extend(_line_html(line, answer) for line in part.splitlines() if line.strip())
    # the button says in one press what the first notice says in words
    rest = answer.notices[1:] if _DONE[answer.kind] else answer.notices
    parts.extend(f'<p class="notice">{escaped(notice)}</p>' for notice in rest)
    return "".join([*parts, "</div>"])


def _line_html(line: str, answer: Answer) -> str:
    """Return a line of a reply; a question that is proposed can be pressed."""
    if answer.kind is Kind.SOCIAL and line.startswith("• "):
        asked = html.escape(line.removeprefix("• "))
        return f'<p class="said"><button type="button" class="fill" data-ask="{asked}">{asked}</button></p>'
    return f'<p class="said" dir="auto">{escaped(line)}</p>'


def _otherwise(answer: Answer) -> str:
    asked = html.escape(f"search: {answer.question}")
    return f'<button type="button" class="fill" data-ask="{asked}">Search for this instead</button>'


def _searched_html(answer: Answer) -> str:
    """Return what was searched for, to be put into the box and changed."""
    whole = html.escape(answer.searched)
    return (
        f'<p class="searched">Searched for: <q>{escaped(_short(answer.searched))}</q> '
        f'<button type="button" class="fill" data-edit="{whole}">Edit</button></p>'
    )


def evidence_html(answer: Answer, turn: int, drawn: Drawn = _never) -> str:
    """Return the numbered passages, each with its place, its whole text and its highlights."""
    if not answer.passages and answer.kind is not Kind.PASSAGE:
        return '<p class="empty">Nothing is quoted here.</p>'
    if not answer.passages:
        return '<p class="empty">No passage came near this question.</p>'
    cited = {citation.passage.number for citation in answer.citations}
    lead = {
        Verdict.ANSWERED: "Evidence",
        Verdict.UNSURE: "Nearest passages (probably not an answer)",
        Verdict.NOT_FOUND: "Nearest passages (not an answer)",
    }[answer.verdict]
    cards = "".join(_passage_html(passage, passage.number in cited, turn, drawn) for passage in answer.passages)
    return f'<h2 class="lead">{lead}</h2><ol class="passages">{cards}</ol>'


def question_html(question: str) -> str:
    """Return the question as asked."""
    return f'<div class="question">{escaped(_short(question, 2000))}</div>'


def error_html(message: str) -> str:
    """Return an error as the page shows it."""
    return f'<div class="answer error" role="alert"><p class="verdict">{escaped(message)}</p></div>'


def _pieces(passage: Passage) -> list[tuple[int, str, bool]]:
    """Cut a passage at its highlights: (start in the document, text, whether highlighted), nothing lost."""
    pieces, position, base = [], passage.span.start, passage.span.start
    for highlight in sorted(passage.highlights):
        begin = max(position, highlight.start)
        pieces.append((position, passage.text[position - base : begin - base], False))
        pieces.append((begin, passage.text[begin - base : highlight.end - base], True))
        position = max(position, highlight.end)
    pieces.append((position, passage.text[position - base :], False))
    return [piece for piece in pieces if piece[1]]


def _quotes_html(citations: Sequence[Citation], turn: int, drawn: Drawn) -> str:
    """Quotes of one passage, each with its mark, and where they stand."""
    passage = citations[0].passage
    stands = escaped(place(passage, _hull([citation.quote for citation in citations])))
    paragraphs = "".join(
        f'<p dir="auto">{_focused(citation, escaped, _BOLD)} '
        f'<button type="button" class="cite" data-turn="{turn}" data-n="{passage.number}" '
        f'data-start="{citation.quote.start}" aria-label="Show passage {passage.number}: {stands}">'
        f"[{passage.number}]</button></p>"
        for citation in citations
    )
    shown = _page_button(passage, [citation.quote for citation in citations], drawn)
    return f'<blockquote class="quote">{paragraphs}<footer>{stands}{shown}</footer></blockquote>'


def _focused(citation: Citation, clean: Callable[[str], str], marks: tuple[str, str]) -> str:
    """Return the quote, cleaned, with marks around the words that answer, cut out by their offsets."""
    if citation.focus is None:
        return clean(citation.text)
    start, end = citation.focus.start - citation.quote.start, citation.focus.end - citation.quote.start
    before, words, after = citation.text[:start], citation.text[start:end], citation.text[end:]
    return f"{clean(before)}{marks[0]}{clean(words)}{marks[1]}{clean(after)}"


def _passage_html(passage: Passage, cited: bool, turn: int, drawn: Drawn) -> str:
    body = "".join(
        f'<mark data-start="{start}">{escaped(piece)}</mark>' if lit else escaped(piece)
        for start, piece, lit in _pieces(passage)
    )
    heading = " › ".join(passage.section.heading)
    inside = where(passage, passage.span)
    page = f'<span class="where">{escaped(inside)}</span>' if inside else ""
    shown = _page_button(passage, passage.highlights or [passage.span], drawn)
    support = f'<p class="support">Also in: {escaped(_support(passage))}</p>' if passage.support else ""
    kind = "cited" if cited else "near"
    return (
        f'<li class="passage {kind}" id="p-{turn}-{passage.number}" tabindex="-1">'
        f'<header><span class="n">[{passage.number}]</span> <span class="source">{named(passage.source)}</span>'
        f'{page}<span class="heading">{escaped(heading)}</span>{shown}</header>'
        f'<div class="text" dir="auto">{body}</div>{support}</li>'
    )


def _page_button(passage: Passage, spans: Sequence[Span], drawn: Drawn) -> str:
    """Return the button that shows spans of a passage on the picture of their page; "" where there is none."""
    pages = [
        found.label
        for found in passage.places
        if found.kind == "page" and any(found.span.overlaps(span) for span in spans)
    ]
    digest = drawn(passage.source) if pages else ""
    if not digest:
        return ""
    label = f"page {pages[0]}" if len(pages) == 1 else f"pages {pages[0]}–{pages[-1]}"
    asked = ",".join(f"{span.start}-{span.end}" for span in spans)
    return (
        f'<button type="button" class="page" data-source="{html.escape(passage.source)}" '
        f'data-name="{escaped(passage.source)}" '
        f'data-digest="{html.escape(digest)}" data-spans="{asked}" '
        f'data-pages="{escaped(label)}" aria-haspopup="dialog">'
        f"Show on {escaped(label)}</button>"
    )


def _hull(spans: Sequence[Span]) -> Span:
    """Return the shortest span that holds them all."""
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def _support(passage: Passage) -> str:
    return ", ".join(dict.fromkeys(hit.chunk.source for hit in passage.support))


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
