import importlib
import io
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from hostile.pictures import progressive
from PIL import Image
from worlds.media import decoded, encoded, gif, grey, picture, tone

from components.decoding import decode, decode_track, process
from components.media import MEDIA, MediaFault


@pytest.fixture(scope="module", autouse=True)
def hostile():
    """The hostile decoders, in a decoding process of this file's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "_running", {})
        patch.setattr(process, "LOADED", ["hostile_media"])
        before = dict(MEDIA)
        importlib.import_module("hostile_media")
        yield
        process._running.clear()
        MEDIA.clear()
        MEDIA.update(before)


@pytest.mark.parametrize(("kind", "reason"), [
    ("crash", "crashed"), ("work", "takes longer"), 
    ("work elsewhere", "takes longer"), ("grow", "needs more than 1024 MiB"),
    ("stumble", r"its decoder failed \(IndexError\)"),
])
def test_a_decoder_that_fails_costs_one_value(kind, reason):
    started, before = time.monotonic(), psutil.Process().memory_info().rss
    with pytest.raises(MediaFault, match=reason):
        decode(b"data", kind)
    assert decode(b"abc", "plain") == b"cba", "the next value is decoded"
    assert time.monotonic() - started < 20
    assert psutil.Process().memory_info().rss - before < 64 << 20


def test_a_crash_of_what_tries_the_form_of_later_steps_costs_one_value():
    for kind, reason in (("tried, crashes", "crashed"), ("tried, works", "takes longer")):
        with pytest.raises(MediaFault, match=reason):
            decode(b"data", kind)
    assert decode(b"abc", "tried") == b"cba", "the next value is tried"


def test_a_jpeg_of_many_scans_is_written_afresh_and_one_of_a_few_is_not():
    for scans, fresh in ((9, False), (40, True)):
        data = progressive(512, scans)
        assert (decode(data, "image") != data) is fresh
        assert decode(data, "image").count(b"\xff\xda") <= 20


def test_the_result_is_that_of_the_decoder(tmp_path):
    sound, film = encoded(tone(0.2, 16_000), 16_000), gif(grey(8))
    shown = picture(Image.new("RGBA", (9, 7), (200, 10, 10, 128)))
    (tmp_path / "film ü").write_bytes(film)
    for given, value, modality in ((sound, sound, "audio"), (tmp_path / "film ü", film, "video"),
                                   (shown, shown, "image")):
        assert decode(given, modality) == MEDIA[modality].decode(value)
    assert decode_track(film) is None and len(decoded(decode(sound, "audio"))) == 3_200


@pytest.mark.parametrize(("given", "modality", "quotes"), [
    (b"", "image", False), (b"Jane Doe", "image", True), (b"Jane Doe", "audio", True),
    (b"Jane Doe", "video", True), (Path("Jane.png"), "image", True), (Path("/"), "video", True),
])
def test_a_fault_says_whether_it_quotes_the_value(given, modality, quotes):
    with pytest.raises(MediaFault) as fault:
        decode(given, modality)
    assert fault.value.quotes is quotes


def test_what_is_far_too_large_is_not_sent_to_the_process(monkeypatch):
    """It would end without having read it all, and the next one would take the rest for its own."""
    monkeypatch.setattr(process, "_process", lambda *_: pytest.fail("it was sent"))
    monkeypatch.setitem(MEDIA, "video", replace(MEDIA["video"], most=9))
    for modality in ("image", "video"):
        with pytest.raises(MediaFault, match="more than the limit"):
            decode(bytes(9 << 20), modality)
    assert decode_track(bytes(10)) is None


def test_many_films_are_decoded_in_the_limits():
    film = gif(grey(8))
    for _ in range(60):  # each leaves threads behind, until Python collects them
        decode(film, "video")


def test_a_missing_file_and_a_device_are_faults(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("none", "missing"), ("pipe", "device")):
        with pytest.raises(MediaFault, match=reason):
            decode(tmp_path / name, "image")


def test_a_large_picture_is_written_afresh_and_keeps_its_size():
    noise = np.random.default_rng(0).integers(0, 40, (30, 30, 3)).astype(np.uint8)
    large = picture(Image.fromarray(noise).resize((3_000, 3_000)))
    before = psutil.Process().memory_info().rss
    seen = decode(large, "image")
    assert psutil.Process().memory_info().rss - before < 64 << 20
    with Image.open(io.BytesIO(seen)) as image:
        assert image.size == (3_000, 3_000)
    assert seen != large
