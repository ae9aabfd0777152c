import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from refusals import refuses
from worlds.media import picture

from schemas import media
from schemas.media import as_seen
from serving.pictures import STARTS

# Four corners that differ, 12 wide and 8 high.
SEEN = np.zeros((8, 12, 3), np.uint8)
SEEN[:4, :6], SEEN[:4, 6:], SEEN[4:, :6] = (250, 120, 10), (20, 200, 30), (10, 30, 220)
IMAGE = Image.fromarray(SEEN)
# What a camera stores of it, by orientation; viewers undo this.
STORED = {
    1: SEEN, 2: SEEN[:, ::-1], 3: SEEN[::-1, ::-1], 4: SEEN[::-1],
    5: SEEN.swapaxes(0, 1), 6: np.rot90(SEEN), 7: np.rot90(SEEN, 2).swapaxes(0, 1),
    8: np.rot90(SEEN, -1)}


def pixels(data: bytes) -> np.ndarray:
    """What a decoder reads that knows of no EXIF, profile or transparency."""
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode in ("RGB", "L") and image.format in ("PNG", "JPEG")
        assert "transparency" not in image.info and "icc_profile" not in image.info
        return np.asarray(image.convert("RGB")).astype(int)


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


def near(actual: np.ndarray, expected: np.ndarray, most: int = 0) -> None:
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= most


@pytest.mark.parametrize("value", range(2, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "MPO"])
def test_a_turned_picture_becomes_upright(kind, value):
    how = {} if kind == "PNG" else {"quality": 100, "subsampling": 0}
    if kind == "MPO":
        how |= {"save_all": True, "append_images": [Image.new("RGB", (12, 8))]}
    data = picture(Image.fromarray(STORED[value]), kind, exif=orientation(value), **how)
    seen = as_seen(data)
    near(pixels(seen), SEEN, 0 if kind == "PNG" else 24)  # a JPEG rings at its edges
    assert as_seen(seen) == seen
    assert len(seen) < 4 * len(data) + 500


def test_the_orientation_of_a_png_may_follow_its_pixels():
    data = picture(Image.fromarray(STORED[6]), "PNG", exif=orientation(6))
    start = data.index(b"eXIf") - 4
    size = 12 + struct.unpack(">I", data[start:start + 4])[0]
    chunk, end = data[start:start + size], data.index(b"IEND") - 4
    near(pixels(as_seen(data[:start] + data[start + size:end] + chunk + data[end:])), SEEN)


PLAIN = {
    "JPEG": picture(IMAGE, "JPEG"), "grey JPEG": picture(IMAGE.convert("L"), "JPEG"),
    "progressive JPEG": picture(IMAGE, "JPEG", progressive=True),
    "upright JPEG": picture(IMAGE, "JPEG", exif=orientation(1)),
    "odd orientation": picture(IMAGE, "JPEG", exif=orientation(9)),
    "broken EXIF": picture(IMAGE, "JPEG", exif=b"Exif\0\0garbage"),
    "cut EXIF": picture(IMAGE, "JPEG", exif=orientation(1).tobytes()[:-9]),
    "MPO": picture(IMAGE, "MPO", save_all=True, append_images=[IMAGE]),
    "sRGB JPEG": picture(IMAGE, "JPEG", icc_profile=ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")).tobytes()),
    "broken profile": picture(IMAGE, "JPEG", icc_profile=b"profile" * 40),
    "PNG": picture(IMAGE, "PNG"), "grey PNG": picture(IMAGE.convert("L"), "PNG"),
    "palette PNG": picture(IMAGE.convert("P"), "PNG"),
    "1-bit PNG": picture(IMAGE.convert("1"), "PNG"),
    "opaque RGBA": picture(IMAGE.convert("RGBA"), "PNG"),
    "opaque LA": picture(IMAGE.convert("LA"), "PNG"),
    "GIF": picture(IMAGE, "GIF"), "BMP": picture(IMAGE, "BMP"),
    "animated GIF": picture(IMAGE.convert("P"), "GIF", save_all=True, append_images=[
        Image.new("P", (12, 8), 7)]),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_picture_keeps_every_byte(name):
    assert as_seen(PLAIN[name]) is PLAIN[name]
    assert PLAIN[name].startswith(STARTS)


def see_through() -> Image.Image:
    """The picture with its dark corner transparent: viewers show a white one."""
    image = IMAGE.convert("RGBA")
    image.paste((0, 0, 0, 0), (6, 4, 12, 8))
    return image


def bmp_with_alpha(image: Image.Image) -> bytes:
    """A BMP of today's header, which says what the fourth byte is; Pillow writes none."""
    rows = np.asarray(image)[::-1, :, [2, 1, 0, 3]].tobytes()
    head = struct.pack("<IiiHHIIiiII", 108, *image.size, 1, 32, 3, len(rows), 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    body = (head + masks).ljust(108, b"\0") + rows
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + 108) + body


ON_WHITE = SEEN.copy()
ON_WHITE[4:, 6:] = 255
GREY = np.asarray(IMAGE.convert("L").convert("RGB"))
GREY_ON_WHITE = np.where(np.all(ON_WHITE == 255, -1, keepdims=True), 255, GREY)


def palette(**how) -> Image.Image:
    image = Image.fromarray(np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.uint8), 4, 0), 6, 1))
    image.putpalette([250, 120, 10, 20, 200, 30, 10, 30, 220, 0, 0, 0])
    image.info |= how
    return image


