# ruff: noqa: E501 - files as they stand
"""Small whole files to begin from, a few for each format; those of real producers come from the tests' fixtures."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

from fuzzing.mutators import package, pdf
from qa.load.table import BY_SUFFIX
from tests.office import FORMATS as FIXTURES
from tests.office import paragraph, relations, word_file, zipped

FINDS = FIXTURES.parent / "finds"
_LARGEST = 120_000  # bytes of a fixture to begin from

TEXTS: dict[str, tuple[str, ...]] = {
    "text": (
        "CHAPTER ONE\n\nThe harbour\n\nThe harbour was built in 1850 by two brothers, and it was widened twice "
        "since.\n",
        "Title\n=====\n\nSome prose, as it is.\n\nPart\n----\n\n- one\n- two\n\n== Wiki ==\nMore words.\n",
        "\ufeffOne\r\n\r\nA line of text that goes on for so long that nobody could take it for a heading, ever.\r\n",
    ),
    "markdown": (
        "---\ntitle: \"Fees\"\ndate: 2024-01-01\n---\n# Fees\n\nWords *of* `code`.\n\n## Late [fees](x)\n\n- a\n  - "
        "b\n\n"
        "Under\n=====\n\n```py\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> # quoted\n\n1. one\n2. two\n",
        "# A #\n\nSetext *of*\ntwo lines\n---\n\n<div>\n# x\n</div>\n\n    # code\n",
    ),
    "html": (
        "<!doctype html><html><head><title>A page</title><meta charset=utf-8></head><body><nav>menu</nav><h1>One</h1>"
        "<p>Some <b>bold</b> words<br>and more.</p><ul><li>a<ul><li>b</ul><li>c</ul><ol start=3><li>x<li>y</ol>"
        "<table><caption>Cap</caption><tr><th>A<th>B</tr><tr><td>1<td>2<p>two</table><h2>Two</h2><pre>  kept\n  "
        "so</pre>"
        "<table role=presentation><tr><td><h3>Three</h3>laid "
        "out</table><dl><dt>t<dd>d</dl><script>no()</script></body></html>",
        "<h1>a<br>b</h1>c<table><tr><td>x<table><tr><td>y</table></table><template>t</template><div><div>z",
    ),
    "csv": (
        'Name,Age,"Where, now"\nBo,7,"a ""quoted"" word"\n,,\nCy,8,"two\nlines"\n',
        "sep=;\r\na;b;c\r\n1,5;2;3\r\n",
        "a\tb\n1\t2\n\n3\t\n",
    ),
    "rtf": (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 A;}{\f1\fcharset204 B;}}{\colortbl;\red255\green255"
        r"\blue255;\red0\green0\blue9;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}"
        r"{\info{\title The title}{\author Ada}{\creatim\yr2024\mo5\dy6\hr7\min8}}{\header\pard Draft\par}"
        r"\pard\s1 One\par\pard Some \u8364? words{\footnote\pard A note\par} {\v hidden} {\cf1 white} {\deleted gone}"
        r" {\f1 \'cf\'f0}\par{\listtext\tab 1.\tab}\ilvl1 item\par\trowd\intbl a\cell b{\b c}\cell\row\pard"
        r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\pict 0102}{\*\atnauthor Bo}{\annotation\pard remark\par}"
        r"{\shp{\*\shpinst{\shptxt box\par}}}\par}",
        r"{\rtf1\mac\uc2 a\u-10179 xx\u-8704 xx\bin3 abc\nestcell\nestrow\emdash\~\par}",
    ),
    "rst": (
        "=====\nTitle\n=====\n\n:author: Ada\n:date: 2024-01-01\n\nPart\n----\n\nWords::\n\n   code\n   "
        "====\n\nDeep\n~~~~\n\n* a\n",
        "One\n===\n\nWords.\n\nTwo\n===\n\n====  ====\na     b\n====  ====\n1     2\n====  ====\n",
    ),
    "asciidoc": (
        "= Title\n:author: Ada\n:revdate: 2024-01-01\n\n== Part\n\nWords.\n\n----\n== "
        "no\n----\n\nUnder\n-----\n\n=== Deep ===\n\n|===\n|a\n|===\n",
        "Title\n=====\n\n```py\n# x\n```\n\n# Mark\n\n====\nblock\n====\n",
    ),
    "org": (
        "#+TITLE: Notes\n#+AUTHOR: Ada\n#+DATE: <2024-01-01>\n\n* TODO [#A] One :a:b:\nWords.\n** Two\n#+BEGIN_SRC "
        "py\n* no\n#+END_SRC\n",
    ),
    "latex": (
        "\\documentclass{article}\n\\title{On "
        "\\emph{tea}\\thanks{x}}\\author{Ada}\\date{2024-01-01}\n\\begin{document}\n"
        "\\section[s]{One \\label{a}}\\label{b}\nWords % no\n\\subsection*{Two {in} "
        "braces}\n\\begin{verbatim}\n\\section{no}\n"
        "\\end{verbatim}\n\\footnote{f} 5\\% \\\\ $x$\n\\frametitle{F}\n\\end{document}\n",
    ),
    "code": (
        "import x\n\n@d\ndef f(a, b=1):\n    \"\"\"Doc.\"\"\"\n    return a\n\nclass C(D):\n    async def g(self) "
        "-> int:  # why\n        pass\n",
        "public static int main(String[] a) {\n  if (x) {\n  }\n}\nconst f = async (a) => {\n}\nCREATE TABLE t (\n  "
        "a int\n);\n"
        "pub fn x<T>(a: T) -> T where T: B {\n}\nfunc (r *R) N() {\n}\nx() {\n}\nvoid *f(char **p) {\n",
    ),
    "settings": ("[tool.x]\na = 1 # b\n[[y]]\nc = \"d\"\n", "services:\n  web: x\nkey one:\n  - a\nempty:\n"),
    "as it is": ('{"a": [1, 2, {"b": "c"}]}\n', "2024-01-01 INFO start\n2024-01-01 WARN stop\n"),
    "subtitles": (
        "1\n00:00:01,000 --> 00:00:02,500\nFirst words\nand more\n\n2\n00:01:00,000 --> 00:01:02,000 "
        "X1:0\n<i>Second</i>\n",
        "WEBVTT - Title\nKind: captions\n\nNOTE x\n\nid\n00:01.000 --> 00:02.000 align:start\nWords\n\n1:00:03.000 "
        "--> 1:00:04.000\nEnd\n",
    ),
    "notebook": (
        '{"cells":[{"cell_type":"markdown","source":["# '
        'Title\\n","\\n","words"],"metadata":{}},{"cell_type":"code","source":'
        '"x = 1","execution_count":3,"outputs":[{"output_type":"stream","text":["out\\n"]},'
        '{"output_type":"display_data",'
        '"data":{"image/png":"AA","text/plain":"fig"}},{"output_type":"error","ename":"E","evalue":"v",'
        '"traceback":["t"]}]},'
        '{"cell_type":"raw","source":"raw"}],"metadata":{"title":"T","authors":[{"name":"Ada"}]},"nbformat":4}',
        '{"worksheets":[{"cells":[{"cell_type":"heading","level":2,"source":"H"},{"cell_type":"code","input":"y",'
        '"prompt_number":1,"outputs":[{"output_type":"pyout","text":"z"}]}]}],"nbformat":3}',
    ),
    "xml": (
        '<?xml version="1.0"?><article><title>One</title><info><author>Ada</author><date>2024-01-01</date></info>'
        '<sect><title>'
        "Two</title><para>Some <b>mixed</b> words.</para><list><item>a</item><item>b</item></list></sect></article>",
        '<rss><channel><title>News</title><item><title>A</title><description>&lt;p&gt;x&lt;/p&gt;<![CDATA[<i>y'
        '</i>]]></description>'
        "<pubDate>2024</pubDate></item></channel></rss>",
    ),
}  # fmt: skip

# what readers make more of than text: what is raised, struck or merged, chats, facts, forms, older mail
MEANT: dict[str, tuple[str, ...]] = {
    "text": (
        "[12/05/2024, 18:03:11] Ada: who has the key?\n[12/05/2024, 18:04:02] Bo: I do\nand a torch\n"
        "[12/05/2024, 18:05:40] Ada: good\n",
    ),
    "markdown": (
        "---\ntitle: A\nengineer: Bo\ntags:\n- a\n- b\n---\n# A\n\n~~Old.~~ New.[^1] <!-- aside -->\n\n- [x] a\n- [ ] b\n\n"
        "```\n~~code~~ <!-- -->\n```\n\n[^1]: A note\n  goes on.\n",
    ),
    "html": (
        "<style>.q{display:none}</style><p>10<sup>6</sup> m<sup>a<b>2</b></sup> H<sub>2</sub>O <s>old</s> "
        '<sup><a href="#n">3</a></sup><p class=q>x<p hidden>y<div style="display:none"><p>z</div><table><thead><tr>'
        "<th rowspan=2>A<th colspan=2>B<tr><th>c<th>d</thead><tr><td rowspan=3>e<td>f<td>g<tr><td colspan=3>h</table>"
        "<input type=checkbox checked><input type=radio><input value=v><select><option>a<option selected>b</select>"
        '<textarea>t</textarea><img alt="two words"><math><mfrac><mi>a</mi><msup><mi>b</mi><mn>2</mn></msup></mfrac>'
        "<msqrt><mi>c</mi></msqrt><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover></math>",
    ),
    "csv": ("Export\n\nSite;Who;m\nA;B;1,5\nC;D;2,5\n", 'sep=|\nA|B\n"x\ny"|2\n'),
    "rtf": (
        r"{\rtf1\ansi 10{\super 6}{\sub 2}{\strike old} 7\up6 3\up0 \par\trowd\trhdr\clvmgf\cellx9\clmgf\cellx19\clmrg\cellx29"
        r"\intbl A\cell B\cell \cell\row\trowd\clvmrg\cellx9\cellx19\cellx29\intbl \cell c\cell d\cell\row\pard x\par}",
    ),
    "latex": (
        "\\begin{document}\nA. % old\n%more\n\\sout{gone} B \\st{x\n\\iffalse no \\fi\n\\begin{comment}\nc\n\\end{comment}\n"
        "\\begin{verbatim}\n% code\n\\end{verbatim}\n\\end{document}\n",
    ),
    "as it is": (
        '[{"type":"message","user":"U1","user_profile":{"real_name":"Ada"},"ts":"1715670000.0001","text":"see <@U2> at <http://a|b>"},'
        '{"user":"U2","ts":"1715671200.0","text":"&lt;yes&gt;"}]',
        '{"name":"Crew","messages":[{"from":"Ada","date":"2024-05-12T18:03:11","text":["a ",{"type":"link","text":"b"}]},'
        '{"author":{"name":"Bo"},"timestamp":1715671200000,"content":"c"}]}',
    ),
    "calendar": (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20240618T143000\r\nDTEND:20240619T160000Z\r\n"
        'SUMMARY:Turbine\\, review\r\nLOCATION:Room\r\n  Kestrel\r\nORGANIZER;CN="Ada; B":mailto:a@b.org\r\nATTENDEE:mailto:c@d.org\r\n'
        "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20241231T000000Z\r\nDESCRIPTION:one\\ntwo\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n"
        "BEGIN:VTODO\r\nDUE;VALUE=DATE:20240101\r\nSTATUS:COMPLETED\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCARD\nVERSION:2.1\nN:Fenwick;Ada\nTEL;HOME;VOICE:+49 30\nADR;TYPE=work:;;1 Quay;Town;;9;Land\n"
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=C3=A9=\nb\nBDAY:1990-01-02\nEND:VCARD\n",
    ),
    "mail": (
        "From: a@b.org\nSubject: x\nContent-Type: text/plain\n\nNew.\n\nOn Mon, 3 Jun 2024 Bo <b@c.org> wrote:\n> Old.\n> More.\n\n"
        "Again new.\n\n-----Original Message-----\nFrom: Cy\nSent: Monday\n\nOldest.\n",
        "From: a@b.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/calendar\n\n"
        "BEGIN:VEVENT\nSUMMARY:x\nDTSTART:20240101T101010Z\nEND:VEVENT\n--bb\nContent-Type: application/ms-tnef\n"
        "Content-Transfer-Encoding: base64\n\neJ8+IgEAAQSAAQACAAAAeAB4AAECgAEABAAAAGFiYwAmAQ==\n--bb--\n",
    ),
}


def seeds(name: str) -> dict[str, bytes]:
    """Return a format's seeds, each under a name, in a fixed order."""
    found = {f"{name}-{at}": text.encode() for at, text in enumerate((*TEXTS.get(name, ()), *MEANT.get(name, ())))}
    found |= {f"{name}-{key}": _timeless(name, data) for key, data in MADE.get(name, dict)().items()}
    for path in sorted(FIXTURES.glob("*.*")):
        if BY_SUFFIX.get(path.suffix.lower()) == name and path.name != "README.md":
            data = path.read_bytes()
            if len(data) <= _LARGEST:
                found[path.name] = data
    return found


