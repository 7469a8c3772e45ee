"""Finds sentences: text in, spans out. Knows nothing of documents, chunks or models.

A line of a list or table is a sentence of its own; a line break inside a hard-wrapped paragraph is not
a boundary. "U.S. exports", "2.6 %", "ext. 4440" and "J. Smith" don't end a sentence. The rules favour a
sentence too long over one cut in half, since a quote that stops short is worse than one that runs on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.types import Span

# in English, Spanish, German, French, Portuguese and Italian; they end no sentence but where one plainly begins behind
_ABBREVIATIONS = frozenset(
    """
    adm al approx assn assoc ave blvd bros capt cf ch cmdr co col comm corp dept dist div dr ed eds e.g eg
    est etc ext ff fl fn ft gen gov hon i.e ibid inc incl jan feb mar apr jun jul aug sep sept oct nov dec jr
    lt ltd maj messrs mr mrs ms mt nr op ph.d prof pt rep res rev sen sgt sr st ste supt
    tel univ v viz vs
    abb anm aufl az fr bzw ca dipl einschl einschließl etw evtl exkl fa frl gebr geb gegr gem ges ggf hl hr hrsg inkl
    ing inh insb jh jhd lfd mind mio mrd mwst ord rd sog std str tgl u.a usw verf vgl vorm wg zzgl zzt
    dña dra excmo ilmo srta sra sres ud uds vda avda ej pral dcha izda teléf cía
    env éd etc mlle mlles mme mmes mgr mm apr arr bd chap dép hab réf suiv sté tél
    exmo exma srs dto dta esq ex apto tel rem
    avv dott dott.ssa egr gent geom on.le prof.ssa rag sig sig.na sig.ra sigg spett ecc es
    """.split()
)
# abbreviations only where a number follows: "Art. 5", but "she studied art. Then …"
_COUNTED = frozenset(
    """
    abs absatz art arts blz bl cap cl fig figs kap lit max min n no nos num núm nro nº p pag pág págs par para
    paras paragr párr parr jan feb mär mrz apr jun jul aug sep sept okt nov dez ene abr ago dic janv févr avr juil
    fév déc fev mai out set gen mag giu lug pos pp reg rn rz s sec sect secs seite tab tabl tit title tz v ver vers
    vol vols z zi ziff º inciso apdo aptdo al
    """.split()
)
_MONTHS = frozenset(
    """
    january february march april may june july august september october november december januar jänner februar
    märz mai juni juli oktober dezember enero febrero marzo abril mayo junio julio agosto septiembre octubre
    noviembre diciembre janvier février mars avril juin juillet août septembre octobre novembre décembre janeiro
    fevereiro março maio junho julho setembro outubro dezembro gennaio febbraio aprile maggio giugno luglio
    settembre ottobre dicembre jan feb mar apr jun jul aug sep sept oct okt nov dec dez ene abr ago dic janv févr
    avr juil fév fev out set gen mag giu lug
    """.split()
)
# German words before an ordinal: "der 2. Stock", "am 30. Juni"
_ORDINAL = re.compile(
    r"\b(?:am|im|vom|zum|zur|beim|der|die|das|dem|den|des|bis|ab|seit|jede[rsmn]?|diese[rsmn]?|ihr|ihre[rmn]?"
    r"|sein|seine[rmn]?|unser|unsere[rmn]?)\s+(?:\d{1,2}\.\s*(?:und|bis|oder|/|–|-)\s*)?$",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"[IVXLC]+\b|[a-zA-Z]\b")

# Words that open a sentence far more often than they follow an abbreviation in one.
_OPENERS = frozenset(
    """
    a according after all also although an and another any as at because before both but by during each either
    even finally first for from further furthermore he her here his how however i if in indeed it its last many
    meanwhile more moreover most neither next no nor not now of on one only or other our over she similarly
    since so some still such that the their then there therefore these they this those though thus to today two
    under unlike until we what when where whereas whether which while who why with without yet you your
    der die das ein eine er sie wir dies diese dieser auch dann hier im aber el los las la una este esta le les il elle
    ils nous cette ce os um uma lo gli una questo questa
    """.split()
)

_ENDING = frozenset("etc inc ltd co corp jr sr al ave st usw ff ecc".split())
_TERMINAL = re.compile(
    r"""(?P<mark>[.!?…]+|[。！？｡]+)(?P<close>["'”’»)\]]*)(?=(?P<space>\s+)|$|(?<=[。！？｡]))""", re.VERBOSE
)
_LAST_WORD = re.compile(r"[\w.&'’-]+$")
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦▪·–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])[ \t]+\S")
_ROW = re.compile(r"[ \t]*\|.*\||[^\n|]*\S[ \t]+\|(?:[ \t]+\S|[ \t]*(?:[\r\n]|\Z))")
_LONGEST_LINE = 300
_FEWEST_WORDS = 5
_REMARK = re.compile(r"(//+|/\*+|#+|--+|;+|%+|\*)(?=[!*/]?(?:\s|$))")
_LONG_QUOTE = re.compile(r"\"\"\"|\'\'\'")
_LINE = re.compile(r"[^\r\n\u2028\u2029\x0b\x0c]*(?:\r\n|[\r\n\u2028\u2029\x0b\x0c]|\Z)")