TRANSPARENT = {
    "RGBA": (picture(see_through(), "PNG"), ON_WHITE),
    "grey with alpha": (picture(see_through().convert("LA"), "PNG"), GREY_ON_WHITE),
    "palette": (picture(palette(), "PNG", transparency=3), ON_WHITE),
    "palette of alphas": (picture(palette(), "PNG", transparency=b"\xff\xff\xff\0"), ON_WHITE),
    "one colour": (picture(IMAGE, "PNG", transparency=(0, 0, 0)), ON_WHITE),
    "one grey": (picture(IMAGE.convert("L"), "PNG", transparency=0), GREY_ON_WHITE),
    "GIF": (picture(palette(), "GIF", transparency=3), ON_WHITE),
    "BMP": (bmp_with_alpha(see_through()), ON_WHITE),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent_becomes_white(name):
    data, expected = TRANSPARENT[name]
    near(pixels(as_seen(data)), expected)


def test_what_is_half_transparent_is_half_white():
    data = picture(Image.new("RGBA", (3, 2), (200, 0, 0, 128)), "PNG")
    near(pixels(as_seen(data)), np.full((2, 3, 3), (227, 127, 127)), 1)


def test_a_frame_smaller_than_its_canvas_is_on_white():
    data = bytearray(picture(Image.new("P", (4, 2), 0), "GIF"))
    data[6:10] = struct.pack("<HH", 6, 5)
    actual = pixels(as_seen(bytes(data)))
    assert actual.shape == (5, 6, 3)
    assert (actual[:2, :4] == 0).all()
    assert (actual[2:] == 255).all() and (actual[:, 4:] == 255).all()


def test_bmps_that_are_old_or_whose_fourth_bytes_are_empty_are_opaque():
    image = IMAGE.convert("RGBA")
    image.putalpha(0)
    rows = SEEN[::-1, :, ::-1].tobytes()
    old = b"BM" + struct.pack("<IHHIIHHHH", 26 + len(rows), 0, 0, 26, 12, 12, 8, 1, 24) + rows
    for data in (bmp_with_alpha(image), picture(image, "BMP"), old):
        near(pixels(as_seen(data)), SEEN)


def test_grey_of_16_bits_keeps_its_shades():
    deep = np.arange(96, dtype=np.uint16).reshape(8, 12) * 600
    near(pixels(as_seen(picture(Image.fromarray(deep), "PNG")))[..., 0], deep >> 8)
    keyed = pixels(as_seen(picture(Image.fromarray(deep), "PNG", transparency=600)))[..., 0]
    assert keyed[0, 1] == 255 and keyed[0, 0] == 0 and keyed[4, 0] == 48 * 600 >> 8


def test_a_profile_is_applied():
    """Here one whose red is the others' green; for true ones the colours move a little."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    first, second = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[first:first + 4], profile[second:second + 4] = b"gXYZ", b"rXYZ"
    data = picture(IMAGE, "PNG", icc_profile=bytes(profile))
    near(pixels(as_seen(data)), SEEN[..., [1, 0, 2]], 6)


def test_what_is_written_anew_has_a_bound(monkeypatch):
    noise = Image.effect_noise((64, 40), 90).convert("RGB")
    monkeypatch.setattr(media, "PICTURE_BYTES", 2_000)
    seen = as_seen(picture(noise, "PNG", exif=orientation(6)))
    assert len(seen) <= 2_000
    with Image.open(io.BytesIO(seen)) as image:
        assert image.size == (20, 32)


@pytest.mark.parametrize("data", [
    b"", b"BMW convertible", b"GIF89a", picture(see_through(), "PNG")[:64], picture(IMAGE, "WEBP"),
    picture(IMAGE.resize((64, 64)), "JPEG", exif=orientation(6))[:-200]])
def test_what_is_no_picture_is_refused(data):
    with refuses("undecodable-picture"):
        as_seen(data)
