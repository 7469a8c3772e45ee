"""Opens zip-based documents (DOCX, XLSX, ODT, EPUB …) and their XML so that no file can do harm.

Owns what a file may cost while it is unpacked and parsed; knows no format. Members are read into memory one
by one, never to disk, and bytes are counted as they come out, whatever the directory of the archive claims.
XML is parsed by the standard library's expat, driven here: it opens nothing, a document type with
declarations of its own is refused, and depth and number of elements are counted while they are read.
(`defusedxml` refuses the same by way of Python's slow parser, and `lxml` can't be told the limits.)
"""

from __future__ import annotations

import io
import posixpath
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.textfile import legible

ANEW = "Open it in the program that made it and save it anew."
_CHUNK = 1 << 16
_MOST_ELEMENTS = 5_000_000  # of one XML member: about 15,000 pages of a word processor
_SMALL = 10_000_000  # unpacked bytes below which no ratio is too high
_ENTRIES_TO_MEMBERS = 10
_NAMED = 5  # of the damaged parts
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OFFICE = "schemas.openxmlformats.org"
_STRICT = "purl.oclc.org/ooxml"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
# namespaces as readers spell them, so that a file saved as "strict" reads like any other
_PREFIXES = {
    **{f"http://{_OFFICE}/{rest}/2006/{tail}": prefix for prefix, rest, tail in (
        ("w", "wordprocessingml", "main"), ("a", "drawingml", "main"), ("p", "presentationml", "main"),
        ("x", "spreadsheetml", "main"), ("m", "officeDocument", "math"), ("r", "officeDocument", "relationships"),
        ("rel", "package", "relationships"), ("cp", "package", "metadata/core-properties"),
        ("dgm", "drawingml", "diagram"), ("c", "drawingml", "chart"), ("mc", "markup-compatibility", ""),
    )},
    **{f"http://{_STRICT}/{rest}": prefix for prefix, rest in (
        ("w", "wordprocessingml/main"), ("a", "drawingml/main"), ("p", "presentationml/main"),
        ("x", "spreadsheetml/main"), ("m", "officeDocument/math"), ("r", "officeDocument/relationships"),
        ("dgm", "drawingml/diagram"), ("c", "drawingml/chart"),
    )},
    f"http://{_OFFICE}/markup-compatibility/2006": "mc",
    "urn:schemas-microsoft-com:vml": "v",
    "http://schemas.microsoft.com/office/word/2010/wordml": "w14",
    "http://schemas.microsoft.com/office/drawing/2010/main": "a14",
    "http://www.w3.org/1998/Math/MathML": "math",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    **{f"{_ODF}:{name}:1.0": name for name in (
        "office", "text", "table", "style",  "presentation", "meta", "manifest",
    )},
    f"{_ODF}:xsl-fo-compatible:1.0": "fo",
    f"{_ODF}:svg-compatible:1.0": "svg",
    f"{_ODF}:drawing:1.0": "draw",
    "http://www.w3.org/1999/xlink": "xlink",
    "urn:oasis:names:tc:opendocument:xmlns:container": "ocf",
    "http://www.idpf.org/2007/opf": "opf",
    "http://www.daisy.org/z3986/2005/ncx/": "ncx",
    "http://www.w3.org/2001/04/xmlenc#": "enc",
    "http://www.w3.org/1999/xhtml": "h",
    "http://www.idpf.org/2007/ops": "epub",
    "http://www.w3.org/XML/1998/namespace": "xml",
}  # fmt: skip


class Damaged(Unreadable):
    """A part of a package can't be read, though the others may be sound."""