def _timeless(name: str, data: bytes) -> bytes:
    """Return a document that is an archive with its members stored, and without the time at which it was packed."""
    members = package.unpacked(data) if data.startswith(b"PK") and name != "archive" else None
    return package.packed(members) if members else data


def _mails() -> dict[str, bytes]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.org>", "bob@example.org", "Größe – die 2."
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    message.set_content("The plain words of the message, é.\n")
    message.add_alternative("<h1>Hello</h1><p>The <b>rich</b> words<ul><li>one</ul>", subtype="html")
    message.add_attachment("name,age\n", filename="täble.csv", subtype="csv")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="x.bin")
    inner = EmailMessage()
    inner["Subject"] = "Inside"
    inner.set_content("inner\n")
    message.add_attachment(inner)
    flowed = (
        b"From: a@example.org\r\nSubject: =?utf-8?Q?caf=C3=A9?= =?utf-8?B?IPCfmIA=?=\r\nContent-Type: text/plain;"
        b" format=flowed; delsp=yes; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"A line that =\r\nflows \r\non =E9.\r\n> quoted \r\n> more\r\n-- \r\nsig\r\n"
    )
    report = (
        b"From: d@example.org\nSubject: r\nContent-Type: multipart/report; boundary=b\n\n--b\n\nText\n--b\n"
        b"Content-Type: message/delivery-status\n\nA: b\n\nC: d\n--b\nContent-Type: image/png\nContent-ID: <x>\n"
        b"Content-Transfer-Encoding: base64\n\nAAAA\n--b\nContent-Type: application/pkcs7-mime\n\nx\n--b--\n"
    )
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"b{number}")  # the library's own would be others each time
    return {"parts": message.as_bytes(), "flowed": flowed, "report": report}


