import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps
from worlds.media import picture

from schemas.media import as_seen
from trainer.modalities.image.preprocess import small_image


def _encoded(kind: str, colour, mode: str = "RGB", size=(20, 12)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_every_format_keeps_its_colour(kind):
    pixels = small_image(tf.constant([_encoded(kind, (250, 120, 10))]), 8, 6).numpy()
    assert pixels.shape == (1, 8, 6, 3)
    assert pixels.dtype == np.int64
    assert np.abs(pixels - [250, 120, 10]).max() <= 4


def test_the_first_frame_of_an_animation_counts():
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ((200, 0, 0), (0, 0, 200))]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    pixels = small_image(tf.constant([buffer.getvalue()]), 4, 4).numpy()
    assert (pixels == [200, 0, 0]).all()


def test_larger_and_smaller_pictures_get_the_size_and_a_fixed_shape():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def shrink(encoded):
        return small_image(encoded, 16, 10)

    assert shrink.get_concrete_function().output_shapes.as_list() == [None, 16, 10, 3]
    pictures = [_encoded("PNG", (1, 2, 3), size=size) for size in ((1, 1), (64, 3))]
    assert shrink(tf.constant(pictures)).shape == (2, 16, 10, 3)


def test_halves_stay_where_they_are():
    picture = Image.new("RGB", (40, 40), (0, 0, 0))
    picture.paste((255, 255, 255), (20, 0, 40, 40))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    pixels = small_image(tf.constant([buffer.getvalue()]), 8, 8).numpy()[0]
    assert (pixels[:, :3] == 0).all()
    assert (pixels[:, 5:] == 255).all()


def _as_a_viewer_shows(data: bytes) -> np.ndarray:
    """The picture by Pillow alone: turned, on a white page."""
    with Image.open(io.BytesIO(data)) as image:
        shown = ImageOps.exif_transpose(image).convert("RGBA")
    page = Image.new("RGBA", shown.size, "white")
    page.alpha_composite(shown)
    return np.asarray(page.convert("RGB")).astype(int)


_QUARTERS = np.zeros((8, 12, 4), np.uint8)
_QUARTERS[:4, :6], _QUARTERS[:4, 6:], _QUARTERS[4:, :6] = (
    (250, 120, 10, 255), (20, 200, 30, 255), (10, 30, 220, 255))
_TURNED = Image.Exif()
_TURNED[ExifTags.Base.Orientation] = 6
_OPAQUE = Image.fromarray(_QUARTERS[..., :3].copy())
_MANY = {
    "turned JPEG": picture(_OPAQUE, "JPEG", exif=_TURNED),
    "turned PNG": picture(_OPAQUE, "PNG", exif=_TURNED),
    "transparent PNG": picture(Image.fromarray(_QUARTERS), "PNG"),
    "grey with alpha": picture(Image.fromarray(_QUARTERS).convert("LA"), "PNG"),
    "transparent palette": picture(Image.fromarray(_QUARTERS).quantize(8), "PNG"),
    "transparent GIF": picture(Image.fromarray(_QUARTERS), "GIF"),
    "palette BMP": picture(_OPAQUE.quantize(8), "BMP"),
    "1-bit BMP": picture(_OPAQUE.convert("1"), "BMP"),
    "grey BMP": picture(_OPAQUE.convert("L"), "BMP"),
    "32-bit BMP": picture(_OPAQUE.convert("RGBA"), "BMP"),
    "ink": picture(_OPAQUE.convert("CMYK"), "JPEG"),
    "grey PNG of 2 bits": picture(_OPAQUE.quantize(4), "PNG", bits=2),
    "1-bit PNG": picture(_OPAQUE.convert("1"), "PNG"),
}


@pytest.mark.parametrize("name", _MANY)
def test_the_graph_sees_of_ingested_pictures_what_a_person_sees(name):
    shown = _as_a_viewer_shows(_MANY[name])
    seen = small_image(tf.constant([as_seen(_MANY[name])]), *shown.shape[:2]).numpy()[0]
    assert np.abs(seen - shown).max() <= (24 if _MANY[name][:2] == b"\xff\xd8" else 0)
