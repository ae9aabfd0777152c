import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from worlds import column, small_spec
from worlds.media import (
    VIDEO_FORMATS,
    decoded,
    encoded,
    gif,
    grey,
    picture,
    pictures,
    pitch,
    tone,
    video,
)

from components.catalog_gen.check import Checker
from components.decoding import decode
from components.media import MediaFault, read_sound_track
from components.sources.base import Record
from components.video import canonical_video, sound_track
from schemas.media import SOUND_RATE, VIDEO_BYTES, VIDEO_FRAMES, VIDEO_SIDE


@pytest.mark.parametrize("kind", ["GIF", *VIDEO_FORMATS])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_frames_are_sampled_evenly_from_first_to_last(kind, count):
    frames = grey(count)
    data = gif(frames) if kind == "GIF" else video(kind, frames)
    result = pictures(decode(data, "video"))
    expected = frames[np.linspace(0, count - 1, VIDEO_FRAMES).round().astype(int), 0, 0, 0]
    assert np.abs(result.mean((1, 2, 3)) - expected).max() < 8
    assert result.std((1, 2)).max() < 4


def test_colours_and_directions_stay():
    frames = np.zeros((3, 20, 40, 3), np.uint8)
    frames[:, :10, 20:] = (250, 120, 10)
    result = pictures(canonical_video(gif(frames)))
    half = VIDEO_SIDE // 2
    assert np.abs(result[:, 2:half - 4, half + 4:-2] - np.array([250, 120, 10])).max() < 8
    assert result[:, half + 4:].max() < 8 and result[:, :, :half - 4].max() < 8


def shades(data: bytes) -> np.ndarray:
    return pictures(canonical_video(data)).mean((1, 2, 3))


BURST = [*np.arange(25) * 0.02, *np.arange(10) + 0.5]  # 25 frames in half a second, 10 in ten


@pytest.mark.parametrize(("kind", "late"), [("MP4", 3), ("H.264", 0), ("WebM", 3), ("VP9", 0)])
def test_where_the_rate_varies_frames_are_taken_by_time(kind, late):
    frames = grey(35)
    result = shades(video(kind, frames, times=[late + time for time in BURST]))
    # The last frame lasts a tenth of a second or a whole one, as the format has it.
    for end in (9.6, 10.5):
        moments = np.linspace(0.01, end - 0.01, VIDEO_FRAMES)
        shown = frames[np.searchsorted(BURST, moments, "right") - 1, 0, 0, 0].astype(int)
        assert np.abs(result - shown).max() < 15
    assert (result > 160).sum() == 15


def test_a_frame_that_stays_is_taken_as_often_as_it_is_seen():
    assert shades(gif(grey(3), [100, 5_000, 100])).round().tolist() == [20, *[128] * 14, 235]
    for kind in ("WebM", "VP9"):  # an MP4's last frame lasts as long as its writer chose
        slides = shades(video(kind, grey(4), times=[0, 4, 8, 9]))
        assert np.histogram(slides, [0, 55, 127, 199, 256])[0].tolist() in (
            [7, 7, 1, 1], [7, 6, 2, 1], [6, 7, 2, 1])


def edited(mp4: bytes, start: int, seconds: float) -> bytes:
    """The film with an edit list that shows a part of it, from a frame on, 10 frames a second."""
    place = mp4.index(b"elst")
    (media_time,) = struct.unpack_from(">i", mp4, place + 16)
    ticks = struct.unpack_from(">I", mp4, mp4.index(b"mdhd") + 16)[0]
    part = struct.pack(">Ii", round(1000 * seconds), media_time + start * ticks // 10)
    return mp4[:place + 12] + part + mp4[place + 20:]


@pytest.mark.parametrize(("start", "count"), [(20, 20), (0, 10), (39, 1)])
def test_frames_that_an_edit_list_hides_are_not_seen(start, count):
    frames = grey(40)
    result = shades(edited(video("H.264", frames), start, count / 10))
    expected = frames[start:][np.linspace(0, count - 1, VIDEO_FRAMES).round().astype(int), 0, 0, 0]
    assert np.abs(result - expected).max() < 8


def test_a_film_cut_short_is_named_with_and_without_an_edit_list(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 32, 32, 3), np.uint8)
    film = index_first(video("H.264", noise), tmp_path / "film.mp4")
    with av.open(io.BytesIO(film)) as container:
        middle = [packet.pos for packet in container.demux(video=0)][20]
    assert middle
    for data, result, whole in ((film, 20, 40), (edited(film, 10, 3), 10, 30)):
        assert len(canonical_video(data)) == VIDEO_BYTES
        with pytest.raises(MediaFault, match=f"MP4 video is truncated: {result} of {whole} frames"):
            canonical_video(data[:middle])


