"""Files as people and attackers send them: small ones, made here."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = "Wednesbury"  # in every place where a file can say more than it shows
HERE = {1: "N", 2: (52.0, 33.0, 11.5), 3: "W", 4: (2.0, 1.0, 9.7)}


def exif(orientation: int = 1) -> Image.Exif:
    """What a telephone writes: who, with what, when and where."""
    said = Image.Exif()
    said[0x010E] = said[0x010F] = said[0x013B] = SECRET
    said[0x0112] = orientation
    said[0x8825] = HERE
    return said


def drawing(width: int = 1200, height: int = 800) -> Image.Image:
    """Red above, blue below, so that one can tell which way is up."""
    image = Image.new("RGB", (width, height), (190, 30, 30))
    image.paste((30, 30, 190), (0, height // 2, width, height))
    return image


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def jpeg(width: int = 1200, height: int = 800, colour: str = "", **options: Any) -> bytes:
    image = Image.new("RGB", (width, height), colour) if colour else drawing(width, height)
    return saved(image, "JPEG", **options)


def photograph(orientation: int = 1) -> bytes:
    """A JPEG with EXIF (GPS included), XMP, a comment, and more behind its end."""
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    return jpeg(exif=exif(orientation), xmp=xmp, comment=SECRET) + SECRET.encode()


def png(width: int = 700, height: int = 500, **options: Any) -> bytes:
    return saved(drawing(width, height), "PNG", **options)


def telling_png() -> bytes:
    said = _png_info()
    return png(pnginfo=said, exif=exif())


def webp(**options: Any) -> bytes:
    return saved(drawing(), "WEBP", **options)


def telling_webp() -> bytes:
    return webp(exif=exif(), xmp=SECRET.encode())


def animated(format: str) -> bytes:
    frames = [drawing(40, 40), Image.new("RGB", (40, 40), "green")]
    return saved(frames[0], format, save_all=True, append_images=frames[1:], duration=100)


def two_lenses() -> bytes:
    """What many telephones call a JPEG: two pictures in one file (MPO)."""
    return saved(drawing(), "MPO", save_all=True, append_images=[drawing()])


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that says it is enormous."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def polyglot() -> bytes:
    """A picture that is an archive and a web page too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as inside:
        inside.writestr(f"{SECRET}.html", f"<script>alert('{SECRET}')</script>")
    page = f"<script>alert('{SECRET}')</script>"
    return jpeg(comment=page) + page.encode() + archive.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"


def pdf(**options: Any) -> bytes:
    """One blank page."""
    return _written(_blank(), **options)


def telling_pdf() -> bytes:
    """With an author, XMP, a comment by name, and a photograph with GPS in it, packed as scanners do."""
    made = _blank()
    made.docinfo["/Author"] = made.docinfo["/Title"] = SECRET
    with made.open_metadata() as xmp:
        xmp["dc:creator"] = [SECRET]
    made.pages[0].PieceInfo = Dictionary(App=Dictionary(LastModified=SECRET))
    made.pages[0].Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[0, 0, 9, 9], T=SECRET, Contents="Good")]
    )
    plain = Stream(made, photograph(), **_picture(Filter=Name.DCTDecode))
    packed = Stream(made, b"", **_picture())
    packed.write(zlib.compress(photograph()), filter=Array([Name.FlateDecode, Name.DCTDecode]))
    objects = Dictionary(A=made.make_indirect(plain), B=made.make_indirect(packed))
    made.pages[0].Resources = Dictionary(XObject=objects)
    return _written(made, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)


def scripted_pdf() -> bytes:
    made = _blank()
    made.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    return _written(made)


def launching_pdf() -> bytes:
    made = _blank()
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.Launch, F="cmd.exe")
    )
    made.pages[0].Annots = Array([made.make_indirect(link)])
    return _written(made)


def carrying_pdf() -> bytes:
    made = _blank()
    made.attachments["list.csv"] = b"name,form"
    return _written(made)


def locked_pdf(password: str = "") -> bytes:
    return _written(_blank(), encryption=pikepdf.Encryption(owner="owner", user=password))


def bomb_pdf() -> bytes:
    """A stream that would unpack to two gigabytes as soon as someone looks into the photograph it claims to be."""
    made = _blank()
    stream = Stream(made, b"", **_picture())
    twice = zlib.compress(zlib.compress(b"\0" * 2_000_000_000, 9), 9)
    stream.write(twice, filter=Array([Name.FlateDecode, Name.FlateDecode, Name.DCTDecode]))
    made.Root.Kept = made.make_indirect(stream)
    return _written(made)


def _blank() -> Pdf:
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    return made


def _picture(**more: Any) -> dict[str, Any]:
    about = {"Type": Name.XObject, "Subtype": Name.Image, "Width": 1200, "Height": 800, "BitsPerComponent": 8}
    return {**about, "ColorSpace": Name.DeviceRGB, **more}


def _written(made: Pdf, **options: Any) -> bytes:
    out = io.BytesIO()
    made.save(out, **options)
    return out.getvalue()


def _png_info() -> PngInfo:
    said = PngInfo()
    said.add_text("Author", SECRET)
    said.add_itxt("Comment", SECRET, zip=False)
    return said