def _mailboxes() -> dict[str, bytes]:
    box = (
        b"From ada Mon Mar  2 10:00:00 2026\nFrom: a@example.org\nSubject: One\n\nText\n>From here\n\n"
        b"From bob Mon Mar  2 11:00:00 2026\nSubject: =?utf-8?B?w6k=?=\n\nFrom mid 2 to\n"
    )
    return {"two": box}


def _saved_pages() -> dict[str, bytes]:
    page = (
        b'From: <Saved>\nSubject: A page\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"; '
        b'start="<2@x>"\n\n--b\nContent-Type: text/css\n\np{}\n--b\nContent-Type: text/html; charset=utf-8\n'
        b"Content-ID: <2@x>\nContent-Transfer-Encoding: quoted-printable\n\n<html><h1>Hello=C3=A9</h1><p>a=\nb</p>\n"
        b"--b\nContent-Type: text/html\n\n<p>frame\n--b--\n"
    )
    return {"page": page}


def _archives() -> dict[str, bytes]:
    members = {"b/note.md": b"# Note\n\nwords", "a.txt": b"plain " * 30, "inner.zip": zipped({"deep.txt": b"deep"})}
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../x"
        archive.addfile(link)
    tar = tarred.getvalue()
    return {
        "zip": zipped(members),
        "stored": zipped(members, zipfile.ZIP_STORED),
        "bzip": zipped(members, zipfile.ZIP_BZIP2),
        "tar": tar,
        "tgz": gzip.compress(tar, mtime=0),
        "txz": lzma.compress(tar),
        "gz": gzip.compress(b"words\n" * 9, mtime=0),
        "bz2": bz2.compress(b"words\n"),
    }


