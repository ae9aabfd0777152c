import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from refusals import refuses
from worlds import picture

from components.decoding import decode
from components.media import MediaFault, check_file
from schemas.media import as_seen


def image(kind: str, size: tuple[int, int] = (12, 8), mode: str = "RGB", **how) -> bytes:
    return picture(Image.effect_noise(size, 60).convert(mode), kind, **how)


def turned(jpeg: bytes) -> bytes:
    """The same picture, with an EXIF that tells viewers to turn it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    body = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "mode"), [
    ("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "L"), ("GIF", "RGB"), ("BMP", "RGB")])
def test_good_images_pass_unchanged(kind, mode, tmp_path):
    data = image(kind, mode=mode)
    assert decode(data, "image") == data
    (tmp_path / "x").write_bytes(data)
    assert decode(tmp_path / "x", "image") == data


def test_a_picture_is_kept_as_a_person_sees_it(tmp_path):
    data = turned(image("JPEG", (12, 8)))
    kept = decode(data, "image")
    assert kept == as_seen(data) != data
    with Image.open(io.BytesIO(kept)) as seen:
        assert seen.size == (8, 12)
    (tmp_path / "x").write_bytes(image("BMP", mode="P"))
    assert decode(tmp_path / "x", "image").startswith(b"\x89PNG")


@pytest.mark.parametrize(("data", "reason"), [
    (b"", r"image is empty \(0 bytes\)"),
    (b"<html>404</html>", r"not a readable JPEG, PNG, GIF or BMP image \(it starts with b'<html>"),
    (image("WEBP"), r"not a readable JPEG, PNG, GIF or BMP image \(it starts with b'RIFF.*WebP"),
    (b"\0\0\0\x18ftypheic" + bytes(40), "it is a HEIC file, so convert it to one of these"),
    (b'<?xml version="1.0"?>\n<svg/>', "it is a SVG file"),
    (turned(image("JPEG", (64, 64)))[:-300], "JPEG image does not decode: it is truncated"),
    (image("PNG", (64, 64), "RGBA")[:-300], "PNG image does not decode: it is truncated"),
    (b"x" * (8 * 2**20 + 1), r"image has 8\.0 MiB, more than the limit of 8 MiB"),
    (png_header(6000, 5000), r"image has 30\.0 megapixels, more than the limit of 25 megapixels"),
    (png_header(60_000, 60_000), "image is far over the limit of 25 megapixels"),
])
def test_bad_images_are_refused(data, reason, tmp_path):
    with pytest.raises(MediaFault, match=reason):
        decode(data, "image")
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(MediaFault, match=reason):
        decode(tmp_path / "x", "image")


def test_the_frames_of_an_animation_count_together():
    frames = [Image.new("L", (2000, 2000), shade) for shade in range(0, 80, 10)]
    data = picture(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(MediaFault, match=r"image has 32\.0 megapixels"):
        decode(data, "image")
    with refuses("unknown-media-modality", "'smell'", "audio, image, video"):
        decode(data, "smell")


def test_missing_and_unreadable_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(MediaFault, match=r"image file gone\.jpg is missing"):
        decode(tmp_path / "gone.jpg", "image")
    with pytest.raises(MediaFault, match=f"{tmp_path.name} is no file but a folder or a device"):
        decode(tmp_path, "image")
    with pytest.raises(MediaFault, match=r"image file x{60} cannot be read \(File name too long"):
        decode(tmp_path / ("x" * 300), "image")
    (tmp_path / "locked.jpg").write_bytes(b"x")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(MediaFault, match=r"locked\.jpg cannot be read \(Permission denied\)"):
        check_file(tmp_path / "locked.jpg", "image")


def test_a_large_file_is_refused_unread(tmp_path, monkeypatch):
    with (tmp_path / "x").open("wb") as out:
        out.truncate(9 * 2**20)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    with pytest.raises(MediaFault, match=r"image has 9\.0 MiB"):
        check_file(tmp_path / "x", "image")
    with pytest.raises(MediaFault, match=r"audio has 64\.0 MiB, more than the limit of 64 MiB"):
        decode(b"x" * (64 * 2**20 + 1), "audio")