def index_first(mp4: bytes, path: Path) -> bytes:
    """The film with its index before its pictures, as for the web."""
    with (av.open(io.BytesIO(mp4)) as given,
          av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as made):
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    return path.read_bytes()


CORNERS = np.zeros((3, 32, 32, 3), np.uint8)
CORNERS[:, :16, :16], CORNERS[:, :16, 16:], CORNERS[:, 16:, :16] = 250, 170, 90
# By the first four numbers of the track's matrix: what becomes of a picture.
TURNS = {
    (1, 0, 0, 1): lambda p: p, (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (0, -1, 1, 0): np.rot90,
    (-1, 0, 0, 1): np.fliplr,
    (0, 1, 1, 0): lambda p: p.swapaxes(0, 1),
}


@pytest.mark.parametrize("matrix", TURNS)
def test_a_film_is_turned_and_mirrored_as_players_do(matrix):
    a, b, c, d = (65_536 * number for number in matrix)
    film = bytearray(video("H.264", CORNERS))
    struct.pack_into(">9i", film, film.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 2**30)
    result = pictures(canonical_video(bytes(film)))
    expected = TURNS[matrix](CORNERS[0])
    for row in (0, 1):
        for place in (0, 1):
            seen = result[:, row * 32 + 16, place * 32 + 16]
            assert np.abs(seen - expected[row * 16 + 8, place * 16 + 8].astype(int)).max() < 12


@pytest.mark.parametrize(("kind", "options"), [
    ("WebM", {"live": "1"}), ("VP9", {"live": "1"}),
    ("H.264", {"movflags": "frag_keyframe+empty_moov"}),
])
def test_a_film_without_a_length_is_sampled_to_its_end(kind, options):
    frames = grey(40)
    data = video(kind, frames, **options)
    with av.open(io.BytesIO(data)) as container:
        assert not container.duration or kind == "H.264"
    expected = frames[np.linspace(0, 39, VIDEO_FRAMES).round().astype(int), 0, 0, 0]
    assert np.abs(shades(data) - expected).max() < 8


def test_a_cover_is_no_film():
    data = video("H.264", grey(12), cover=picture(Image.new("RGB", (640, 480), "red"), "JPEG"))
    place, track = data.index(b"udta") - 4, data.index(b"trak") - 4
    end = place + struct.unpack_from(">I", data, place)[0]
    # A writer may put the box that holds the cover before the tracks.
    data = data[:track] + data[place:end] + data[track:place] + data[end:]
    with av.open(io.BytesIO(data)) as container:
        assert [stream.width for stream in container.streams.video] == [640, 32]
    assert pictures(canonical_video(data)).std(-1).max() < 4


def test_a_longer_sound_changes_no_frame():
    frames = grey(12)
    for kind in ("MP4", "WebM"):
        alone, heard = (video(kind, frames, s) for s in (None, tone(4, 48_000)[:, 0]))
        assert np.abs(shades(alone) - shades(heard)).max() < 4


def test_what_is_transparent_in_an_animation_is_white():
    frames = [Image.new("RGBA", (32, 32), (0, 0, 0, 0)) for _ in range(3)]
    for place, frame in enumerate(frames):
        frame.paste((200, 0, 10 * place, 255), (0, 0, 16, 32))
    result = pictures(canonical_video(picture(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, disposal=2)))
    assert (result[:, :, 36:] == 255).all()
    assert np.abs(result[:, :, :28].astype(int) - [200, 0, 10]).max() <= 12


def test_many_frames_are_thinned_and_a_long_video_gives_its_key_frames():
    many = pictures(canonical_video(video("WebM", grey(300, 16), rate=30)))
    assert (np.diff(many.mean((1, 2, 3))) > 5).all()
    long = shades(video("MP4", grey(300, 16), rate=2))  # 150 s, a key frame every 6 s
    assert np.diff(long).min() > 0
    assert long[-1] - long[0] > 180


def test_a_long_video_of_few_key_frames_is_decoded_whole(monkeypatch):
    film = video("WebM", grey(300, 16), rate=2)
    expected = np.linspace(20, 235, VIDEO_FRAMES)
    assert np.abs(shades(film) - expected).max() < 8
    monkeypatch.setattr("components.video._WHOLE_PIXELS", 300 * 16 * 16 - 1)
    assert len(np.unique(shades(film))) < VIDEO_FRAMES


def test_a_sound_track_is_a_sound(tmp_path):
    sound = tone(2, 48_000, 700)[:, 0]
    for kind in ("MP4", "WebM"):
        data = video(kind, grey(20), sound)
        (tmp_path / "film").write_bytes(data)
        track = read_sound_track(tmp_path / "film")
        assert track is not None and track == sound_track(data)
        assert len(decoded(track)) == pytest.approx(2 * SOUND_RATE, abs=2_000)
        assert pitch(decoded(track)) == pytest.approx(700, abs=5)
        assert pictures(canonical_video(data)).shape[0] == VIDEO_FRAMES


def test_a_silent_a_broken_and_a_missing_video_have_no_sound_track(tmp_path):
    silent = video("MP4", grey(3))
    strange = video("MP4", grey(3), tone(0.3, 48_000)[:, 0])
    strange = strange.replace(b"mp4a", b"zzzz").replace(b"esds", b"free")
    for given in (silent, gif(grey(3)), silent[:100], b"text", tmp_path / "gone.mp4", strange):
        assert read_sound_track(given) is None


_MP4 = video("MP4", grey(20))
BROKEN = {
    "empty": (b"", r"video is empty \(0 bytes\)"),
    "text": (b"no video", r"not a readable GIF, MP4 or WebM video \(it starts with"),
    "a playlist": (b"#EXTM3U\nhttp://127.0.0.1/x", "not a readable GIF, MP4 or WebM video"),
    "cut MP4": (_MP4[: len(_MP4) // 2], "MP4 video (does not decode|has no frames)"),
    "of an unknown codec": (video("H.264", grey(3)).replace(b"avc1", b"zzzz"),
                            "MP4 video does not decode: its codec is unknown"),
    "cut WebM": (video("WebM", grey(3))[:60], "WebM video does not decode"),
    "11 minutes": (video("WebM", grey(2, 16)[[0] * 662], rate=1),
                   r"WebM video lasts 66\d s, more than the limit of 600 s"),
    "huge": (gif(np.zeros((1, 3_001, 3_001, 3), np.uint8)),
             r"GIF video has 9\.0 megapixels, more than the limit of 9 megapixels"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_videos_are_refused_in_words(name, tmp_path):
    data, reason = BROKEN[name]
    (tmp_path / "film.mp4").write_bytes(data)
    for given in (data, tmp_path / "film.mp4"):
        with pytest.raises(MediaFault, match=reason):
            decode(given, "video")


def test_a_video_of_sound_alone_has_no_frames():
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=48_000)
        track.layout = "mono"
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 9_600), np.float32), "fltp", "mono")
        heard.sample_rate = 48_000
        container.mux(track.encode(heard))
        container.mux(track.encode(None))
    with pytest.raises(MediaFault, match="MP4 video has no frames: there is no picture in it"):
        decode(out.getvalue(), "video")


_MEDIA = (column("film", "BYTES", "video") + column("track", "BYTES", "audio", "sound_of:film")
          + column("jingle", "BYTES", "audio"))
_SPEC = small_spec(_MEDIA, _MEDIA)


@pytest.mark.parametrize(("side", "key"), [("users", "who"), ("items", "what")])
def test_ingest_fills_the_column_of_the_sound_track(side, key):
    film = video("MP4", grey(4), tone(0.4, 48_000)[:, 0])
    result = Checker(_SPEC, side).check(Record({key: "a", "film": film}, "table.csv", 2))
    assert result.row_fault is None and not result.value_faults
    assert result.values == {
        key: [b"a"], "film": [canonical_video(film)], "track": [sound_track(film)]}
    silent = Checker(_SPEC, side).check(
        Record({key: "a", "film": gif(grey(2))}, "table.csv", 3))
    assert set(silent.values) == {key, "film"} and not silent.value_faults


def test_broken_media_cost_their_value_once_and_the_reason_names_the_column():
    values = {"what": "a", "film": b"no film", "jingle": encoded(np.zeros((0, 1)), 16_000)}
    result = Checker(_SPEC, "items").check(Record(values, "items.csv", 2))
    assert result.row_fault is None
    assert result.values == {"what": [b"a"]}
    film, jingle = sorted(one.reason for one in result.value_faults)
    assert film.startswith("film: not a readable GIF, MP4 or WebM video (it starts with b'no film'")
    assert jingle == "jingle: WAV sound is empty (0 samples at 16000 Hz)"
