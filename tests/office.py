"""Small office files made by hand, and what every reader owes whoever calls it."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from qa.load.extracted import Extracted, Limits, Reader, Unreadable
from tests.conftest import REPOSITORY

FORMATS = REPOSITORY / "tests" / "files" / "formats"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def relations(**parts: str) -> str:
    """Return a .rels part: `relations(styles="styles.xml")` gives the relation of that type the id "styles"."""
    lines = (
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind.rstrip("0123456789")}" Target="{part}"/>'
        for kind, part in parts.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(lines)}</Relationships>'


def word_part(name: str, inside: str) -> str:
    return (
        f'<w:{name} xmlns:w="{WORD}" xmlns:r="{OFFICE}"'
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        f' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="urn:wps">{inside}</w:{name}>'
    )


def word_file(body: str, **parts: str) -> bytes:
    """Return a DOCX whose body and further parts (`styles`, `numbering`, `footnotes` …) are given as XML."""
    members = {
        "_rels/.rels": relations(officeDocument="word/document.xml"),
        "word/document.xml": word_part("document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": relations(**{kind: f"{kind}.xml" for kind in parts}),
    }
    roots = {"header": "hdr", "footer": "ftr"}
    for kind, inside in parts.items():
        members[f"word/{kind}.xml"] = word_part(roots.get(kind.rstrip("0123456789"), kind), inside)
    return zipped(members)


def paragraph(words: str, properties: str = "", run: str = "") -> str:
    return (
        f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r></w:p>'
    )


def owed(found: Extracted) -> Extracted:
    """Assert what each reader owes, whatever it has read: exact spans, sorted places, clean text."""
    text = found.text
    text.encode("utf-8")
    assert "\x00" not in text
    for heading in found.headings:
        assert " ".join(heading.span.of(text).split()) == heading.words != ""
    assert all(one.span.end <= other.span.start for one, other in pairwise(found.headings))
    assert [place.span.start for place in found.places] == sorted(place.span.start for place in found.places)
    for kind in {place.kind for place in found.places}:
        places = [place for place in found.places if place.kind == kind]
        assert all(one.span.end <= other.span.start for one, other in pairwise(places)), kind
    for place in found.places:
        assert place.span.of(text).strip(), place
        if place.kind not in ("cell", "row"):
            assert place.span.of(text) == place.span.of(text).strip(" \n"), place
    for hidden in found.hidden:
        assert hidden.span.of(text) != ""
        assert hidden.why
    assert all(note.endswith((".", "one.")) for note in found.notes)
    return found


def survives(extract: Reader, data: bytes, limits: Limits | None = None) -> bool:
    """Tell whether bytes could be read; whatever they are, nothing but `Unreadable` may come of them."""
    problem = ""
    try:
        owed(extract(data, limits or Limits()))
    except Unreadable as exc:
        problem = exc.problem
    assert not problem or problem.endswith(".")
    return not problem


def damaged(data: bytes, seed: int, count: int = 24) -> Iterator[bytes]:
    """Yield the bytes cut short, with bits flipped, and, of a zip archive, with its members' insides spoiled."""
    random_ = random.Random(seed)
    for at in range(12):
        yield data[: len(data) * at // 12]
    for _ in range(count):
        spoiled = bytearray(data)
        for _ in range(random_.choice((1, 4, 32))):
            spoiled[random_.randrange(len(spoiled))] ^= 1 << random_.randrange(8)
        yield bytes(spoiled)
    if data.startswith(b"PK"):
        members = unzipped(data)
        names = [name for name in members if members[name][:1] == b"<"]
        for _ in range(count):
            name = random_.choice(names)
            yield zipped({**members, name: _spoiled(members[name], random_)}, zipfile.ZIP_STORED)
        for name in names:
            yield zipped({other: content for other, content in members.items() if other != name})


def _spoiled(markup: bytes, random_: random.Random) -> bytes:
    """Return markup that still parses, for the most part, with other numbers, names or elements in it."""
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda one: one.replace(b'"%d"' % random_.randrange(10), b'"-7"'),
        lambda one: one.replace(b'"%d"' % random_.randrange(10), b'"999999999999999999999"'),
        lambda one: one.replace(b'"%d"' % random_.randrange(10), b'"x"'),
        lambda one: one.replace(b'"%d"' % random_.randrange(10), b'""'),
        lambda one: one.replace(b"val=", b"lav="),
        lambda one: one.replace(b"rId1", b"rId2"),
        lambda one: one.replace(random_.choice((b"w:p>", b"w:r>", b"a:p>", b"text:p>", b"row>")), b"w:tbl>"),
    )
    return random_.choice(changes)(markup)
