import numpy as np
import pytest
import tensorflow as tf

from schemas.media import VIDEO_BYTES, VIDEO_FRAMES, VIDEO_HEADER, VIDEO_SIDE, video_strip
from trainer.modalities.video.preprocess import small_frames


def stored(frames):
    """A video of `(16, 64, 64, 3)` RGB, as ingest writes it."""
    strip = np.asarray(frames, np.uint8).reshape(-1, VIDEO_SIDE, 3)
    return video_strip(strip[::-1, :, ::-1].tobytes())


def lighter():
    frames = np.zeros((VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3))
    return frames + 10 * np.arange(VIDEO_FRAMES)[:, None, None, None]


@pytest.mark.parametrize("count", [2, 5, 16])
def test_frames_are_evenly_spaced_from_first_to_last(count):
    pixels, present = small_frames(tf.constant([stored(lighter())]), count, 8, 10)
    assert pixels.shape == (1, count, 8, 10, 3) and pixels.dtype == tf.int64
    expected = 10 * np.linspace(0, 15, count).round()
    np.testing.assert_array_equal(pixels.numpy()[0].mean((1, 2, 3)), expected)
    assert present.numpy().tolist() == [1]


def test_colours_and_directions_stay():
    frames = np.zeros((VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3))
    frames[:, :32, 32:] = (250, 120, 10)
    pixels = small_frames(tf.constant([stored(frames)]), 3, 8, 8)[0].numpy()[0]
    assert (pixels[:, :4, 4:] == [250, 120, 10]).all()
    assert not pixels[:, 4:].any() and not pixels[:, :, :4].any()


def test_anything_else_is_an_absent_video_inside_a_graph():
    shrink = tf.function(lambda encoded: small_frames(encoded, 4, 8, 8),
                         input_signature=[tf.TensorSpec([None], tf.string)])
    assert [v.shape.as_list() for v in shrink.get_concrete_function().outputs] == [
        [None, 4, 8, 8, 3], [None]]
    video = stored(lighter() + 1)
    others = [b"", b"BM", VIDEO_HEADER, video[:-1], video + b"x", b"x" * VIDEO_BYTES,
              b"GIF89a" + b"\0" * 300]
    pixels, present = shrink(tf.constant([*others, video]))
    assert present.numpy().tolist() == [0] * len(others) + [1]
    assert not pixels.numpy()[:-1].any()
    assert pixels.numpy()[-1].all()
    assert [len(v) for v in shrink(tf.constant([], tf.string))] == [0, 0]
