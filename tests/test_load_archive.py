"""Archives: members as children under safe names, within limits that are measured; damage costs what it hits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from qa.load.extracted import Child, Extracted, Limits, Unreadable
from qa.load.formats import archive
from qa.load.formats.archive import ONLY_MEMBER
from qa.load.names import distinct, inside, is_hidden, of_title

LIMITS = Limits()
Pack = Callable[[bytes], bytes]


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            packed.writestr(info, data)
    return out.getvalue()


def tarred(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                packed.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            packed.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def read(data: bytes, limits: Limits = LIMITS) -> Extracted:
    return archive.extract(data, limits)


def contents(data: bytes, limits: Limits = LIMITS) -> list[tuple[str, bytes]]:
    return [(child.name, child.data) for child in read(data, limits).children]


def refusal(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Unreadable) as caught:
        read(data, limits)
    return caught.value.problem


TWO = [("b/notes.txt", b"one"), ("a.txt", b"two" * 1000)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_gives_its_members_in_its_order(method: int) -> None:
    found = read(zipped(*TWO, method=method))
    assert found == Extracted("", children=(Child("b/notes.txt", b"one"), Child("a.txt", b"two" * 1000)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_gives_its_members_however_it_is_packed(pack: Pack) -> None:
    assert contents(pack(tarred(*TWO))) == TWO


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_is_no_tar_is_one_child(pack: Pack) -> None:
    assert contents(pack(b"words " * 5000)) == [(ONLY_MEMBER, b"words " * 5000)]


def test_a_gzip_file_says_what_it_held() -> None:
    out = io.BytesIO()
    with gzip.GzipFile("/home/ann/letters/may.txt", "wb", fileobj=out) as packed:
        packed.write(b"Dear Bob")
    assert contents(out.getvalue()) == [("may.txt", b"Dear Bob")]


def test_several_gzip_streams_in_a_row_are_one_file() -> None:
    assert contents(gzip.compress(b"one ") + gzip.compress(b"two")) == [(ONLY_MEMBER, b"one two")]


def test_what_a_file_is_its_first_bytes_say() -> None:
    assert refusal(b"just words") == "it is no archive of a known kind."
    assert refusal(b"") == "it is no archive of a known kind."


def test_an_archive_in_an_archive_is_a_child_like_any_other() -> None:
    inner = zipped(("deep.txt", b"deep"))
    assert contents(zipped(("inner.zip", inner))) == [("inner.zip", inner)]


def test_archives_too_deep_in_one_another_are_not_followed() -> None:
    assert refusal(zipped(*TWO), Limits(depth=0)) == "archives lie in one another too deep to follow."


# Names


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("a/b.txt", "a/b.txt"),
        ("./a//b.txt", "a/b.txt"),
        ("a\\b.txt", "a/b.txt"),
        ("../a.txt", ""),
        ("a/../../b.txt", ""),
        ("a\\..\\b.txt", ""),
        ("/etc/passwd", ""),
        ("\\\\server\\share", ""),
        ("C:\\a.txt", ""),
        ("c:a.txt", ""),
        ("", ""),
        ("./", ""),
        ("x" * 5000, ""),
        ("a\x00\n\ud800.txt", "a___.txt"),
        ("..a/b..", "..a/b.."),
    ],
)
def test_a_name_never_leads_outside(raw: str, name: str) -> None:
    assert inside(raw) == name


def test_a_name_is_given_once() -> None:
    taken: dict[str, int] = {}
    given = [distinct(name, taken) for name in ["a.txt", "a.txt", "a (2).txt", "a.txt", "b/c", "b/c", "b/.x", "b/.x"]]
    assert given == ["a.txt", "a (2).txt", "a (2) (2).txt", "a (3).txt", "b/c", "b/c (2)", "b/.x", "b/.x (2)"]


def test_ten_thousand_members_of_one_name_are_told_apart_quickly() -> None:
    taken: dict[str, int] = {}
    assert len({distinct("a.txt", taken) for _ in range(10_000)}) == 10_000


def test_words_become_one_part_of_a_path() -> None:
    assert of_title('Re: a/b\\c "d"\n ..', "none") == "Re a b c d"
    assert of_title(" ../.. ", "none") == "none"


def test_what_the_walk_passes_over_is_hidden_in_archives_too() -> None:
    assert [is_hidden(name) for name in ["a/.git/x", "__MACOSX/._a", ".a", "a.b/c"]] == [True, True, True, False]


def test_members_of_one_name_are_all_kept() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = zipped(("a.txt", b"1"), ("a.txt", b"2"), ("A.txt", b"3"))
    assert contents(packed) == [("a.txt", b"1"), ("a (2).txt", b"2"), ("A.txt", b"3")]
    assert [name for name, _ in contents(tarred(("a.txt", b"1"), ("./a.txt", b"2")))] == ["a.txt", "a (2).txt"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_that_lead_outside_are_passed_over_and_named(pack: Callable[..., bytes]) -> None:
    found = read(pack(("../../evil.txt", b"x"), ("/etc/passwd", b"y"), ("good.txt", b"z"), (".hidden", b"w")))
    assert found.children == (Child("good.txt", b"z"),)
    assert found.notes == (
        "Names that lead outside the archive, passed over: ../../evil.txt, /etc/passwd.",
        "Hidden files, passed over: 1.",
    )


def test_links_and_devices_of_a_tar_are_passed_over_and_named() -> None:
    found = read(
        tarred(
            special("link", tarfile.SYMTYPE, "/etc/passwd"),
            special("hard", tarfile.LNKTYPE, "good.txt"),
            special("null", tarfile.CHRTYPE),
            special("pipe", tarfile.FIFOTYPE),
            special("folder", tarfile.DIRTYPE),
            ("good.txt", b"z"),
        )
    )
    assert found.children == (Child("good.txt", b"z"),)
    assert found.notes == ("Links, passed over: link, hard.", "Devices and pipes, passed over: null, pipe.")


def test_links_of_a_zip_are_passed_over() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(info, "/etc/passwd")
    assert read(out.getvalue()) == Extracted("", notes=("Links, passed over: link.",))


def test_only_a_few_of_many_names_are_listed() -> None:
    found = read(zipped(*((f"../{number}", b"") for number in range(8))))
    assert found.notes == (
        "Names that lead outside the archive, passed over: ../0, ../1, ../2, ../3, ../4 and 3 more.",
    )


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_empty_archive_says_so(pack: Callable[..., bytes]) -> None:
    assert read(pack()) == Extracted("", notes=("There are no files in it.",))


# Limits


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_beyond_the_limit_are_counted(pack: Callable[..., bytes]) -> None:
    found = read(pack(*((f"{number}.txt", b"x") for number in range(5))), Limits(members=3))
    assert [child.name for child in found.children] == ["0.txt", "1.txt", "2.txt"]
    assert found.notes == ("Only the first 3 files were read; 2 more are in it.",)


BOMB = bytes(30_000_000)


@pytest.mark.parametrize(
    "packed",
    [
        zipped(("bomb.txt", BOMB)),
        gzip.compress(BOMB),
        bz2.compress(BOMB),
        lzma.compress(BOMB, preset=0),
        gzip.compress(tarred(("bomb.txt", BOMB))),
    ],
    ids=["zip", "gz", "bz2", "xz", "tar.gz"],
)
def test_a_bomb_is_refused(packed: bytes) -> None:
    said = refusal(packed)
    assert said == "it unpacks to more than 200 times its size, as archives meant to do harm do."


def test_a_bomb_of_many_members_that_share_their_bytes_is_refused() -> None:
    # a hundred entries of the table of contents point at one packed megabyte
    data = zipped(("a.txt", bytes(1_000_000)))
    at = data.index(b"PK\x01\x02")
    entry, end = data[at : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    many = data[:at] + entry * 100 + end[:8] + struct.pack("<HHL", 100, 100, len(entry) * 100) + end[16:]
    assert refusal(many, Limits(unpacked_bytes=10**9)).startswith("it unpacks to more than 200 times")


def test_a_size_that_lies_is_not_believed() -> None:
    data = bytearray(zipped(("bomb.txt", BOMB)))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 10)  # of the unpacked file, says the table of contents
    found = read(bytes(data))
    assert found.children == ()
    assert found.notes == ("Damaged files, passed over: bomb.txt.",)


def test_small_files_may_be_as_empty_as_they_like() -> None:
    assert contents(zipped(("blank.txt", bytes(5_000_000)))) == [("blank.txt", bytes(5_000_000))]


@pytest.mark.parametrize("pack", [zipped, tarred, lambda *members: gzip.compress(tarred(*members))])
def test_what_fits_is_kept_where_not_all_does(pack: Callable[..., bytes]) -> None:
    noise = random.Random(1).randbytes(100_000)
    found = read(pack(("a.bin", noise), ("b.bin", noise), ("c.bin", noise)), Limits(unpacked_bytes=250_000))
    assert [child.name for child in found.children] == ["a.bin", "b.bin"]
    assert found.notes == ("Only the first 2 files were read: together they unpack to more than 0 MB.",)


def test_one_packed_file_that_does_not_fit_is_refused() -> None:
    noise = random.Random(1).randbytes(100_000)
    assert refusal(gzip.compress(noise), Limits(unpacked_bytes=50_000)) == "it unpacks to more than 0 MB."


def test_a_table_of_contents_out_of_all_proportion_is_not_read() -> None:
    assert refusal(zipped(("a", b"PK\x01\x02" * 60), method=0), Limits(members=5)) == "it holds more than 50 files."


def test_a_file_over_the_limit_is_refused() -> None:
    assert refusal(zipped(*TWO), Limits(file_bytes=50)) == "it is larger than 0 MB."


def test_a_sparse_member_of_a_tar_is_measured_and_not_believed() -> None:
    info = tarfile.TarInfo("holes")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(10**12),
        "GNU.sparse.map": "0,0",
        "GNU.sparse.name": "holes",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as packed:
        packed.addfile(info)
    assert refusal(out.getvalue()).startswith("it unpacks to more than 200 times")


# Damage


def encrypted(data: bytes) -> bytes:
    """Mark every member of a zip as encrypted, which is all a reader without the password gets to see."""
    marked = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(mark)
        while at >= 0:
            marked[at + offset] |= 1
            at = marked.find(mark, at + 1)
    return bytes(marked)


def test_an_encrypted_zip_is_named_for_what_it_is() -> None:
    assert refusal(encrypted(zipped(*TWO))) == "the archive is encrypted."


def test_a_method_without_an_unpacker_is_named() -> None:
    found = read(zipped(("a.txt", b"words"), method=zipfile.ZIP_LZMA))
    assert found.notes == ("Files packed by a method there is no unpacker for (14), passed over: a.txt.",)


def test_a_damaged_member_costs_itself_alone() -> None:
    data = zipped(("a.txt", b"first words"), ("b.txt", b"other words"), method=zipfile.ZIP_STORED)
    found = read(data.replace(b"first", b"worst", 1))
    assert found.children == (Child("b.txt", b"other words"),)
    assert found.notes == ("Damaged files, passed over: a.txt.",)


def test_a_tar_that_is_cut_short_gives_what_stands_before() -> None:
    data = tarred(("a.txt", b"a" * 1000), ("b.txt", b"b" * 1000))
    found = read(data[:2500])
    assert found.children == (Child("a.txt", b"a" * 1000),)
    assert found.notes == ("The archive is damaged or cut short: only what stands before the damage was read.",)


def test_what_stands_behind_a_damaged_header_is_not_lost_in_silence() -> None:
    data = bytearray(tarred(("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")))
    data[1024 + 148 : 1024 + 156] = b"XXXXXXXX"  # the checksum of the second header
    found = read(bytes(data))
    assert found.children == (Child("a.txt", b"a"),)
    assert found.notes == ("There is more in it behind a damaged part, which was not read.",)


SAMPLES = {
    "zip": zipped(*TWO),
    "stored": zipped(*TWO, method=zipfile.ZIP_STORED),
    "tar": tarred(*TWO),
    "tar.gz": gzip.compress(tarred(*TWO), mtime=0),
    "tar.bz2": bz2.compress(tarred(*TWO)),
    "tar.xz": lzma.compress(tarred(*TWO)),
    "gz": gzip.compress(b"words " * 500, mtime=0),
}


def survives(data: bytes) -> None:
    try:
        found = read(data, Limits(unpacked_bytes=1_000_000))
    except Unreadable:
        return
    assert found.text == ""
    assert all(inside(child.name) == child.name for child in found.children)
    assert found.children or found.notes


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_archive_cut_anywhere_is_read_or_refused(kind: str) -> None:
    data = SAMPLES[kind]
    for length in range(0, len(data), max(1, len(data) // 150)):
        survives(data[:length])


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_archive_with_flipped_bytes_is_read_or_refused(kind: str) -> None:
    chance = random.Random(kind)
    for _ in range(150):
        data = bytearray(SAMPLES[kind])
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        survives(bytes(data))
