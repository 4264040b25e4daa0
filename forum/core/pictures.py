"""Pictures made fit to be shown: turned upright, in sRGB, in a few widths, as WebP, and with nothing in them but what
can be seen. Decoding is done in a process of its own, see intake.py: this file is run by its path, with the type
as its argument, and imports nothing of ours."""

from __future__ import annotations

import io
import json
import struct
import sys

from PIL import Image, ImageCms, ImageOps

WIDTHS = (480, 960, 1600)  # pixels
TALLEST = 3  # times its width; what is taller is made narrower
MOST_PIXELS = 50_000_000  # a telephone's 48 megapixels, and no bomb
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
DAMAGED_EXIF = (struct.error, SyntaxError, ValueError, TypeError, KeyError, IndexError, OSError)


class Unfit(Exception):
    """The picture is not taken; the message goes on from its name: "must …"."""


Rendition = tuple[int, int, bytes]  # width, height, WebP


def renditions(data: bytes, type: str) -> list[Rendition]:
    """The picture in each of WIDTHS that it fills, or in its own; the narrowest first. Raises Unfit, or whatever
    Pillow does where `data` is damaged."""
    Image.MAX_IMAGE_PIXELS = None  # asked here, of every size, before anything is decoded
    image: Image.Image = Image.open(io.BytesIO(data), formats=[FORMATS[type]])
    if image.width * image.height > MOST_PIXELS:
        raise Unfit(
            f"must have fewer than {MOST_PIXELS // 1_000_000} million pixels. Make it smaller and try again"
        )
    if (
        FORMATS[type] != "JPEG" and getattr(image, "n_frames", 1) > 1
    ):  # a JPEG may hold a telephone's second lens
        raise Unfit("must not be animated. Choose a still picture")
    image.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))  # a JPEG is decoded no larger than it is needed
    image.load()
    profile = image.info.get("icc_profile")
    image = _flat(_upright(image))
    made = {}
    for width in WIDTHS:
        small = _narrowed(image, width)
        if small.width not in made:
            made[small.width] = _bare(_in_srgb(small, profile))
    return [(each.width, each.height, _encoded(each, type)) for each in made.values()]


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says; a camera that wrote nonsense there turned nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGED_EXIF:
        return image


def _flat(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller, on white: what hid under a transparent part is gone."""
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    scale = min(1.0, width / image.width, width * TALLEST / image.height)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            found = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            found = None  # a profile for other colours than these: without it, as browsers do
        if found is not None:
            return found
    return image.convert("RGB")


def _bare(image: Image.Image) -> Image.Image:
    """Its pixels and nothing else: no EXIF, XMP, profile, comment or thumbnail can come along."""
    return Image.frombytes("RGB", image.size, image.tobytes())


def _encoded(image: Image.Image, type: str) -> bytes:
    lossy = _webp(image, quality=82, method=4)
    if FORMATS[type] != "PNG":
        return lossy
    exact = _webp(image, lossless=True, quality=60, method=3)  # a drawing is smaller so, and sharper
    return min(exact, lossy, key=len)


def _webp(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def main() -> int:
    """A picture on standard input; on standard output a line of JSON, and then what it says: the renditions, or
    why there are none."""
    try:
        made = renditions(sys.stdin.buffer.read(), sys.argv[1])
    except Unfit as unfit:
        sys.stdout.write(json.dumps({"unfit": str(unfit)}) + "\n")
        return 0
    sizes = [(width, height, len(data)) for width, height, data in made]
    sys.stdout.buffer.write(
        json.dumps({"renditions": sizes}).encode() + b"\n" + b"".join(each[2] for each in made)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
