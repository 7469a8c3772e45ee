"""Books (EPUB 2 and 3): chapters in the order of the spine, each read as HTML; titles from the table of contents."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from qa.load.dates import iso
from qa.load.decode import decode
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import html
from qa.load.formats.blocks import Blocks
from qa.load.formats.zipped import ANEW, Package, reading, target

_KIND = "an EPUB book"
# scrambled fonts are no protection: their letters are text all the same
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the book's text with a place of kind "chapter" for each file of its spine that has words.

    A chapter's label is its title in the table of contents, or its first heading, or its number.
    """
    with reading(_KIND):
        package = Package(data, limits, _KIND)
        path = _book_file(package)
        book = package.xml(path)
        manifest = {one.get("id", ""): one for one in _all(book, "opf.manifest/opf.item", "manifest/item")}
        locked = _locked(package)
        titles = _titles(package, path, book, manifest)
        spine = [manifest.get(one.get("idref", "")) for one in _all(book, "opf.spine/opf.itemref", "spine/itemref")]
        blocks = Blocks(limits)
        empty: list[str] = []
        notes: list[str] = []
        read: set[str] = set()
        chapters = [item for item in spine if item is not None]
        for at, item in enumerate(chapters[: limits.pages], 1):
            part = package.find(target(path, unquote(item.get("href", "").partition("#")[0])))
            if part in read:
                continue
            if item.get("media-type", _PAGES[0]) not in _PAGES:
                empty.append(f"chapter {at}: no text, only a picture")
                continue
            if not part:
                notes.append(f"Chapter {at} is missing from the file.")
                continue
            if part in locked:
                raise Unreadable("it is protected against copying (DRM).", "Read an edition without protection.")
            read.add(part)
            content = b""
            with package.sparing(part):
                content = package.read(part)
            if not _write_chapter(blocks, content, titles.get(part, ""), at):
                empty.append(f"chapter {at}: {'damaged, not read' if part in package.damaged else 'no text'}")
        found = Extracted(
            text=blocks.text,
            headings=tuple(blocks.headings),
            title=_metadata(book, "dc.title"),
            author=", ".join(_all_metadata(book, "dc.creator")),
            date=next((date for words in _all_metadata(book, "dc.date") if (date := iso(words))), ""),
            places=blocks.sorted_places(),
            parts=len(chapters),
            empty=tuple(empty),
            hidden=blocks.sorted_hidden(),
            lost=blocks.lost,
            notes=(*notes, *blocks.struck_said()),
        )
        return package.noted(found)


def _write_chapter(blocks: Blocks, data: bytes, title: str, at: int) -> bool:
    decoded = decode(data, markup=True)
    if decoded is None:
        return False
    page = html.extract(decoded.text)
    offset = blocks.length
    blocks.pause()
    blocks.struck += page.struck
    if blocks.raw(page.text, page.headings, page.hidden) is None:
        # beyond the limit; counted as lost, and no reason to call the chapter empty
        return bool(page.text)
    return blocks.place("chapter", title or (page.headings[0].words if page.headings else str(at)), offset)


def _book_file(package: Package) -> str:
    """Return the member that lists the book's files."""
    if package.find("META-INF/container.xml"):
        for one in package.xml("META-INF/container.xml").iter("ocf.rootfile"):
            if package.find(one.get("full-path", "")):
                return package.find(one.get("full-path", ""))
    found = next((name for name in package.names if name.lower().endswith(".opf")), "")
    if not found:
        raise Unreadable("it has no list of its chapters, so it is no EPUB book, or a damaged one.", ANEW)
    return found


def _locked(package: Package) -> set[str]:
    """Return the members that are encrypted, fonts aside."""
    if not package.find("META-INF/encryption.xml"):
        return set()
    locked = set()
    for one in package.xml("META-INF/encryption.xml").iter("enc.EncryptedData"):
        method = one.find("enc.EncryptionMethod")
        if method is not None and method.get("Algorithm", "") in _FONTS:
            continue
        locked |= {package.find(unquote(each.get("URI", ""))) for each in one.iter("enc.CipherReference")}
    return locked - {""}


def _titles(package: Package, path: str, book: Element, manifest: dict[str, Element]) -> dict[str, str]:
    """Return for each file the first title that the table of contents has for it."""
    titles: dict[str, str] = {}
    for part, pairs in _contents(package, path, book, manifest):
        for reference, title in pairs:
            found = package.find(target(part, unquote(reference.partition("#")[0])))
            words = " ".join(title.split())
            if found and words:
                titles.setdefault(found, words)
    return titles


def _contents(
    package: Package, path: str, book: Element, manifest: dict[str, Element]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield tables of contents, the newer form first. A broken one is no reason to refuse the book."""
    spine = next(iter(_all(book, "opf.spine", "spine")), None)
    toc = manifest.get(spine.get("toc", "")) if spine is not None else None
    for item in [one for one in manifest.values() if "nav" in one.get("properties", "").split()] + (
        [toc] if toc is not None else []
    ):
        part = package.find(target(path, unquote(item.get("href", ""))))
        if not part:
            continue
        try:
            root = package.xml(part)
        except Unreadable:
            continue
        yield part, _links(root) if item is not toc else _points(root)


def _links(root: Element) -> list[tuple[str, str]]:
    navs = [one for one in root.iter("h.nav") if one.get("epub.type", "toc") == "toc"]
    return [(one.get("href", ""), "".join(one.itertext())) for nav in navs for one in nav.iter("h.a")]


def _points(root: Element) -> list[tuple[str, str]]:
    pairs = []
    for one in root.iter("ncx.navPoint"):
        content, label = one.find("ncx.content"), one.find("ncx.navLabel")
        if content is not None and label is not None:
            pairs.append((content.get("src", ""), "".join(label.itertext())))
    return pairs


def _all(book: Element, path: str, bare: str) -> list[Element]:
    # books of before 2007 may name no namespace
    return book.findall(path) or book.findall(bare)


def _all_metadata(book: Element, tag: str) -> list[str]:
    return [words for one in book.iter(tag) if (words := " ".join((one.text or "").split()))]


def _metadata(book: Element, tag: str) -> str:
    return next(iter(_all_metadata(book, tag)), "")