def find_sentences(text: str, within: Span | None = None) -> list[Span]:
    """Return the sentences of `text` (or of a part of it) in order, without surrounding white space.

    Every character that is not white space lies in exactly one sentence.
    """
    within = Span(0, len(text)) if within is None else within  # an empty one is no missing one
    found: list[Span] = []
    for block in _blocks(text, within):
        found.extend(_split_block(text, block))
    return found


def is_verbatim(words: str, text: str) -> bool:
    """Tell whether `text` holds at least five words in their order; spaces, punctuation and capitals don't count."""
    return len(words.split()) >= _FEWEST_WORDS and _letters(words) in _letters(text)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def find_lines(text: str, within: Span | None = None) -> list[Span]:
    """Return the sentences of what isn't prose (program text, settings, data, logs): each line is one.

    Remarks and long strings that run over lines are read as prose. Lines without a letter or digit are in none.
    """
    found: list[Span] = []
    for block in _code_blocks(text, Span(0, len(text)) if within is None else within):
        if any(character.isalnum() for character in block.of(text)):
            found.extend(_split_block(text, block) if _is_prose(text, block) else [block])
    return found


def _code_blocks(text: str, within: Span) -> Iterator[Span]:
    """Yield lines without the white space around them, those of one remark or long string together."""
    together: Span | None = None
    kind, quoted = "", False
    widest = previous = 0
    for begin, stop in _lines(text, within):
        line = _trim(text, begin, stop)
        if line is None:
            if together:
                yield together
            together = None
            continue
        words = line.of(text)
        this = "string" if quoted else _remark(words)
        quoted ^= len(_LONG_QUOTE.findall(words)) % 2 == 1
        bare = words.lstrip("/*#-;%! \t")
        goes_on = together is not None and this != "" and this == kind
        if together and goes_on and not _ended(text, together.start, together.end, previous, widest, bare):
            together = Span(together.start, line.end)
        else:
            if together:
                yield together
            together, kind, widest = line, this or ("string" if quoted else ""), 0
        previous, widest = len(words), max(widest, len(words))
    if together:
        yield together


def _remark(line: str) -> str:
    """Return the mark a line of a remark begins with, "" for any other line."""
    match = _REMARK.match(line)
    return match[1][0].replace("/", "*") if match else ""


def _is_prose(text: str, block: Span) -> bool:
    """Tell whether a block may hold several sentences: a line of code doesn't, unless it is too long for one."""
    words = block.of(text)
    return "\n" in words or "\r" in words or bool(_remark(words)) or len(words) > _LONGEST_LINE


