"""Papers (PDF) made fit to be handed out: refused where they hold more than pages, and written anew without what
says who made them, when and where. Like pictures.py, run by its path in a process of its own."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Object, Pdf, Stream

MOST_PAGES = 200
HEAD = b"%PDF-"
TAIL = re.compile(rb"%%EOF[\0\t\n\f\r ]*\Z")
# What acts by itself or carries other files, and what a person would call it (ISO 32000-2, 7.11, 12.6, 12.7.8, 13).
FORBIDDEN_ACTIONS = {
    "/JavaScript": "scripts",
    "/Launch": "links that start programs",
    "/ImportData": "forms that fetch data",
    "/SubmitForm": "forms that send data",
    "/GoToE": "other files",
    "/Movie": "films or sounds",
    "/Sound": "films or sounds",
    "/Rendition": "films or sounds",
    "/RichMediaExecute": "films or sounds",
}
FORBIDDEN_KEYS = {
    "/JS": "scripts",
    "/JavaScript": "scripts",
    "/EmbeddedFiles": "other files",
    "/EmbeddedFile": "other files",
    "/EF": "other files",
    "/AF": "other files",
    "/Collection": "other files",
    "/XFA": "forms with a program in them",
    "/RichMediaContent": "films or sounds",
    "/3DD": "films or sounds",
}
FORBIDDEN_KINDS = {
    "/EmbeddedFile": "other files",
    "/FileAttachment": "other files",
    "/RichMedia": "films or sounds",
    "/Screen": "films or sounds",
    "/Movie": "films or sounds",
    "/Sound": "films or sounds",
    "/3D": "films or sounds",
}
# Who, when and with what: for the paper, and for each part of it. The Info dictionary and the file's id go whole.
SAYS_WHO = ("/Metadata", "/PieceInfo", "/LastModified", "/Perms", "/SpiderInfo", "/Thumb", "/DPartRoot")
OF_A_COMMENT = ("/T", "/M", "/CreationDate", "/NM")
# A JPEG's segments that say more than its pixels: all of APP1 to APP15 but Adobe's APP14, and comments.
JPEG_SAYS_WHO = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
JPEG_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class Unfit(Exception):
    """The paper is not taken; the message goes on from its name: "must …"."""


def written_anew(data: bytes) -> bytes:
    """The same pages in a new file. Raises Unfit, or pikepdf's own errors where `data` is damaged."""
    if not data.startswith(HEAD) or not TAIL.search(data[-1024:]):
        raise Unfit("must be a PDF and nothing else. Save or print it as a PDF again")
    try:
        pdf = Pdf.open(io.BytesIO(data), inherit_page_attributes=False)
    except pikepdf.PasswordError:
        raise Unfit("must not have a password. Save it without one and try again") from None
    with pdf:
        if pdf.is_encrypted:
            raise Unfit("must not be locked. Save it without restrictions and try again")
        if not 1 <= len(pdf.pages) <= MOST_PAGES:
            raise Unfit(f"must have between 1 and {MOST_PAGES} pages")
        for part in pdf.objects:
            for each in _within(part):
                _look_at(each)
        for part in list(pdf.objects):
            for each in _within(part):
                _make_silent(each)
                if isinstance(each, Stream):
                    _make_picture_silent(pdf, each)
        for name in ("/Info", "/ID"):
            if name in pdf.trailer:
                del pdf.trailer[name]
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True, compress_streams=True, fix_metadata_version=False)
        return out.getvalue()


