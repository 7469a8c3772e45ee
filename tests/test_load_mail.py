"""Mail: what a mail program shows is the text; the rest are children; strangers' bytes never do more than refuse."""

from __future__ import annotations

import base64
import random
from email.message import EmailMessage

import pytest

from qa.load.extracted import Child, Extracted, Limits, Unreadable
from qa.load.formats import mail
from qa.load.names import inside
from qa.load.sections import Heading
from qa.types import OLDER_MAIL, Span

LIMITS = Limits()

PLAIN = b"""\
Received: from mx.example.org by mail.example.com; Wed, 1 May 2024 10:00:01 +0200
From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>
To: Ann Lee <ann@example.com>,
 Bob <bob@example.com>
Date: Wed, 1 May 2024 10:00:00 +0200
Subject: =?utf-8?B?TWVldGluZyBhdCA=?= =?utf-8?B?dGhlIGNhZsOp?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Dear all,

we meet at the caf\xc3\xa9 at nine.

J\xc3\xb6rg
"""
HEAD = "From: a@example.org\nSubject: Test\n"


def read(data: bytes | str, limits: Limits = LIMITS) -> Extracted:
    return mail.extract(data.encode("utf-8") if isinstance(data, str) else data, limits)


def body(data: bytes | str) -> str:
    """Return a message's text without the paragraph of headers."""
    return read(data).text.partition("\n\n")[2]


def multipart(kind: str, *parts: str, head: str = HEAD) -> str:
    inner = "".join(f"--XX\n{part}\n" for part in parts)
    return f'{head}MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="XX"\n\n{inner}--XX--\n'


def test_a_message_reads_as_a_mail_program_shows_it() -> None:
    found = read(PLAIN)
    assert found.text == (
        "From: Jörg Müller <joerg@example.org>\n"
        "To: Ann Lee <ann@example.com>, Bob <bob@example.com>\n"
        "Date: Wed, 1 May 2024 10:00:00 +0200\n"
        "Subject: Meeting at the café\n"
        "\n"
        "Dear all,\n\nwe meet at the café at nine.\n\nJörg"
    )
    assert (found.title, found.author) == ("Meeting at the café", "Jörg Müller <joerg@example.org>")
    assert (found.date, found.encoding) == ("2024-05-01T10:00:00+02:00", "utf-8")
    assert (found.children, found.notes, found.start) == ((), (), 0)


def test_line_ends_of_the_wire_are_plain_ones() -> None:
    assert read(PLAIN.replace(b"\n", b"\r\n")).text == read(PLAIN).text


