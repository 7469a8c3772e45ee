"""Damages mail: headers, encodings, and the parts between boundaries. Knows MIME's outside, no reader."""

from __future__ import annotations

import base64
import quopri
import random
import re
from collections.abc import Sequence

from fuzzing.mutators import tokens

_BOUNDARY = re.compile(rb"^--([^\r\n]+?)(--)?[ \t]*(?:\r\n|\r|\n|\Z)", re.MULTILINE)
_HEADER = re.compile(rb"^([A-Za-z-]+):[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n)", re.MULTILINE)
_CHARSETS = [
    *b"utf-8 us-ascii iso-8859-1 windows-1252 utf-16 utf-16-le utf-32 utf-7 koi8-r gb2312 big5 shift_jis iso-2022-jp"
    b" euc-kr hz cp037 idna punycode unicode_escape raw_unicode_escape rot13 rot_13 base64 hex zlib bz2 uu quopri"
    b" mbcs undefined x-unknown utf_8_sig \xff utf-8\x00 charmap unknown-8bit".split(),
    b"",
    b"a" * 200,
]
_KINDS = (
    b"text/plain text/html text/enriched text/calendar multipart/mixed multipart/alternative multipart/related"
    b" multipart/digest multipart/signed multipart/report message/rfc822 message/delivery-status message/partial"
    b" message/external-body application/octet-stream application/pdf application/zip image/png"
    b" application/pkcs7-mime application/pgp-encrypted application/pkcs7-signature text text/ / audio/x"
).split()
_TRANSFERS = b"7bit 8bit binary base64 quoted-printable x-uuencode uuencode x-gzip \xff Base64 base64,base64".split()
_NAMES = (
    b'"a.txt"',
    b'"../../etc/passwd"',
    b'"C:\\\\x.txt"',
    b'"/abs"',
    b'""',
    b"a;b",
    b'"a\r\n b.txt"',
    b"=?utf-8?B?w6k=?=",
    b'"=?utf-8?Q?=2E=2E/x?="',
    b'"' + b"x" * 3000 + b'.txt"',
    b'".hidden"',
    b'"\xff.txt"',
    b'"a/b/c.txt"',
    b'"CON"',
)
_HEADERS = (
    b"Subject: =?utf-8?B?8J+YgA==?=", b"Subject: =?utf-8?B?8J+YgA?=", b"Subject: =?utf-16?Q?=00=D8?=", b"Subject:",
    b"Subject: =?hex?Q?zz?=", b"Subject: =?x?y?z?= =?us-ascii?Q?a_b?= =?us-ascii?Q?c?=", b"Subject: \xff\xfe",
    b"From: a b c <<<>>>@", b"From: =?utf-8?q?=00?= <a@b>", b"From: \"a\r\n b\" <c@d>", b"To: (((((", b"Cc: ,,,",
    b"Date: Mon, 99 Foo 99999 99:99:99 +99999", b"Date: Mon, 02 Mar 2026 10:00:00 -0000", b"Date: 1 Jan 1 0:0 +2400",
    b"Date: Thu, 01 Jan 99999999999 00:00:00 GMT", b"Content-Type: text/plain; charset*0=utf; charset*1=-8",
    b"Content-Type: text/plain; charset*=utf-8''%00%ff", b"Content-Type: multipart/mixed", b"Content-Type:;;;",
    b"Content-Type: text/plain; format=flowed; delsp=yes", b"Content-Type: multipart/mixed; boundary=",
    b"Content-Disposition: attachment; filename*0*=utf-8''%41; filename*1*=%42", b"Content-ID: <x@y>",
    b"Content-Disposition: attachment; filename*=latin-1'en'%E9.txt", b"Content-Disposition: inline",
    b"Content-Disposition: attachment; filename*99999999999999999999=x", b"Content-Transfer-Encoding: base64",
    b"Content-Type: message/rfc822", b"MIME-Version: 1.0", b"From nobody Mon Mar  2 10:00:00 2026", b">From x",
    b"Content-Type: text/html; charset=utf-8", b"Content-Location: http://127.0.0.1/", b":", b" folded", b"X",
)  # fmt: skip


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return mail with a header, a part or an encoding changed; now and then damaged as any text."""
    roll = dice.random()
    if roll < 0.35:
        return _header(data, dice)
    if roll < 0.65:
        return _parts(data, dice, donors)
    if roll < 0.72:
        return _transfer(data, dice)
    return tokens.mutate(data, dice, donors, _HEADERS)


def _header(data: bytes, dice: random.Random) -> bytes:
    found = list(_HEADER.finditer(data))
    if not found:
        return dice.choice(_HEADERS) + b"\n" + data
    match = dice.choice(found)
    roll = dice.random()
    line = match.group()
    if roll < 0.25:
        new = line + dice.choice(_HEADERS) + b"\n"
    elif roll < 0.35:
        new = b""
    elif roll < 0.55:
        new = re.sub(rb"charset=[^;\r\n]*", lambda _: b"charset=" + dice.choice(_CHARSETS), line)
    elif roll < 0.7:
        new = re.sub(rb"(?i)(content-type:\s*)[^;\r\n]*", lambda one: one[1] + dice.choice(_KINDS), line)
    elif roll < 0.8:
        new = re.sub(
            rb"(?i)(content-transfer-encoding:\s*)[^;\r\n]*", lambda one: one[1] + dice.choice(_TRANSFERS), line
        )
    elif roll < 0.9:
        new = re.sub(rb"name=[^;\r\n]*", lambda _: b"name=" + dice.choice(_NAMES), line)
    else:
        new = tokens.mutate(line, dice)
    return data[: match.start()] + new + data[match.end() :]


def _parts(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    marks = list(_BOUNDARY.finditer(data))
    if len(marks) < 2:
        return _wrapped(data, dice) if dice.random() < 0.5 else tokens.mutate(data, dice, donors, _HEADERS)
    at = dice.randrange(len(marks) - 1)
    start, end = marks[at].start(), marks[at + 1].start()
    part = data[start:end]
    roll = dice.random()
    if roll < 0.2:
        return data[:start] + data[end:]
    if roll < 0.45:
        return data[:end] + part * dice.choice((1, 2, 20, 300)) + data[end:]
    if roll < 0.6:
        other = dice.choice(marks).start()
        return data[:other] + part + data[other:]
    if roll < 0.75:
        return data[:start] + marks[at].group() + _wrapped(part[len(marks[at].group()) :], dice) + data[end:]
    if roll < 0.85 and donors:
        return data[:start] + marks[at].group() + dice.choice(donors) + b"\n" + data[end:]
    return data[: marks[at].start()] + dice.choice(marks).group() + data[marks[at].end() :]


def _wrapped(part: bytes, dice: random.Random) -> bytes:
    """Return a part inside a message or a multipart of its own, several times over."""
    for number in range(dice.choice((1, 1, 2, 8, 60))):
        if dice.random() < 0.5:
            part = b"Content-Type: message/rfc822\n\n" + part
        else:
            mark = b"w%d" % number
            part = (
                b"Content-Type: " + dice.choice((b"multipart/mixed", b"multipart/alternative")) + b"; boundary=" + mark
                + b"\n\n--" + mark + b"\n" + part + b"\n--" + mark + b"--\n"
            )  # fmt: skip
    return part


def _transfer(data: bytes, dice: random.Random) -> bytes:
    head, gap, body = data.partition(b"\n\n")
    if dice.random() < 0.5:
        return head + b"\nContent-Transfer-Encoding: base64" + gap + base64.encodebytes(body)
    return head + b"\nContent-Transfer-Encoding: quoted-printable" + gap + quopri.encodestring(body)