def _words() -> dict[str, bytes]:
    def field(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    box = f"<w:txbxContent>{paragraph('Boxed')}</w:txbxContent>"
    section = '<w:sectPr><w:headerReference w:type="default" r:id="header1"/><w:pgNumType w:start="9"/></w:sectPr>'
    body = (
        paragraph("Scope", '<w:pStyle w:val="h1"/>')
        + paragraph("one", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + paragraph("in", '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>')
        + paragraph("dot", '<w:numPr><w:numId w:val="2"/></w:numPr>')
        + paragraph("ghost", '<w:shd w:val="clear" w:fill="auto"/>', '<w:color w:val="FFFFFF"/><w:sz w:val="2"/>')
        + '<w:p><w:r><w:t>Body</w:t><w:footnoteReference w:id="5"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r><w:r>'
        '<w:commentReference w:id="0"/><w:lastRenderedPageBreak/><w:t xml:space="preserve"> two</w:t></w:r></w:p>'
        "<w:p><w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:delText>out</w:delText></w:r></w:del><w:r><w:tab/>"
        '<w:br/><w:noBreakHyphen/><w:sym w:font="Symbol" w:char="F0E9"/><w:rPr><w:vanish/></w:rPr></w:r></w:p>'
        f"<w:p>{field('begin')}<w:r><w:instrText>REF x</w:instrText></w:r>{field('separate')}<w:r><w:t>5</w:t></w:r>"
        f"{field('end')}</w:p><w:tbl><w:tblPr><w:tblStyle w:val='t'/></w:tblPr><w:tr><w:trPr><w:hidden "
        f"w:val='0'/></w:trPr>"
        f"<w:tc><w:tcPr><w:vMerge w:val='restart'/><w:gridSpan w:val='2'/></w:tcPr>{paragraph('All')}</w:tc><w:tc>"
        f"{paragraph('1')}</w:tc></w:tr><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr>{paragraph('x')}</w:tc><w:tc>"
        f"<w:tbl><w:tr><w:tc>{paragraph('nested')}</w:tc></w:tr></w:tbl>{paragraph('2')}</w:tc></w:tr></w:tbl>"
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>" + box + "</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:sdt><w:sdtContent>"
        + paragraph("held")
        + "</w:sdtContent></w:sdt><w:p><w:hyperlink><w:r><w:t>link</w:t></w:r>"
        "</w:hyperlink><w:r><w:ruby><w:rt><w:r><w:t>rt</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>base</w:t></w:r>"
        "</w:rubyBase>"
        "</w:ruby></w:r></w:p><w:altChunk r:id='x'/>" + section
    )
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt '
        'w:val="decimal"/><w:lvlText '
        'w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="lowerRoman"/><w:lvlRestart w:val="1"/><w:lvlText '
        'w:val="%1.%2)"/><w:pStyle w:val="h1"/></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="1"><w:lvl '
        'w:ilvl="0">'
        '<w:numFmt w:val="bullet"/><w:lvlText w:val="·"/></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="2">'
        '<w:numStyleLink w:val="n"/></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/><w:lvlOverride '
        'w:ilvl="0">'
        '<w:startOverride w:val="1"/></w:lvlOverride></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    )
    styles = (
        '<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults><w:style '
        'w:type="paragraph"'
        ' w:styleId="h1"><w:name w:val="heading 1"/><w:basedOn w:val="b"/><w:pPr><w:outlineLvl '
        'w:val="0"/><w:numPr><w:numId '
        'w:val="1"/></w:numPr></w:pPr></w:style><w:style w:styleId="b" w:default="1"><w:name w:val="Normal"/></w:style>'
        '<w:style w:type="table" w:styleId="t"><w:tblPr/></w:style><w:style w:type="numbering" '
        'w:styleId="n"><w:pPr><w:numPr>'
        '<w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
    )
    note = (
        f'<w:footnote w:type="separator" w:id="0">{paragraph("line")}</w:footnote><w:footnote '
        f'w:id="5">{paragraph("Foot")}</w:footnote>'
    )
    parts = {
        "styles": styles,
        "numbering": numbering,
        "footnotes": note,
        "endnotes": f'<w:endnote w:id="2">{paragraph("End")}</w:endnote>',
        "comments": f'<w:comment w:id="0" w:author="Ada">{paragraph("Really?")}</w:comment>',
        "header1": paragraph("Draft of May"),
    }
    return {"rich": word_file(body, **parts)}


_DRAWING = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def _slides() -> dict[str, bytes]:
    def shape(words: str, more: str = "", x: int = 100, y: int = 100) -> str:
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="T"/><p:nvPr>{more}</p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off '
            f'x="{x}" '
            f'y="{y}"/><a:ext cx="9000" cy="900"/></a:xfrm></p:spPr><p:txBody><a:bodyPr/><a:lstStyle/>{words}'
            f"</p:txBody></p:sp>"
        )

    words = (
        '<a:p><a:pPr lvl="1"><a:buAutoNum type="arabicPeriod" startAt="3"/></a:pPr><a:r><a:rPr><a:solidFill><a:srgbClr '
        'val="FFFFFF"/></a:solidFill></a:rPr><a:t>One</a:t></a:r><a:br/><a:fld '
        'type="slidenum"><a:t>1</a:t></a:fld></a:p><a:p>'
        '<a:pPr><a:buChar char="•"/></a:pPr><a:r><a:t>Two</a:t></a:r></a:p>'
    )
    table = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4" name="x"/></p:nvGraphicFramePr><p:xfrm><a:off x="1" '
        'y="9999"/></p:xfrm>'
        "<a:graphic><a:graphicData><a:tbl><a:tr><a:tc "
        'gridSpan="2"><a:txBody><a:p><a:r><a:t>c0</a:t></a:r></a:p></a:txBody></a:tc>'
        '<a:tc hMerge="1"/></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>'
    )
    group = (
        f'<p:grpSp><p:nvGrpSpPr><p:cNvPr id="9" hidden="1"/></p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x="0" '
        f'y="0"/><a:ext cx="5" cy="5"/><a:chOff x="0" y="0"/><a:chExt cx="5" '
        f'cy="5"/></a:xfrm></p:grpSpPr>{shape("<a:p><a:r><a:t>grouped</a:t></a:r></a:p>")}</p:grpSp>'
    )
    tree = shape("<a:p><a:r><a:t>Title</a:t></a:r></a:p>", '<p:ph type="title"/>') + shape(
        words, '<p:ph idx="1"/>', 50, 5000
    )
    first = (
        f"<p:sld {_DRAWING}><p:cSld><p:bg><p:bgPr><a:solidFill><a:schemeClr "
        f'val="bg1"/></a:solidFill></p:bgPr></p:bg><p:spTree>{tree}{table}{group}</p:spTree></p:cSld></p:sld>'
    )
    body, title = '<p:ph type="body"/>', '<p:ph type="title"/>'
    said = shape("<a:p><a:r><a:t>Say this</a:t></a:r></a:p>", body)
    notes = f"<p:notes {_DRAWING}><p:cSld><p:spTree>{said}</p:spTree></p:cSld></p:notes>"
    layout = (
        f"<p:sldLayout {_DRAWING}><p:cSld><p:spTree>{shape('<a:p/>', title, 7, 7)}</p:spTree></p:cSld></p:sldLayout>"
    )
    deck = (
        f'<p:presentation {_DRAWING}><p:sldIdLst><p:sldId id="256" r:id="slide1"/><p:sldId id="257" '
        f'r:id="slide2"/></p:sldIdLst>'
        '<p:sldSz cx="9144000" cy="6858000"/></p:presentation>'
    )
    return {
        "rich": zipped(
            {
                "_rels/.rels": relations(officeDocument="ppt/presentation.xml"),
                "ppt/presentation.xml": deck,
                "ppt/_rels/presentation.xml.rels": relations(slide1="slides/slide1.xml", slide2="slides/slide2.xml"),
                "ppt/slides/slide1.xml": first,
                "ppt/slides/_rels/slide1.xml.rels": relations(slideLayout="../slideLayouts/l.xml",
                notesSlide="../notes/n.xml"),
                "ppt/slides/slide2.xml": first.replace("<p:sld ", '<p:sld show="0" '),
                "ppt/slideLayouts/l.xml": layout,
                "ppt/notes/n.xml": notes,
            }
        )
    }  # fmt: skip


