from PIL import Image
from worlds import picture
from worlds.media import encoded, tone

from pipeline.inference.profile import media

SOUND = encoded(tone(0.01, 8_000), 8_000)


def image(kind="PNG"):
    return picture(Image.new("RGB", (3, 3)), kind)


def test_bytes_by_how_they_start(tmp_path):
    assert media([image(), image("JPEG")], tmp_path) == ("image", None)
    assert media([SOUND], tmp_path) == ("audio", None)
    assert media([b"\x00\x00\x00\x18ftypmp42"], tmp_path)[0] == "video"
    assert media([b"anything"], tmp_path) == (None, None)


def test_bytes_that_do_not_decode_are_told(tmp_path):
    kind, fault = media([image()[:40]], tmp_path)
    assert kind == "image" and fault.startswith("not a readable JPEG, PNG")


def test_pictures_of_other_formats_are_named_with_what_to_do(tmp_path):
    for kind in ("WEBP", "TIFF", "AVIF"):
        result, fault = media([image(kind)], tmp_path)
        assert result == "image" and "convert it to one of these" in fault
    heic = b"\x00\x00\x00\x18ftypheic" + bytes(20)
    assert "it is a HEIC file" in media([heic], tmp_path)[1]
    (tmp_path / "a.HEIC").write_bytes(heic)
    assert "it is a HEIC file" in media(["a.HEIC"], tmp_path)[1]


def test_paths_by_how_they_end_and_whether_the_files_are_there(tmp_path):
    (tmp_path / "b.WAV").write_bytes(SOUND)
    assert media(["a.wav", "b.WAV"], tmp_path) == ("audio", None)
    kind, fault = media(["a.wav", "c.wav"], tmp_path)
    assert kind == "audio" and "audio file a.wav is missing" in fault
    assert media(["clip.mp4"], tmp_path)[0] == "video"
    assert "fetch them" in media(["https://x.org/a.png"], tmp_path)[1]


def test_names_with_a_dot_are_no_paths(tmp_path):
    assert media(["a.png", "Dr. No", "Mr. X"], tmp_path) == (None, None)
    assert media(["x.txt", 3, None], tmp_path) == (None, None)
    assert media([], tmp_path) == (None, None)


def test_a_gif_of_several_frames_is_a_film(tmp_path):
    frames = [Image.new("L", (16, 16), shade) for shade in (0, 90, 180)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "still.gif")
    assert media(["moving.gif"], tmp_path) == ("video", None)
    assert media([(tmp_path / "moving.gif").read_bytes()], tmp_path) == ("video", None)
    assert media(["still.gif"], tmp_path) == ("image", None)
