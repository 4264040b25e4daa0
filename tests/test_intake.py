"""What people send as files: told by content, made bare, refused in plain words; and where the bytes are kept."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from config import Config, Misconfigured
from forum.core import intake
from forum.core.intake import LARGEST, Paper, Picture, Unfit, taken_in
from forum.core.papers import bare_jp2, bare_jpeg
from forum.core.storage import Folder, Storage, made, name_of
from tests import bad_files as files
from tests.bad_files import SECRET


def picture(data: bytes) -> list[Image.Image]:
    taken = taken_in(data)
    assert isinstance(taken, Picture)
    return [Image.open(io.BytesIO(each.data)) for each in taken.renditions]


def paper(data: bytes) -> bytes:
    taken = taken_in(data)
    assert isinstance(taken, Paper)
    return taken.data


# Pictures


@pytest.mark.parametrize(
    "data", [files.photograph(), files.telling_png(), files.telling_webp()], ids=["JPEG", "PNG", "WebP"]
)
def test_a_picture_says_nothing_but_what_it_shows(data: bytes) -> None:
    assert SECRET.encode() in data and Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)
    taken = taken_in(data)
    assert isinstance(taken, Picture)
    for each in taken.renditions:
        assert SECRET.encode() not in each.data
        assert chunks_of(each.data) <= {b"VP8 ", b"VP8L"}, "a chunk that is not the picture"
        image = Image.open(io.BytesIO(each.data))
        assert not image.getexif() and not set(image.info) & {"exif", "xmp", "icc_profile"}
        assert (image.width, image.height) == (each.width, each.height)


def chunks_of(webp: bytes) -> set[bytes]:
    """The kinds of chunk in a WebP file (RFC 9649 §2.3)."""
    found, at = set(), 12
    while at < len(webp):
        found.add(webp[at : at + 4])
        length = int.from_bytes(webp[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    return found


def test_a_picture_comes_in_the_widths_that_it_fills() -> None:
    assert [image.size for image in picture(files.jpeg(4000, 3000))] == [(480, 360), (960, 720), (1600, 1200)]
    assert [image.size for image in picture(files.jpeg(1000, 500))] == [(480, 240), (960, 480), (1000, 500)]
    assert [image.size for image in picture(files.png(300, 200))] == [(300, 200)]
    assert [image.size for image in picture(files.png(600, 6000))] == [(144, 1440), (288, 2880), (480, 4800)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright(orientation: int) -> None:
    upright = files.drawing(600, 400)
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    held = upright.transpose(turned[orientation]) if orientation in turned else upright
    seen = picture(files.saved(held, "JPEG", exif=files.exif(orientation)))[-1].convert("RGB")
    assert seen.size == (600, 400)
    above, below = seen.getpixel((300, 50)), seen.getpixel((300, 350))
    assert above[0] > 150 > above[2] and below[2] > 150 > below[0]  # type: ignore[index]


def test_nonsense_in_the_exif_turns_nothing() -> None:
    data = files.jpeg(600, 400, exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 50)
    assert picture(data)[-1].size == (600, 400)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_shown_in_srgb(mode: str) -> None:
    grey = Image.new("L", (500, 400), 128)
    image = Image.new("I;16", (500, 400), 128 * 257) if mode == "I;16" else grey.convert(mode)
    shown = picture(files.saved(image, "JPEG" if mode == "CMYK" else "PNG"))[0].convert("L")
    assert abs(sum(shown.resize((1, 1), Image.Resampling.BOX).tobytes()) - 128) < 8


def test_what_hides_under_a_transparent_part_is_gone() -> None:
    image = Image.new("RGBA", (500, 400), (0, 0, 0, 0))
    image.putpixel((10, 10), (255, 0, 0, 0))
    assert picture(files.saved(image, "PNG"))[0].convert("RGB").getextrema() == ((255, 255),) * 3


def test_a_telephone_with_two_lenses_sends_one_picture() -> None:
    data = files.two_lenses()
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert [image.size for image in picture(data)] == [(480, 320), (960, 640), (1200, 800)]


def test_a_polyglot_is_only_the_picture_afterwards() -> None:
    data = files.polyglot()
    assert b"<script>" in data and b"PK\x05\x06" in data
    taken = taken_in(data)
    assert isinstance(taken, Picture)
    for each in taken.renditions:
        assert b"<script" not in each.data and b"PK" not in each.data[-200:]
        assert (
            each.data.startswith(b"RIFF") and int.from_bytes(each.data[4:8], "little") == len(each.data) - 8
        )


REFUSED = {
    "nothing": (b"", "is empty"),
    "too large": (files.jpeg(40, 30) + b"\0" * LARGEST, "must be 10 MB or smaller"),
    "a bomb": (files.bomb(), "must have fewer than 50 million pixels"),
    "half a JPEG": (files.photograph()[:4000], "is damaged or not complete"),
    "half a PNG": (files.png()[:-60], "is damaged or not complete"),
    "half a WebP": (files.webp()[:-60], "is damaged or not complete"),
    "a PNG that moves": (files.animated("PNG"), "must not be animated"),
    "a WebP that moves": (files.animated("WEBP"), "must not be animated"),
    "a GIF": (files.animated("GIF"), "must be a JPEG, PNG or WebP picture, or a PDF. Save it as a PNG"),
    "an SVG": (files.SVG, "must be a JPEG, PNG or WebP picture, or a PDF. Save the drawing as a PNG"),
    "a web page": (files.HTML, "must be a JPEG, PNG or WebP picture, or a PDF"),
    "a text": (b"Dear all,", "must be a JPEG, PNG or WebP picture, or a PDF"),
    "an archive": (b"PK\x03\x04" + b"\0" * 60, "must be a JPEG, PNG or WebP picture, or a PDF"),
    "a script that begins like a JPEG": (b"\xff\xd8\xff\xfe<script>alert(1)</script>", "is damaged or not complete"),
    "scripts": (files.scripted_pdf(), "must not hold scripts"),
    "a program to start": (files.launching_pdf(), "must not hold links that start programs"),
    "another file inside": (files.carrying_pdf(), "must not hold other files"),
    "a password": (files.locked_pdf("secret"), "must not have a password"),
    "a lock": (files.locked_pdf(), "must not be locked"),
    "half a PDF": (files.pdf()[:-20], "must be a PDF and nothing else"),
    "a PDF that is an archive too": (files.pdf() + b"PK\x03\x04" + b"\0" * 60, "must be a PDF and nothing else"),
    "a web page before a PDF": (files.HTML + files.pdf(), "must be a JPEG, PNG or WebP picture, or a PDF"),
    "a PDF in name": (b"%PDF-1.7\n%%EOF\n", "is damaged or not complete"),
    "a bomb in a PDF": (files.bomb_pdf(), "is damaged or not complete"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_words(case: str) -> None:
    data, words = REFUSED[case]
    began = time.monotonic()
    with pytest.raises(Unfit) as refused:
        taken_in(data)
    assert str(refused.value).startswith(words)
    assert time.monotonic() - began < 20


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("import sys, time\nsys.stdin.buffer.read()\ntime.sleep(600)\n")
    monkeypatch.setitem(intake.TREATED_BY, "image/png", endless)
    monkeypatch.setattr(intake, "SECONDS", 1)
    with pytest.raises(Unfit, match="is damaged or not complete"):
        taken_in(files.png())
    running = subprocess.run(["ps", "-ww", "-o", "args"], capture_output=True, text=True, check=False).stdout
    assert str(endless) not in running


def test_the_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    telling = tmp_path / "telling.py"
    telling.write_text("import os, sys\nsys.stdin.buffer.read()\nprint('{}')\nprint(dict(os.environ))\n")
    monkeypatch.setitem(intake.TREATED_BY, "application/pdf", telling)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    assert SECRET.encode() not in paper(files.pdf())


# Papers


def test_a_paper_does_not_say_who_made_it() -> None:
    data = files.telling_pdf()
    assert data.count(SECRET.encode()) > 5
    written = paper(data)
    assert written.startswith(b"%PDF-") and SECRET.encode() not in written
    with pikepdf.open(io.BytesIO(written)) as pdf:
        assert len(pdf.pages) == 1 and "/Info" not in pdf.trailer and "/Metadata" not in pdf.Root
        pictures = pdf.pages[0].Resources.XObject
        before = Image.open(io.BytesIO(files.photograph()))
        for each in (pictures.A, pictures.B):
            inside = each.read_raw_bytes()
            assert SECRET.encode() not in inside
            seen = Image.open(io.BytesIO(inside))
            assert not seen.getexif() and seen.tobytes() == before.tobytes(), "the pixels have changed"
        assert pdf.pages[0].Annots[0].Contents == "Good" and "/T" not in pdf.pages[0].Annots[0]


def test_a_form_in_a_paper_keeps_the_names_of_its_fields() -> None:
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    field = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Tx,
        T="year",
        Rect=[0, 0, 50, 20],
    )
    made.pages[0].Annots = pikepdf.Array([made.make_indirect(field)])
    with pikepdf.open(io.BytesIO(paper(files._written(made)))) as pdf:
        assert pdf.pages[0].Annots[0].T == "year"


def test_a_progressive_jpeg_keeps_its_scans() -> None:
    image = Image.effect_noise((300, 200), 60).convert("RGB")
    data = files.saved(image, "JPEG", progressive=True, exif=files.exif(), comment=SECRET)
    bare = bare_jpeg(data + SECRET.encode())
    assert SECRET.encode() not in bare
    assert Image.open(io.BytesIO(bare)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


def test_a_jpeg_2000_loses_its_boxes_of_words() -> None:
    box = (8 + len(SECRET)).to_bytes(4, "big") + b"xml " + SECRET.encode()
    data = files.saved(files.drawing(60, 40), "JPEG2000")
    at = 12
    bare = bare_jp2(data[:at] + box + data[at:])
    assert bare == data and bare_jp2(data) == data


# Where the bytes are


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A real HTTP server that speaks S3, with a bucket; FILES_URL for it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/studies", method="PUT"))
    yield f"s3://key:se%2Fcret@studies/some/prefix?endpoint={address}&region=eu-west-2"
    server.stop()


@pytest.fixture(params=["folder", "S3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return made((tmp_path / "a folder").as_uri())
    return made(request.getfixturevalue("s3"))


def test_bytes_are_kept_by_what_they_are(kept: Storage) -> None:
    data = os.urandom(300_000)
    name = kept.put(data)
    assert name == name_of(data) and kept.put(data) == name
    assert kept.exists(name) and b"".join(kept.get(name)) == data
    assert kept.delete(name) and not kept.exists(name)
    assert kept.delete(name), "gone already"
    with pytest.raises(FileNotFoundError):
        kept.get(name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "g" * 64, "/" * 64])
def test_a_name_leads_nowhere_else(kept: Storage, name: str) -> None:
    for use in (kept.get, kept.exists, kept.delete):
        try:
            assert use(name) in (False, True)
        except FileNotFoundError:
            continue


def test_only_what_is_old_is_swept(kept: Storage) -> None:
    name = kept.put(os.urandom(20))
    past, future = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    assert name not in list(kept.older_than(past)) and name in list(kept.older_than(future))
    assert not kept.delete(name, past) and kept.exists(name)
    assert kept.delete(name, future) and not kept.exists(name)


def test_a_file_half_written_is_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    name = folder.put(b"whole")
    half = tmp_path / name[:2] / ".half"
    half.write_bytes(b"ha")
    os.utime(half, (0, 0))
    assert list(folder.older_than(datetime.now(UTC) + timedelta(hours=1))) == [name]
    assert not half.exists()


def test_files_are_readable_by_nobody_else(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")
    place = folder._place(folder.put(b"private"))
    assert place.stat().st_mode & 0o077 == 0 and place.parent.stat().st_mode & 0o077 == 0


def test_without_a_key_the_machine_has_one(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    kept = made(s3.replace("key:se%2Fcret@", ""))
    assert kept.exists(kept.put(b"by its own key"))


def test_a_storage_that_does_not_answer_fails_soon() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gone = made(f"s3://key:secret@bucket?endpoint=http://127.0.0.1:{port}")
    began = time.monotonic()
    with pytest.raises(Exception, match="(?i)error"):
        gone.put(b"words")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "url", ["http://bucket", "s3://", "file://", "bucket", "file:" + str(Path("static/files").resolve())]
)
def test_a_place_for_files_that_cannot_be_right_is_said(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match="FILES_URL"):
        Config.from_environment({"FORUM_ENV": "development", "INSTANCE": str(tmp_path), "FILES_URL": url})


def test_the_message_about_a_bad_place_has_no_secret_in_it(tmp_path: Path) -> None:
    env = {"FORUM_ENV": "development", "INSTANCE": str(tmp_path), "FILES_URL": "https://key:hidden@host/x"}
    with pytest.raises(Misconfigured) as said:
        Config.from_environment(env)
    assert "hidden" not in str(said.value)