def _workbooks() -> dict[str, bytes]:
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    sheet = (
        f'<worksheet {main}><cols><col min="8" max="9" hidden="1"/></cols><sheetData><row r="1"><c r="A1" '
        f't="s"><v>0</v></c>'
        '<c r="B1" t="inlineStr"><is><t>in</t></is></c><c r="C1" t="b"><v>1</v></c><c r="D1" '
        't="e"><v>#N/A</v></c></row>'
        '<row r="3" hidden="1"><c r="A3" s="1"><v>45000.5</v></c><c r="B3" s="2"><v>0.256</v></c><c '
        'r="H3"><f>1+1</f></c>'
        '<c r="XFD3" t="str"><v>far</v></c></row></sheetData><conditionalFormatting sqref="A1"/></worksheet>'
    )
    styles = (
        f'<styleSheet {main}><numFmts><numFmt numFmtId="164" formatCode="[Red]#,##0.00 &quot;€&quot;;-0;;@"/><numFmt '
        'numFmtId="165" formatCode="[$-407]d. mmmm yyyy h:mm AM/PM"/></numFmts><fonts><font/><font><color '
        'rgb="FFFFFFFF"/></font>'
        '</fonts><fills><fill><patternFill patternType="none"/></fill></fills><cellXfs><xf/><xf numFmtId="165"/>'
        '<xf numFmtId="164" fontId="1"/></cellXfs></styleSheet>'
    )
    return {
        "rich": zipped(
            {
                "_rels/.rels": relations(officeDocument="xl/workbook.xml"),
                "xl/workbook.xml": (
                    f'<workbook {main} {office}><workbookPr date1904="0"/><sheets><sheet name="Data" '
                    f'r:id="worksheet1"/>'
                    '<sheet name="Secret" state="hidden" r:id="worksheet2"/></sheets></workbook>'
                ),
                "xl/_rels/workbook.xml.rels": relations(
                    worksheet1="s1.xml", worksheet2="s2.xml", sharedStrings="strings.xml", styles="styles.xml"
                ),
                "xl/s1.xml": sheet,
                "xl/s2.xml": sheet.replace("45000.5", "-1"),
                "xl/_rels/s1.xml.rels": relations(comments="c1.xml", drawing="d1.xml"),
                "xl/c1.xml": (
                    f'<comments {main}><commentList><comment '
                    f'ref="A1"><text><t>Note</t></text></comment></commentList></comments>'
                ),
                "xl/d1.xml": f"<a:x {_DRAWING}><a:p><a:r><a:t>box</a:t></a:r></a:p></a:x>",
                "xl/strings.xml": (
                    f'<sst {main}><si><r><t>Na</t></r><r><t>me_x000D_</t></r><rPh><t>p</t></rPh></si>'
                    f'</sst>'
                ),
                "xl/styles.xml": styles,
            }
        )
    }  # fmt: skip


