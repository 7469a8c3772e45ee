"""Damages PDF object by object, streams laid open, and puts the table of objects right again. Knows no reader."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Mapping, Sequence

from fuzzing.mutators import tokens

_OBJECT = re.compile(rb"(?<![0-9])(\d{1,7}) (\d{1,5}) obj\b(.*?)\bendobj", re.DOTALL)
_STREAM = re.compile(rb"(.*?)stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_TRAILER = re.compile(rb"trailer\s*(<<.*?>>)\s*startxref", re.DOTALL)
_TOKEN = re.compile(
    rb"/[^\s/<>\[\]()]*|\d+ \d+ R|-?[0-9.]+|\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>|<<|>>|[\[\]]|[^\s/<>\[\]()]+|\s+|.",
    re.DOTALL,
)
_REFERENCE = re.compile(rb"\d+ \d+ R")
_NAMES = (
    b"/Type /Page /Pages /Kids /Count /Parent /MediaBox /CropBox /Rotate /Contents /Resources /Font /XObject /Length"
    b" /Filter /FlateDecode /ASCIIHexDecode /ASCII85Decode /RunLengthDecode /LZWDecode /DCTDecode /Crypt /DecodeParms"
    b" /Encoding /Differences /ToUnicode /BaseFont /Subtype /Type0 /Type1 /Type3 /TrueType /CIDFontType2 /Widths"
    b" /FirstChar /LastChar /DescendantFonts /Identity-H /WinAnsiEncoding /Annots /Widget /FreeText /Link /AcroForm"
    b" /Fields /FT /Tx /V /AP /N /Rect /Outlines /First /Last /Next /Prev /Title /Dest /PageLabels /Nums /S /D /r "
    b"/R /A /a"
    b" /St /P /Names /StructTreeRoot /MarkInfo /ActualText /OCProperties /OCGs /Encrypt /Info /Root /Size /ObjStm /XRef"
    b" /W /Index /UserUnit /Tabs /Group /Matrix /BBox /FormType /Form /Image null true false"
    b" BT ET Tf Tj TJ Tm Td TD T* Tr Tz Tc Tw TL Ts ' \" q Q cm re f S W n Do BI ID EI BDC EMC BMC gs rg RG g k sc scn"
).split()
_WORDS = [
    *_NAMES,
    b"[0 0 0 0]", b"[0 0 1e9 1e9]", b"[-1e30 -1e30 1e30 1e30]", b"[595 842 0 0]", b"[0 0 0.001 0.001]", b"1e38",
    b"-1e38",
    b"(\xfe\xff\xd8\x00)", b"(\xfe\xff\x00\x00)", b"<FEFFD83DDE00>", b"()", b"(\\000\\001)", b"(D:99999999999999)",
    b"0 0 0 0 0 0 cm", b"1e9 0 0 1e9 0 0 cm", b"q " * 200, b"0 Tf", b"/F1 1e9 Tf", b"/F1 -10 Tf", b"/F1 0.0001 Tf",
    b"3 Tr",
    b"<</S/r/St 0>>", b"<</S/a/St 999999999>>", b"<</S/R/St -5>>", b"<</S/A>>", b"90", b"45", b"-270", b"1000000",
]  # fmt: skip

Objects = dict[int, bytes]


def opened(data: bytes) -> tuple[Objects, bytes]:
    """Return a file's objects, with streams unpacked where they can be, and its trailer."""
    objects = {}
    for match in _OBJECT.finditer(data):
        objects[int(match[1])] = _laid_open(match[3].strip())
    trailer = _TRAILER.search(data)
    return objects, trailer[1] if trailer else b"<</Root 1 0 R>>"


