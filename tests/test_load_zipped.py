"""Opening zip-based files and their XML: limits hold by what comes out, not by what the file claims."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from qa.load.extracted import Limits, Unreadable
from qa.load.formats.zipped import Package, parse, reading, target
from tests.office import zipped

KIND = "a test file"


def refused(data: bytes, name: str = "a.xml", limits: Limits | None = None) -> str:
    with pytest.raises(Unreadable) as caught:
        Package(data, limits or Limits(), KIND).read(name)
    return str(caught.value)


def test_members_are_found_by_name_whatever_its_case_and_slashes() -> None:
    package = Package(zipped({"Word/Document.xml": "one", "b\\c.xml": "two"}), Limits(), KIND)
    assert package.read("word/document.xml") == b"one"
    assert package.read("/b/c.xml") == b"two"
    assert package.find("nowhere.xml") == ""


def test_a_missing_member_is_named() -> None:
    assert refused(zipped({"b.xml": ""})).startswith("a.xml is missing from it, which a test file can't do without.")


def test_what_is_no_archive_is_refused() -> None:
    for data in (b"", b"PK", b"PK\x03\x04" + bytes(100), b"plain words", bytes(10_000)):
        assert refused(data).startswith("it is damaged or cut short: a test file is a zip archive")


def test_an_older_office_file_and_an_encrypted_one_are_told_apart() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert refused(ole).startswith("it is in an older Office format than its name says. Save it as a test file.")
    assert refused(ole + "EncryptedPackage".encode("utf-16-le")).startswith("it is protected by a password.")


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zipped({"a.xml": "words"}, zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert refused(bytes(data)) == "it is protected by a password. Save a copy without the password."


def test_rare_ways_of_packing_are_refused_since_they_can_ask_for_any_amount_of_memory() -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        assert "packed in a way that a test file may not use" in refused(zipped({"a.xml": "words"}, method))


def test_a_bomb_is_stopped_by_its_ratio_after_the_first_ten_million_bytes() -> None:
    started = time.perf_counter()
    assert "more than 200 times its size" in refused(zipped({"a.xml": bytes(60_000_000)}))
    assert time.perf_counter() - started < 5


def test_a_small_file_may_be_packed_as_tightly_as_it_likes() -> None:
    data = zipped({"a.xml": bytes(5_000_000)})
    assert len(data) * 200 < 5_000_000
    assert len(Package(data, Limits(), KIND).read("a.xml")) == 5_000_000


def test_unpacked_bytes_are_counted_over_all_members_and_each_reading() -> None:
    package = Package(zipped({"a": bytes(600), "b": bytes(600)}), Limits(unpacked_bytes=1000), KIND)
    package.read("a")
    with pytest.raises(Unreadable, match=r"it unpacks to more than 1,000 bytes\."):
        package.read("b")


def test_a_member_that_lies_about_its_size_is_damaged() -> None:
    data = bytearray(zipped({"a.xml": b"words " * 500}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (7).to_bytes(4, "little")
    assert refused(bytes(data)) == "a.xml inside it is damaged. Fetch or copy the file again."


def test_too_many_members_are_refused() -> None:
    data = zipped({f"{number}.xml": "" for number in range(11)})
    assert refused(data, limits=Limits(members=10)).startswith("it holds 11 files, and no more than 10 are unpacked.")


def test_names_that_lead_out_of_the_archive_mean_nothing() -> None:
    assert target("word/document.xml", "../../etc/passwd") == ""
    assert target("word/document.xml", "../media/a.png") == "media/a.png"
    assert target("word/document.xml", "/word/styles.xml") == "word/styles.xml"


def test_names_are_spelled_with_short_prefixes_in_both_kinds_of_office_files() -> None:
    for uri in (
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    ):
        root = parse(f'<q:p xmlns:q="{uri}" q:val="1" val="2"><other xmlns="urn:x"/></q:p>'.encode(), Limits())
        assert (root.tag, root.attrib, root[0].tag) == ("w.p", {"w.val": "1", "val": "2"}, "{urn:x}other")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_xml_is_read_in_its_encoding(encoding: str) -> None:
    assert parse("<a>é €</a>".encode(encoding), Limits()).text == "é €"


def test_entities_of_a_files_own_are_refused_and_nothing_is_fetched() -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    for markup in (
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l9;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><a/>',
    ):
        with pytest.raises(Unreadable, match=r"declares entities of its own"):
            parse(markup.encode(), Limits())


def test_a_document_type_without_declarations_is_harmless() -> None:
    markup = b'<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://127.0.0.1/ncx.dtd"><ncx>words</ncx>'
    assert parse(markup, Limits()).text == "words"


def test_deep_markup_is_refused_at_the_limit() -> None:
    assert parse(b"<a>" * 500 + b"</a>" * 500, Limits()).tag == "a"
    with pytest.raises(Unreadable, match="nested deeper than 500 levels"):
        parse(b"<a>" * 501 + b"</a>" * 501, Limits())
    with pytest.raises(Unreadable, match="nested deeper than 500 levels"):
        parse(b"<a>" * 3_000_000, Limits())


@pytest.mark.parametrize("markup", [b"", b"<a>", b"<a></b>", b"words", b"<a>\x00</a>", b"<a>&nope;</a>", b"\xff<a/>"])
def test_broken_markup_is_refused(markup: bytes) -> None:
    with pytest.raises(Unreadable, match="its markup is broken"):
        parse(markup, Limits())


def test_whatever_goes_wrong_while_reading_is_told_as_one_sentence() -> None:
    with (
        pytest.raises(Unreadable, match=r"its parts don't fit together as those of a book should \(KeyError\)\."),
        reading("a book"),
    ):
        raise KeyError("x")
    with pytest.raises(Unreadable, match="as it was"), reading("a book"):
        raise Unreadable("as it was")


def test_an_archive_whose_members_share_their_bytes_is_counted_by_what_comes_out() -> None:
    # a directory of 300 entries that all point at the same packed member
    one = zipped({"0": bytes(1_000_000)})
    buffer = io.BytesIO(one)
    with zipfile.ZipFile(buffer) as archive:
        info = archive.infolist()[0]
    end = one.index(b"PK\x01\x02")
    entry = one[end : one.index(b"PK\x05\x06")]
    directory = b"".join(entry[:-1] + bytes([48 + number % 60]) for number in range(60))
    tail = b"PK\x05\x06" + bytes(4) + (60).to_bytes(2, "little") * 2
    tail += len(directory).to_bytes(4, "little") + end.to_bytes(4, "little") + bytes(2)
    package = Package(one[:end] + directory + tail, Limits(), KIND)
    assert info.file_size == 1_000_000
    assert len(package.names) == 60
    with pytest.raises(Unreadable):
        sum(len(package.read(name)) for name in package.names)


def test_a_directory_of_countless_entries_is_refused_before_it_is_read() -> None:
    started = time.perf_counter()
    assert refused(b"PK\x03\x04" + b"PK\x01\x02" * 1_000_000).startswith("it holds more files than are ever unpacked.")
    assert time.perf_counter() - started < 2