def _open_documents() -> dict[str, bytes]:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
        for name, path in (
            ("office", "office"), ("text", "text"), ("style", "style"), ("table", "table"), ("draw", "drawing"),
            ("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"), ("presentation", "presentation"),
        )
    ) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none" fo:color="#ffffff" '
        'fo:font-size="1pt"/></style:style><style:style style:name="P" style:parent-style-name="Q" '
        'style:family="paragraph" '
        'style:list-style-name="L"><style:paragraph-properties fo:background-color="#000066" '
        'fo:break-before="page"/></style:style>'
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="i" '
        'text:start-value="3" '
        'style:num-suffix="." text:display-levels="2"/><text:list-level-style-bullet text:level="2"/></text:list-style>'
        '<style:style style:name="T" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    cells = (
        '<table:table table:name="T"><table:table-column table:number-columns-repeated="2"/><table:table-header-rows>'
        '<table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>h</text:p></table:table-cell>'
        "<table:covered-table-cell/></table:table-row></table:table-header-rows><table:table-row "
        'table:visibility="collapse" '
        'table:number-rows-repeated="2"><table:table-cell '
        'table:number-columns-repeated="3"><text:p>c</text:p><office:annotation>'
        "<dc:creator>A</dc:creator><text:p>n</text:p></office:annotation></table:table-cell></table:table-row>"
        "</table:table>"
    )
    body = (
        '<text:h text:outline-level="1">One</text:h><text:p text:style-name="P">a <text:s text:c="3"/>b<text:tab/>'
        '<text:line-break/><text:span text:style-name="H">secret</text:span><text:soft-page-break/>'
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>Note</text:p>"
        "</text:note-body></text:note><text:ruby><text:ruby-base>base</text:ruby-base><text:ruby-text>rt"
        "</text:ruby-text></text:ruby>"
        '<text:hidden-text text:string-value="hid"/></text:p><text:list text:style-name="L" '
        'text:continue-numbering="true">'
        "<text:list-header><text:p>head</text:p></text:list-header><text:list-item "
        'text:start-value="7"><text:p>x</text:p>'
        "<text:list><text:list-item><text:p>y</text:p></text:list-item></text:list></text:list-item></text:list>"
        f'{cells}<text:section text:display="none"><text:p>sec</text:p></text:section><text:tracked-changes>'
        f"<text:changed-region>"
        "<text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p><draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame></text:p>"
    )
    page = (
        '<draw:page draw:name="S" draw:style-name="dp"><draw:frame presentation:class="title" svg:x="1cm" '
        'svg:y="2cm"><draw:text-box>'
        "<text:p>Title</text:p></draw:text-box></draw:frame><draw:g><draw:frame "
        'svg:y="9cm"><draw:text-box><text:list><text:list-item>'
        "<text:p>item</text:p></text:list-item></text:list></draw:text-box></draw:frame></draw:g>"
        "<presentation:notes><draw:frame>"
        "<draw:text-box><text:p>say</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
    )

    def file(kind: str, inside: str) -> bytes:
        content = (
            f"<office:document-content{spaces}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
            f"<office:{kind}>{inside}</office:{kind}></office:body></office:document-content>"
        )
        return zipped({"content.xml": content})

    return {"text": file("text", body), "sheet": file("spreadsheet", cells), "slides": file("presentation", page)}