@pytest.mark.parametrize(
    ("coded", "words"),
    [
        ("=?utf-8?Q?a_?= =?utf-8?Q?b?=", "a b"),
        ("=?utf-8?B?w6k=?=\n =?utf-8?B?w6k=?=", "éé"),
        ("=?utf-8?B?ww==?= =?utf-8?B?qQ==?=", "é"),
        ("Re: =?iso-8859-1?Q?caf=E9?= now", "Re: café now"),
        ("=?windows-1252?Q?=93x=94?=", "“x”"),
        ("=?iso-8859-1*de?Q?=FCber?=", "über"),
        ("=?x-unknown?Q?abc?=", "abc"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("=?utf-8?B?!!!?=", ""),
        ("plain \\u0041 words", "plain \\u0041 words"),
        ("folded\n\tover\n lines", "folded over lines"),
        ("raw café", "raw café"),
    ],
)
def test_headers_are_decoded(coded: str, words: str) -> None:
    assert read(f"From: a@example.org\nSubject: {coded}\n\nx\n").title == words


def test_a_header_in_an_undeclared_encoding_is_read_all_the_same() -> None:
    assert read("From: a@b.c\nSubject: Größe\n\nx".encode("cp1252")).title == "Größe"


@pytest.mark.parametrize(
    ("charset", "raw", "words"),
    [
        ("iso-8859-1", b"\x93caf\xe9\x94", "“café”"),
        ("us-ascii", "café".encode(), "café"),
        ("gb2312", "镕基".encode("gb18030"), "镕基"),
        ("koi8-r", "привет".encode("koi8-r"), "привет"),
        ("no-such-charset", b"words", "words"),
        ("punycode", b"words-", "words-"),
    ],
)
def test_text_is_decoded_as_its_writer_meant(charset: str, raw: bytes, words: str) -> None:
    assert body(f"{HEAD}Content-Type: text/plain; charset={charset}\n\n".encode() + raw) == words


def test_transfer_encodings_are_undone() -> None:
    coded = base64.encodebytes("naïve\n".encode()).decode()
    assert (
        body(f"{HEAD}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{coded}") == "naïve"
    )
    quoted = "na=C3=AFve =\nwords"
    assert (
        body(f"{HEAD}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n{quoted}")
        == "naïve words"
    )


def test_flowed_lines_are_joined_where_they_were_broken_and_only_there() -> None:
    flowed = "one \ntwo\nthree\n> quoted \n> words\n>> deeper \n> shallower\n space-stuffed\n-- \nAnn"
    assert body(f"{HEAD}Content-Type: text/plain; format=flowed\n\n{flowed}") == (
        "one two\nthree\n> quoted words\n>> deeper \n> shallower\nspace-stuffed\n-- \nAnn"
    )
    assert body(f"{HEAD}Content-Type: text/plain; format=flowed; delsp=yes\n\n五 \n六") == "五六"


def test_lines_that_do_not_flow_stay_as_they_are() -> None:
    assert body(f"{HEAD}\none \ntwo") == "one \ntwo"


# Parts

TEXT = "Content-Type: text/plain\n\nThe plain words of this message."
PAGE = "Content-Type: text/html\n\n<h1>Hello</h1><p>The rich <b>words</b> of this message.</p><ul><li>one<li>two</ul>"


def test_plain_text_is_preferred_to_html() -> None:
    assert body(multipart("alternative", TEXT, PAGE)) == "The plain words of this message."
    assert body(multipart("alternative", PAGE, TEXT)) == "The plain words of this message."


def test_html_is_read_where_there_is_no_plain_text_and_its_headings_keep_their_places() -> None:
    found = read(multipart("alternative", PAGE))
    assert (
        found.text == "From: a@example.org\nSubject: Test\n\nHello\n\nThe rich words of this message.\n\n- one\n- two"
    )
    (heading,) = found.headings
    assert (heading.level, heading.words, heading.span.of(found.text)) == (1, "Hello", "Hello")


def test_plain_text_that_is_much_shorter_than_the_html_is_an_excuse() -> None:
    excuse = "Content-Type: text/plain\n\nNo HTML?"
    assert body(multipart("alternative", excuse, PAGE)).startswith("Hello\n\nThe rich words")


def test_parts_one_after_the_other_are_all_read() -> None:
    inner = multipart("alternative", TEXT, PAGE, head="").replace("XX", "YY").removeprefix("MIME-Version: 1.0\n")
    assert body(multipart("mixed", inner, "Content-Type: text/plain\n\nSent from a list.")) == (
        "The plain words of this message.\n\nSent from a list."
    )


def test_attachments_are_children_under_their_names() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@example.org", "Files"
    message.set_content("See below.")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Übersicht 1.pdf")
    message.add_attachment("a,b\n", subtype="csv", filename="../../etc/t.csv")
    message.add_attachment("again\n", filename="notes.txt")
    message.add_attachment("again\n", filename="notes.txt")
    message.add_attachment(b"GIF89a", maintype="image", subtype="gif")
    message.add_attachment("Received: x\n", subtype="rfc822-headers")
    found = read(message.as_bytes())
    assert found.text == "From: ann@example.org\nSubject: Files\n\nSee below."
    assert found.children == (
        Child("Übersicht 1.pdf", b"%PDF-1.4"),
        Child("attachment.csv", b"a,b\n"),
        Child("notes.txt", b"again\n"),
        Child("notes (2).txt", b"again\n"),
        Child("attachment.gif", b"GIF89a"),
        Child("attachment.txt", b"Received: x\n"),
    )


def test_pictures_inside_the_text_are_passed_over_and_counted() -> None:
    picture = "Content-Type: image/png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo="
    found = read(multipart("related", PAGE, picture))
    assert (found.children, found.notes) == ((), ("Pictures shown inside the text, passed over: 1.",))


def test_a_message_inside_a_message_is_a_child() -> None:
    inner = "From: bob@example.org\nSubject: Original: a/b\n\nFirst words.\n"
    found = read(multipart("mixed", TEXT, f"Content-Type: message/rfc822\n\n{inner}"))
    (child,) = found.children
    assert child.name == "Original a b.eml"
    assert read(child.data).text == "From: bob@example.org\nSubject: Original: a/b\n\nFirst words."


def test_a_message_wrapped_in_base64_is_unwrapped() -> None:
    inner = base64.encodebytes(b"From: bob@example.org\nSubject: Inner\n\nFirst words.\n").decode()
    found = read(multipart("mixed", f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}"))
    (child,) = found.children
    assert child.name == "Inner.eml"
    assert read(child.data).text == "From: bob@example.org\nSubject: Inner\n\nFirst words."


def test_what_lies_too_deep_is_passed_over_and_counted() -> None:
    found = read(multipart("mixed", TEXT, "Content-Type: application/pdf\n\nx"), Limits(depth=0))
    assert found.children == ()
    assert found.notes == ("Attachments, passed over since this message lies too deep inside others: 1.",)


def test_signatures_are_left_out_and_encrypted_parts_named() -> None:
    signed = multipart("signed", TEXT, "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----")
    assert read(signed).children == ()
    sealed = "Content-Type: application/pkcs7-mime; name=smime.p7m\n\nMIIB"
    assert read(multipart("mixed", sealed)).notes == ("Parts of it are encrypted and can't be read.",)


def test_text_beyond_the_limit_is_counted() -> None:
    found = read(f"{HEAD}\n{'x' * 100}", Limits(characters=50))
    assert (len(found.text), found.lost) == (50, len("From: a@example.org\nSubject: Test\n\n") + 50)
    assert found.notes == ("Only its first 50 characters were read.",)


def test_no_nul_and_no_half_of_a_character_gets_into_the_text() -> None:
    found = read(f"{HEAD}Content-Type: text/plain; charset=utf-7\n\na\x00b +2AA- c".encode())
    assert found.text.partition("\n\n")[2] == "a\ufffdb \ufffd c"


def test_a_file_without_mail_headers_is_refused() -> None:
    for data in (b"", b"Just some words.\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"key: value\n\nbody"):
        with pytest.raises(Unreadable, match="no mail headers"):
            read(data)


def test_dates_that_are_none_are_left_out() -> None:
    for date in ("yesterday", "Wed, 99 Foo 99999999999 10:00:00 +9999999", ""):
        assert read(f"From: a@b.c\nDate: {date}\n\nx").date == ""


def test_messages_nested_without_end_are_read_or_refused() -> None:
    survives(b"Content-Type: message/rfc822\n\n" * 5000)
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000))
    survives(b"From: a@b.c\n" + parts)


def test_a_megabyte_of_header_is_no_trouble() -> None:
    survives(b"From: " + b"=?utf-8?B?" * 100_000 + b"\n\nx")
    survives(b"Subject: " + b"=?utf-8?Q?=41?= " * 60_000 + b"\n\nx")
    survives(b"Content-Type: text/plain;" + b" a=b;" * 20_000 + b"\nFrom: x\n\nx")


# Mailboxes

BOX = b"""\
From ann@example.org Wed May  1 10:00:00 2024
From: ann@example.org
Subject: First / one

>From here on it is simple.
>>From there too.
From now on, 2024 is a year in a sentence.

From - Thu May 02 10:00:00 2024
From: bob@example.org
Subject: =?utf-8?Q?=C3=9Cber?=

Second.

From MAILER-DAEMON Fri May  3 10:00:00 2024
From: c@example.org

Third.
"""


def test_each_message_of_a_mailbox_is_a_child() -> None:
    found = mail.extract_mbox(BOX, LIMITS)
    assert [child.name for child in found.children] == ["0001 First one.eml", "0002 Über.eml", "0003.eml"]
    assert [read(child.data).text.partition("\n\n")[2] for child in found.children] == [
        "From here on it is simple.\n>From there too.\nFrom now on, 2024 is a year in a sentence.",
        "Second.",
        "Third.",
    ]
    assert (found.text, found.notes) == ("", ())


def test_a_mailbox_with_line_ends_of_the_wire_holds_the_same_messages() -> None:
    children = mail.extract_mbox(BOX.replace(b"\n", b"\r\n"), LIMITS).children
    assert [child.name for child in children] == ["0001 First one.eml", "0002 Über.eml", "0003.eml"]


def test_messages_beyond_the_limit_are_named() -> None:
    found = mail.extract_mbox(BOX, Limits(members=2))
    assert len(found.children) == 2
    assert found.notes == ("Only the first 2 messages were read; there are more in it.",)
    assert mail.extract_mbox(BOX, Limits(members=3)).notes == ()


def test_a_mailbox_without_messages_is_refused() -> None:
    for data in (b"", b"From here, words.\n", PLAIN):
        with pytest.raises(Unreadable, match="no messages"):
            mail.extract_mbox(data, LIMITS)


# Saved pages

SAVED = b"""\
From: <Saved by Blink>
Subject: The page
Date: Wed, 1 May 2024 10:00:00 -0000
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="XX"

--XX
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://example.org/

<html><head><meta charset=3D"utf-8"><title>Opening hours</title></head><body><h1>Hours</h1><p>=C3=84rzte: nine=
 to five.</p></body></html>
--XX
Content-Type: text/html
Content-Location: https://example.org/frame

<p>Buy now!</p>
--XX
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--XX--
"""


def test_a_saved_page_reads_as_the_page() -> None:
    found = mail.extract_mhtml(SAVED, LIMITS)
    assert found.text == "Hours\n\nÄrzte: nine to five."
    assert found.headings == (Heading(1, "Hours", Span(0, 5)),)
    assert (found.title, found.children) == ("Opening hours", ())
    assert found.date.startswith("2024-05-01T10:00:00")
    assert found.notes == ("Frames of the page, passed over: 1.",)


def test_a_saved_page_without_a_page_is_refused() -> None:
    with pytest.raises(Unreadable, match="no web page"):
        mail.extract_mhtml(PLAIN, LIMITS)


# Damage


def survives(data: bytes) -> None:
    for extract in (mail.extract, mail.extract_mbox, mail.extract_mhtml):
        try:
            found = extract(data, LIMITS)
        except Unreadable:
            continue
        assert "\x00" not in found.text + found.title + found.author
        (found.text + found.title + found.author).encode("utf-8")
        for heading in found.headings:
            # older mail begins where it begins, without a line of its own
            words = " ".join(heading.span.of(found.text).split())
            assert words.endswith(heading.words) or heading.words.startswith(OLDER_MAIL)
        assert all(inside(child.name) == child.name for child in found.children)


WHOLE = multipart(
    "mixed",
    TEXT,
    PAGE,
    "Content-Type: message/rfc822\n\nSubject: x\n\ny",
    'Content-Type: application/pdf; name="=?utf-8?Q?=C3=BC?=.pdf"\nContent-Transfer-Encoding: base64\n\nJVBERi0=',
    "Content-Disposition: attachment; filename*0*=utf-8''a%C3; filename*1*=%BC.txt\n\nz",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; y",
).encode()


@pytest.mark.parametrize("sample", [PLAIN, BOX, SAVED, WHOLE], ids=["plain", "box", "saved", "whole"])
def test_mail_cut_anywhere_is_read_or_refused(sample: bytes) -> None:
    for length in range(0, len(sample), max(1, len(sample) // 200)):
        survives(sample[:length])


@pytest.mark.parametrize("sample", [PLAIN, BOX, SAVED, WHOLE], ids=["plain", "box", "saved", "whole"])
def test_mail_with_flipped_bytes_is_read_or_refused(sample: bytes) -> None:
    chance = random.Random(len(sample))
    for _ in range(200):
        data = bytearray(sample)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.choice(
                b"\x00\xff\r\n\t \"=?;:-%'*" + bytes([chance.randrange(256)])
            )
        survives(bytes(data))