def _blocks(text: str, within: Span) -> Iterator[Span]:
    """Yield runs of lines that belong together: a paragraph, a list item, a table row."""
    start: int | None = None
    end = within.start
    widest = previous = 0
    for begin, stop in _lines(text, within):
        line = text[begin:stop]
        bare = line.strip()
        if not bare:
            if start is not None:
                yield Span(start, end)
            start, widest = None, 0
            continue
        is_row = bool(_ROW.match(line))
        fresh = is_row or bool(_ITEM.match(line)) or _ended(text, start, end, previous, widest, bare)
        if start is not None and fresh:
            yield Span(start, end)
            start, widest = None, 0
        if start is None:
            start = begin
        end, previous = stop, len(bare)
        widest = max(widest, previous)
        if is_row:
            yield Span(start, end)
            start, widest = None, 0
    if start is not None:
        yield Span(start, end)


def _lines(text: str, within: Span) -> Iterator[tuple[int, int]]:
    position = within.start
    while position < within.end:
        match = _LINE.match(text, position, within.end)
        if match is None or match.end() == position:
            break
        yield position, match.end()
        position = match.end()


def _ended(text: str, start: int | None, end: int, previous: int, widest: int, line: str) -> bool:
    """Tell whether the block text[start:end] ends there, rather than being wrapped into the next line."""
    if start is None:
        return False
    if text[max(start, end - 80) : end].rstrip()[-1:] in tuple(".!?:;…。！？"):
        return True
    # a wrapped line is about as wide as its paragraph; one that stops early was ended on purpose
    return previous < max(40, int(widest * 0.7)) and not line[:1].islower()


def _split_block(text: str, block: Span) -> Iterator[Span]:
    start = block.start
    for match in _TERMINAL.finditer(text, block.start, block.end):
        if match.end() < block.end and not _is_boundary(text, start, match, block.end):
            continue
        span = _trim(text, start, match.end())
        if span is not None:
            yield span
        start = match.end()
    rest = _trim(text, start, block.end)
    if rest is not None:
        yield rest


def _is_boundary(text: str, start: int, match: re.Match[str], end: int) -> bool:
    mark = match["mark"]
    if mark[0] in "。！？｡":
        return True
    following = text[match.end() : min(end, match.end() + 80)].lstrip()
    if not following:
        return True
    opener = following.lstrip("\"'“‘«([¿¡*_")[:1]
    if not (opener.isupper() or opener.isdigit() or _is_uncased(opener)):
        return False
    if mark != ".":
        return True
    word = _LAST_WORD.search(text[max(start, match.start() - 40) : match.start()])
    token = word.group() if word else ""
    # "l'art. 5" is "art. 5"
    bare = re.split("['’]", token.strip("'’-&").casefold())[-1]
    next_word = re.match(r"[\"'“‘«(\[]*([\w’']+)", following)
    opens = next_word is not None and next_word.group(1).casefold() in _OPENERS
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", token):  # U.S, e.g, a.m
        return opens and bare not in ("e.g", "i.e")
    before = text[max(start, match.start() - 60) : match.start() - len(token)]
    if bare in _COUNTED and (opener.isdigit() or (len(bare) > 1 and bare != "no" and _ROMAN.match(following))):
        return False
    if len(bare) == 1 and bare.isalpha() and not re.search(r"\d\s*$", before):  # an initial, or a list letter; no unit
        return opens and bare != "v" and not match["close"]
    if bare in _ABBREVIATIONS:
        return opens and bare in _ENDING
    if bare.isdigit() and len(bare) < 3 and not match["close"]:
        day = next_word is not None and next_word.group(1).casefold() in _MONTHS
        if day or (opener.isupper() and not opens and _ORDINAL.search(before)):
            return False
    # "1. First" opening a line is a list mark, not a sentence
    return not (bare.isdigit() and text[start : match.start()].strip() == token)


def _is_uncased(character: str) -> bool:
    return character.isalpha() and not character.islower() and not character.isupper()


def _trim(text: str, start: int, end: int) -> Span | None:
    # a byte order mark isn't white space to Python, but no reader can see it
    while start < end and (text[start].isspace() or text[start] == "\ufeff"):
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None