def _books() -> dict[str, bytes]:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="O/book.opf"/></rootfiles></container>'
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>T</dc:title>'
        '<dc:creator>A</dc:creator><dc:date>2024-05</dc:date></metadata><manifest><item id="b" '
        'href="b%20b.xhtml"/><item id="a" '
        'href="a.xhtml"/><item id="n" href="nav.xhtml" properties="nav"/><item id="ncx" href="t.ncx"/></manifest>'
        '<spine toc="ncx"><itemref idref="b"/><itemref idref="a" linear="no"/><itemref idref="n"/></spine></package>'
    )
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Beta</text></navLabel>'
        '<content src="b%20b.xhtml#x"/></navPoint></navMap></ncx>'
    )
    nav = '<html xmlns="http://www.w3.org/1999/xhtml"><nav><ol><li><a href="a.xhtml">Alpha</a></li></ol></nav></html>'
    return {
        "rich": zipped(
            {
                "META-INF/container.xml": container,
                "O/book.opf": book,
                "O/a.xhtml": "<html><h1>Alpha</h1><p>one&nbsp;é</p><ol start='4'><li>x</ol></html>",
                "O/b b.xhtml": "<p id='x'>before any heading</p><table><tr><td>1<td>2</table>",
                "O/t.ncx": ncx,
                "O/nav.xhtml": nav,
            }
        )
    }