def assembled(objects: Mapping[int, bytes], trailer: bytes = b"<</Root 1 0 R>>") -> bytes:
    """Return a PDF of these objects, its table of them right."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number in sorted(places):
        out += b"%d 1\n%010d 00000 n \n" % (number, places[number])
    size = max(objects, default=0) + 1
    trailer = re.sub(rb"/Size \d+", b"", trailer).replace(b"<<", b"<</Size %d" % size, 1)
    return bytes(out + b"trailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % table)


def stream(words: bytes, more: bytes = b"") -> bytes:
    """Return an object that is a stream."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (more, len(words), words)


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return a PDF with an object changed, exchanged, copied, borrowed or gone; seldom with its bytes turned."""
    objects, trailer = opened(data)
    roll = dice.random()
    if not objects or roll < 0.06:
        return tokens.flip(data, dice) if roll < 0.04 else tokens.mutate(data, dice, donors, _WORDS)
    number = dice.choice(list(objects))
    if roll < 0.75:
        objects[number] = _changed(objects[number], dice, objects)
    elif roll < 0.8:
        del objects[number]
    elif roll < 0.85:
        objects[dice.choice(list(objects))] = objects[number]
    elif roll < 0.9 and donors:
        theirs, _ = opened(dice.choice(donors))
        if theirs:
            objects[number] = theirs[dice.choice(list(theirs))]
    elif roll < 0.95:
        trailer = _tokens_changed(trailer, dice, objects)
    else:
        objects[max(objects) + 1] = objects[number]
    return assembled(objects, trailer)


def _laid_open(body: bytes) -> bytes:
    match = _STREAM.fullmatch(body)
    if not match or b"/FlateDecode" not in match[1] or b"/Predictor" in match[1]:
        return body
    try:
        inside = zlib.decompressobj().decompress(match[2], 200_000)
    except zlib.error:
        return body
    head = re.sub(rb"/Filter\s*(?:\[\s*)?/FlateDecode\s*\]?|/Length \d+(?: \d+ R)?", b"", match[1]).strip()
    return _with_stream(head, inside)


def _with_stream(head: bytes, inside: bytes) -> bytes:
    end = head.rfind(b">>")
    return head[:end] + b"/Length %d>>\nstream\n%s\nendstream" % (len(inside), inside)


def _changed(body: bytes, dice: random.Random, objects: Objects) -> bytes:
    match = _STREAM.fullmatch(body)
    if not match:
        return _tokens_changed(body, dice, objects)
    if dice.random() < 0.3:
        return _tokens_changed(match[1], dice, objects) + body[match.end(1) :]
    inside = match[2]
    inside = tokens.mutate(inside, dice, (), _WORDS) if dice.random() < 0.3 else _tokens_changed(inside, dice, objects)
    head = re.sub(rb"/Length \d+(?: \d+ R)?", b"", match[1]).strip()
    return _with_stream(head, inside) if head.endswith(b">>") else body


def _tokens_changed(body: bytes, dice: random.Random, objects: Objects) -> bytes:
    parts: list[bytes] = _TOKEN.findall(body)
    if not parts:
        return dice.choice(_WORDS)
    at = dice.randrange(len(parts))
    roll = dice.random()
    if roll < 0.15:
        references = [one for one, part in enumerate(parts) if _REFERENCE.fullmatch(part)]
        if references:
            parts[dice.choice(references)] = b"%d 0 R" % dice.choice([*objects, 0, 9999999])
    elif roll < 0.35:
        parts[at] = b" " + dice.choice(_WORDS) + b" "
    elif roll < 0.5:
        parts.insert(at, b" " + dice.choice(_WORDS) + b" ")
    elif roll < 0.65:
        numbers = [one for one, part in enumerate(parts) if part.strip(b"-.0123456789") == b"" and part.strip()]
        if numbers:
            parts[dice.choice(numbers)] = dice.choice(tokens.NUMBERS)
    elif roll < 0.75:
        del parts[at : at + dice.choice((1, 2, 5))]
    elif roll < 0.85:
        piece = parts[at : at + dice.choice((1, 4, 12))]
        parts[at:at] = piece * dice.choice((1, 2, 30, 500))
    else:
        parts[at] = tokens.mutate(parts[at], dice)
    return b"".join(parts)[:60_000]