class Package:
    """The members of one zip-based document, each unpacked when it is asked for."""

    def __init__(self, data: bytes, limits: Limits, kind: str) -> None:
        self.limits, self.kind = limits, kind
        self.damaged: dict[str, None] = {}  # parts that were done without
        self._packed = len(data)
        self._unpacked = 0
        self._archive = _open(data, limits, kind)
        infos = self._archive.infolist()
        if len(infos) > limits.members:
            raise Unreadable(
                f"it holds {len(infos):,} files, and no more than {limits.members:,} are unpacked.",
                "If it is what it should be, split it.",
            )
        self._infos = {_plain(info.filename): info for info in infos if info.filename and not info.is_dir()}
        # part names are the same whatever their case, and not every program keeps to one
        self._folded = {name.lower(): name for name in reversed(self._infos)}

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, "/" between parts, in the archive's order."""
        return tuple(self._infos)

    def find(self, name: str) -> str:
        """Return the member's own spelling of `name`, or "" where there is none."""
        name = _plain(name)
        return name if name in self._infos else self._folded.get(name.lower(), "")

    def read(self, name: str) -> bytes:
        """Return a member's bytes; raise `Unreadable` where it is missing, damaged, encrypted or too large."""
        found = self.find(name)
        if not found:
            raise Unreadable(f"{name} is missing from it, which {self.kind} can't do without.", ANEW)
        info = self._infos[found]
        if info.flag_bits & 0x1:
            raise Unreadable("it is protected by a password.", "Save a copy without the password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable(f"{found} is packed in a way that {self.kind} may not use.", ANEW)
        try:
            with self._archive.open(info) as member:
                return b"".join(self._counted(iter(lambda: member.read(_CHUNK), b"")))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as exc:
            raise Damaged(f"{found} inside it is damaged.", "Fetch or copy the file again.") from exc

    def xml(self, name: str) -> Element:
        """Return the root of a member parsed as XML, names spelled with the prefixes of this module."""
        return parse(self.read(name), self.limits)

    def part(self, name: str) -> Element | None:
        """Return what `xml` does of a part that the rest can do without; None where there is none, or it is damaged."""
        root = None
        if name:
            with self.sparing(name):
                root = self.xml(name)
        return root

    @contextmanager
    def sparing(self, name: str) -> Iterator[None]:
        """Let damage to one part cost that part alone; `noted` says so."""
        try:
            yield
        except Damaged:
            self.damaged[name] = None

    def noted(self, found: Extracted) -> Extracted:
        """Return `found` with a note of the parts that were done without."""
        if not self.damaged:
            return found
        names = ", ".join(legible(name) for name in list(self.damaged)[:_NAMED])
        more = f" and {len(self.damaged) - _NAMED} more" if len(self.damaged) > _NAMED else ""
        note = f"Damaged parts, which could not be read: {names}{more}."
        return replace(found, notes=(*found.notes, note), passed=found.passed + len(self.damaged))

    def feed(self, name: str, into: Target) -> None:
        """Parse a member as XML and hand its elements to `into`, so that no tree of it is built."""
        feed(self.read(name), self.limits, into)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._unpacked += len(chunk)
            if self._unpacked > self.limits.unpacked_bytes:
                raise Unreadable(
                    f"it unpacks to more than {self.limits.unpacked_bytes:,} bytes.",
                    "If it is what it should be, split it.",
                )
            if self._unpacked > max(_SMALL, self.limits.ratio * self._packed):
                raise Unreadable(
                    f"it unpacks to more than {self.limits.ratio} times its size, as only harmful files do.", ANEW
                )
            yield chunk


class Target(Protocol):
    """What takes an XML file's elements one by one, as `xml.etree.ElementTree.TreeBuilder` does."""

    def start(self, tag: str, attrs: dict[str, str], /) -> object:
        """Take an element's name and attributes."""

    def end(self, tag: str, /) -> object:
        """Take the name of the element that ends."""

    def data(self, data: str, /) -> object:
        """Take a piece of the text between elements."""


def parse(data: bytes, limits: Limits) -> Element:
    """Parse XML into a tree whose tags and attributes are spelled "w.p"; unknown namespaces stay "{uri}name".

    A full stop, since ":" means something to `Element.find`.
    """
    builder = TreeBuilder()
    feed(data, limits, builder, _MOST_ELEMENTS)
    return builder.close()


def feed(data: bytes, limits: Limits, into: Target, most: int = sys.maxsize) -> None:
    """Parse XML and hand its elements, spelled as `parse` does, to `into`; no more than `most` of them."""
    spelled: dict[str, str] = {}
    depth = 0
    left = most
    begin, finish = into.start, into.end

    def spell(name: str) -> str:
        uri, brace, local = name.rpartition("}")
        known = _PREFIXES.get(uri)
        short = spelled[name] = f"{known}.{local}" if known else f"{{{uri}}}{local}" if brace else local
        return short

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, left
        depth += 1
        left -= 1
        if depth > limits.nesting:
            raise Unreadable(f"its markup is nested deeper than {limits.nesting} levels.", ANEW)
        if left < 0:
            raise Unreadable(f"one of its parts has more than {most:,} elements.", "Split it.")
        if attributes:
            attributes = {spelled.get(key) or spell(key): value for key, value in attributes.items()}
        begin(spelled.get(tag) or spell(tag), attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        finish(spelled[tag])

    def doctype(name: str, system: str | None, public: str | None, internal: int) -> None:
        if internal:
            raise Unreadable("its markup declares entities of its own, as only harmful files do.", ANEW)

    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = into.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        for at in range(0, len(data), _CHUNK):
            parser.Parse(data[at : at + _CHUNK], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as exc:
        raise Damaged(f"its markup is broken ({exc}).", ANEW) from exc


@contextmanager
def reading(kind: str) -> Iterator[None]:
    """Turn whatever goes wrong while a damaged file is read into `Unreadable`; `kind` is "a Word document"."""
    try:
        yield
    except Unreadable:
        raise
    except Exception as exc:
        problem = f"its parts don't fit together as those of {kind} should ({type(exc).__name__})."
        raise Unreadable(problem, ANEW) from exc


def target(base: str, reference: str) -> str:
    """Return the member that `reference` means when it stands in member `base`; "" where it leaves the archive."""
    joined = reference.lstrip("/") if reference.startswith("/") else posixpath.join(posixpath.dirname(base), reference)
    path = posixpath.normpath(joined)
    return "" if path.startswith("..") or path == "." else path


def is_ole(data: bytes) -> bool:
    """Tell whether the bytes are a compound file: an older Office format, or an encrypted newer one."""
    return data.startswith(_OLE)


def _open(data: bytes, limits: Limits, kind: str) -> zipfile.ZipFile:
    if is_ole(data):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable("it is protected by a password.", "Save a copy without the password.")
        raise Unreadable("it is in an older Office format than its name says.", f"Save it as {kind}.")
    # asked before the library makes an object of each entry; archives inside may add some of their own
    if data.count(b"PK\x01\x02") > _ENTRIES_TO_MEMBERS * limits.members:
        raise Unreadable("it holds more files than are ever unpacked.", "If it is what it should be, split it.")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, LookupError, NotImplementedError) as exc:
        problem = f"it is damaged or cut short: {kind} is a zip archive, and this isn't a whole one."
        raise Unreadable(problem, "Fetch or copy the file again.") from exc
    except Exception as exc:  # struct.error and what else a forged directory can bring about
        raise Unreadable("its directory is damaged.", "Fetch or copy the file again.") from exc


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")