def _pdfs() -> dict[str, bytes]:
    page = (
        b"BT /F1 18 Tf 1 0 0 1 72 760 Tm (A heading) Tj ET BT /F1 10 Tf 1 0 0 1 72 730 Tm (Words of a para-) Tj 0 "
        b"-12 Td (graph \\(so\\)"
        b" it is.) Tj ET BT /F2 10 Tf 3 Tr 72 690 Td [(hid) -200 (den)] TJ ET q 1 1 1 rg 70 600 200 20 re f Q BT 1 "
        b"1 1 rg /F1 10 Tf"
        b" 72 605 Td (white) Tj ET BT 0 g /F1 10 Tf 72 500 Td (- item) Tj 200 0 Td (42) Tj ET BT 0 1 -1 0 20 300 Tm "
        b"(side) Tj ET /X1 Do"
        b" BT /F1 8 Tf 300 20 Td (1) Tj ET"
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>"
    resources = b"/Resources<</Font<</F1 5 0 R/F2 6 0 R>>/XObject<</X1 9 0 R>>>>"
    objects = {
        1: (
            b"<</Type/Catalog/Pages 2 0 R/Outlines 10 0 R/PageLabels<</Nums[0<</S/r/St "
            b"3>>1<</S/D/P(A-)>>]>>/AcroForm<</Fields[13 0 R]>>>>"
        ),
        2: b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 7 0 R%s/Annots[13 0 R 14 0 R]>>" % resources,
        4: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/CropBox[0 0 500 800]/Rotate 90/Contents[7 0 R 8 0 R]%s>>"
        % resources,
        5: font % b"Helvetica",
        6: (
            b"<</Type/Font/Subtype/TrueType/BaseFont/Arial/FirstChar 32/LastChar 34/Widths[250 300 300]/ToUnicode 12 "
            b"0 R>>"
        ),
        7: pdf.stream(page),
        8: pdf.stream(b"BT /F1 10 Tf 72 400 Td (second stream) Tj ET"),
        9: pdf.stream(b"BT /F1 9 Tf 100 100 Td (in a form) Tj ET",
        b"/Type/XObject/Subtype/Form/BBox[0 0 300 300]" + resources),
        10: b"<</Type/Outlines/First 11 0 R/Last 11 0 R/Count 1>>",
        11: b"<</Title(A heading)/Parent 10 0 R/Dest[3 0 R/XYZ 72 770 0]>>",
        12: pdf.stream(b"/CIDInit /ProcSet findresource begin begincmap 1 beginbfchar <68> <0068> endbfchar 1 "
        b"beginbfrange <69> <6a>"
                       b" <D83DDE00> endbfrange endcmap end"),
        13: (
            b"<</Type/Annot/Subtype/Widget/FT/Tx/T(n)/V(typed in)/Rect[72 300 300 320]/P 3 0 R/DA(/F1 10 Tf)/AP<</N "
            b"9 0 R>>>>"
        ),
        14: b"<</Type/Annot/Subtype/FreeText/Contents(free)/Rect[72 200 300 220]>>",
        15: b"<</Title(T)/Author(A)/ModDate(D:20240506070809+01'00')>>",
    }  # fmt: skip
    return {"rich": pdf.assembled(objects, b"<</Root 1 0 R/Info 15 0 R>>")}


def _pictures() -> dict[str, bytes]:
    from PIL import Image, ImageDraw

    image = Image.new("L", (90, 30), 255)
    ImageDraw.Draw(image).text((5, 8), "Opening", fill=0)
    found = {}
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"):
        buffer = io.BytesIO()
        more = {"save_all": True, "append_images": [image.rotate(2)]} if kind in ("TIFF", "GIF") else {}
        image.save(buffer, kind, **more)
        found[kind.lower()] = buffer.getvalue()
    for mode in ("1", "P", "RGBA", "I", "CMYK"):
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, "TIFF")
        found[f"tiff-{mode}"] = buffer.getvalue()
    return found


MADE: dict[str, Callable[[], dict[str, bytes]]] = {
    "pdf": _pdfs,
    "word": _words,
    "slides": _slides,
    "spreadsheet": _workbooks,
    "opendocument": _open_documents,
    "epub": _books,
    "mail": _mails,
    "mailbox": _mailboxes,
    "mhtml": _saved_pages,
    "archive": _archives,
    "picture": _pictures,
}
"""Format → its seeds that aren't texts."""