def _within(part: Object) -> Iterator[Dictionary | Stream]:
    """Every dictionary and stream of `part`; what it refers to has its own turn."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting += [inner for inner in each.as_list() if not _elsewhere(inner)]
        elif isinstance(each, Dictionary | Stream):
            yield each
            waiting += [inner for _, inner in each.items() if not _elsewhere(inner)]


def _elsewhere(thing: object) -> bool:
    return not isinstance(thing, Object) or thing.is_indirect


def _look_at(part: Dictionary | Stream) -> None:
    """Raises Unfit where it acts by itself or carries another file."""
    keys = set(part.keys())
    found = {FORBIDDEN_KEYS[key] for key in keys & FORBIDDEN_KEYS.keys()}
    for key, forbidden in (
        ("/S", FORBIDDEN_ACTIONS),
        ("/Subtype", FORBIDDEN_KINDS),
        ("/Type", FORBIDDEN_KINDS),
    ):
        if key in keys and isinstance(part[key], Name):
            found.add(forbidden.get(str(part[key]), ""))
    found.discard("")
    if found:
        raise Unfit(f"must not hold {min(found)}. Print it as a PDF: that leaves them out")


def _make_silent(part: Dictionary | Stream) -> None:
    """Take out of it what says who made it."""
    for key in SAYS_WHO:
        if key in part:
            del part[key]
    if "/Rect" in part and part.get("/Subtype") != Name("/Widget"):  # there /T is the field's own name
        for key in OF_A_COMMENT:
            if key in part:
                del part[key]


def _make_picture_silent(pdf: Pdf, stream: Stream) -> None:
    """A photograph is often put into a PDF as the camera made it, place and all."""
    filters, parameters = _listed(stream.get("/Filter")), _listed(stream.get("/DecodeParms"))
    coded = str(filters[-1]) if filters else ""
    if coded not in ("/DCTDecode", "/JPXDecode"):
        return
    photograph = stream.read_raw_bytes()
    if len(filters) > 1:  # packed once more; the packing is left off
        packed = Stream(pdf, photograph, Filter=pikepdf.Array(filters[:-1]))
        if len(parameters) == len(filters):
            packed.DecodeParms = pikepdf.Array(parameters[:-1])
        photograph = packed.read_bytes()
    bare = bare_jpeg(photograph) if coded == "/DCTDecode" else bare_jp2(photograph)
    own = parameters[-1] if len(parameters) == len(filters) else None
    stream.write(bare, filter=Name(coded), decode_parms=own if isinstance(own, Dictionary) else None)


def _listed(thing: Any) -> list[Any]:
    if isinstance(thing, pikepdf.Array):
        return list(thing.as_list())
    return [] if thing is None else [thing]


def bare_jpeg(data: bytes) -> bytes:
    """The JPEG without EXIF, XMP, comments, and what follows its end; its pixels are untouched (ITU-T T.81, B.1)."""
    start = data.find(b"\xff\xd8")
    if start < 0:
        raise Unfit("holds a picture that is damaged. Print it as a PDF and try again")
    kept, at = [b"\xff\xd8"], start + 2
    while found := JPEG_NEXT.search(data, at):
        kept.append(data[at : found.start()])  # of a scan; between segments there is nothing
        marker, at = data[found.start() + 1], found.end()
        if marker == 0xD9:
            break
        if marker in (0x01, 0xD8):  # stand alone, and say nothing
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if marker not in JPEG_SAYS_WHO:
            kept.append(data[found.start() : at + length])
        at += length
    return b"".join(kept) + b"\xff\xd9"


def bare_jp2(data: bytes) -> bytes:
    """The JPEG 2000 file without its boxes of XML and of others' own (ISO 15444-1, I.7); a bare codestream as it is."""
    if data[4:8] != b"jP  ":
        return data
    kept, at = [], 0
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        end = at + max(length, 8) if length else len(data)
        if kind not in (b"xml ", b"uuid", b"uinf"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def main() -> int:
    """A PDF on standard input; on standard output a line of JSON, and then the new one, where there is one."""
    try:
        made = written_anew(sys.stdin.buffer.read())
    except Unfit as unfit:
        sys.stdout.write(json.dumps({"unfit": str(unfit)}) + "\n")
        return 0
    sys.stdout.buffer.write(b"{}\n" + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
