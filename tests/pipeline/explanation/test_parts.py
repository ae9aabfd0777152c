import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav
from trainer.modalities import MODALITIES, divisions
from trainer.modalities.audio.explain import WINDOWS
from trainer.modalities.image.explain import GRID, png
from trainer.modalities.text.explain import words
from trainer.modalities.video.explain import frames


def column(modality):
    return SimpleNamespace(name="column", modality=modality)


def divided(modality, values):
    whole, *rest = divisions(column(modality), values)
    assert (whole.kind, whole.without) == ("whole", [])
    return rest


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("values", [[], [b""]])
def test_what_is_absent_has_no_parts(modality, values):
    assert not list(divisions(column(modality), values))


def test_each_value_is_taken_away():
    result = {part.place: part.without for part in divided("categorical", [b"a", b"b", b"c"])}
    assert result == {"a": [b"b", b"c"], "b": [b"a", b"c"], "c": [b"a", b"b"]}
    assert divided("categorical", [b"a"]) == []


def test_a_word_is_taken_out_wherever_it_is():
    result = {part.place: part.without for part in divided("text", [b"The Train, the heist"])}
    assert result == {"the": [b"  Train,   heist"], "train": [b"The  , the heist"],
                      "heist": [b"The Train, the  "]}


@pytest.mark.parametrize("text", [
    "Ein Zimmer, 三国 e\u0301tude!", "", "...", "a_b 12x", "ひらがなカタカナ", "naïve\n\nЖук"])
def test_words_are_those_of_the_model_and_nothing_is_lost(text):
    from trainer.modalities.text.words import words as model_words

    pieces = list(words(text))
    assert "".join(piece for piece, _ in pieces) == text
    expected = [word.decode() for word in model_words([text]).to_list()[0]]
    assert [piece.lower() for piece, is_word in pieces if is_word] == expected


def test_regions_cover_a_picture_once():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 200, (37, 50, 3)).astype(np.uint8)
    result = divided("image", [png(Image.fromarray(pixels))])
    assert [part.place for part in result] == list(range(GRID * GRID))
    covered = np.zeros((37, 50), int)
    for part in result:
        hidden = np.asarray(Image.open(io.BytesIO(part.without[0])))
        covered += (hidden != pixels).any(axis=2)
        kept = np.asarray(Image.open(io.BytesIO(part.reference[0])))
        np.testing.assert_array_equal(kept, pixels)
    # A pixel of the mean colour itself does not show.
    assert covered.max() == 1 and covered.mean() > 0.99
    # A large one is shrunk before it is divided.
    part = divided("image", [png(Image.fromarray(np.zeros((600, 2000, 3), np.uint8)))])[0]
    assert Image.open(io.BytesIO(part.reference[0])).size == (512, 154)


def test_windows_silence_a_sound_once():
    samples = np.arange(1, 1001, dtype="<i2")
    result = divided("audio", [wav(samples.tobytes())])
    assert [part.place for part in result] == list(range(WINDOWS))
    silent = [np.frombuffer(part.without[0][44:], "<i2") == 0 for part in result]
    assert np.sum(silent, axis=0).tolist() == [1] * 1000
    assert divided("audio", [b"no sound at all, but long enough to be one" * 9]) == []


def test_each_frame_of_a_video_is_hidden():
    random = np.random.default_rng(1)
    pictures = random.integers(0, 255, (VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3)).astype(np.uint8)
    strip = pictures.reshape(-1, VIDEO_SIDE, 3)[::-1, :, ::-1]
    video = video_strip(strip.tobytes())
    np.testing.assert_array_equal(frames(video), pictures)
    for part in divided("video", [video]):
        hidden = frames(part.without[0])
        changed = [place for place in range(VIDEO_FRAMES)
                   if (hidden[place] != pictures[place]).any()]
        assert changed == [part.place]
    assert divided("video", [b"no video"]) == []
