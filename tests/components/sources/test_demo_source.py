import hashlib
import io
import os
import pickle
import shutil
import signal
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from refusals import refuses
from worlds import records

from components.sources import DemoSource, open_source
from components.sources.demo import DemoSizes, write_demo
from components.sources.demo import shop as writer
from components.sources.demo.media import clip, picture, sound
from schemas import SIDES

SMALL = DemoSizes(users=30, items=40, events=300)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "shop"
    write_demo(folder, SMALL)
    return folder


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def test_the_seed_decides_every_byte(shop, tmp_path):
    write_demo(tmp_path / "same", SMALL)
    write_demo(tmp_path / "other", SMALL, seed=8)
    assert digest(tmp_path / "same") == digest(shop) != digest(tmp_path / "other")
    assert [len(records(DemoSource(str(shop)), side)) for side in SIDES] == [30, 40, 300]
    source = DemoSource(str(shop))
    assert pickle.loads(pickle.dumps(source)) == source


def test_an_identical_shop_is_left_alone_and_another_is_replaced(tmp_path):
    folder = tmp_path / "shop"
    write_demo(folder, SMALL)
    (folder / "items.csv").write_text("touched")
    write_demo(folder, SMALL)
    assert (folder / "items.csv").read_text() == "touched"
    write_demo(folder, DemoSizes(users=20, items=40, events=200))
    assert len(records(DemoSource(str(folder)), "users")) == 20
    assert [p.name for p in tmp_path.iterdir()] == ["shop"]
    (tmp_path / "thesis.txt").write_text("keep me")
    with refuses("not-a-demo-folder"):
        write_demo(tmp_path, SMALL)
    assert (tmp_path / "thesis.txt").read_text() == "keep me"
    with refuses("impossible-demo-size", "10 events", "40 to 50"):
        DemoSizes(users=10, items=10, events=10)


def killed_while_writing(folder: Path, moment: int) -> int:
    """Writes another shop in a fork that kills itself before its n-th step; returns its status."""
    pid = os.fork()
    if not pid:
        left = iter(range(1, 99))

        def armed(step):
            def run(*arguments):
                if next(left) == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                return step(*arguments)

            return run

        try:
            writer._table, Path.rename = armed(writer._table), armed(Path.rename)
            write_demo(folder, SMALL, seed=8)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(("moment", "there"), [(2, "old"), (4, "old"), (5, "none")])
def test_a_killed_writer_leaves_a_whole_shop_or_none(shop, tmp_path, moment, there):
    """Killed while it writes the tables, before the old shop goes, and before the new one comes."""
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    assert killed_while_writing(folder, moment) == -signal.SIGKILL
    if there == "old":
        assert digest(folder) == digest(shop)
    else:
        assert not folder.exists()
        write_demo(folder, SMALL)
        assert digest(folder) == digest(shop)
    write_demo(folder, SMALL, seed=8)
    assert [p.name for p in tmp_path.iterdir()] == ["shop"]


def test_missing_folder_table_and_column_are_named(shop, tmp_path):
    with refuses("no-demo-folder", "nowhere"):
        open_source("demo", str(tmp_path / "nowhere"))
    folder = copy(shop, tmp_path)
    (folder / "items.csv").write_text("x" * 200_000 + "\n")
    with refuses("demo-column-missing", "items.csv", "product, name"):
        DemoSource(str(folder))
    (folder / "users.csv").write_text("customer,age\n")
    with refuses("demo-column-missing", "users.csv", "region, email, avatar, about"):
        DemoSource(str(folder))
    (folder / "users.csv").unlink()
    with refuses("no-demo-file", "users.csv"):
        DemoSource(str(folder))


def test_a_picture_shows_its_colour():
    rng = np.random.default_rng(0)
    for colour, channel in (("red", 0), ("green", 1), ("blue", 2)):
        for shape in ("circle", "square", "triangle", "cross"):
            pixels = np.asarray(Image.open(io.BytesIO(picture(colour, shape, rng))), float)
            excess = pixels - pixels.mean(2, keepdims=True)
            assert excess.mean((0, 1)).argmax() == channel


def test_a_sound_has_its_pitch_and_rhythm():
    rng = np.random.default_rng(0)
    for pitch, hertz in (("deep", 160), ("middle", 520), ("high", 1700)):
        peak = np.abs(np.fft.rfft(samples(sound(pitch, "steady", rng)))).argmax() * 2
        assert abs(peak / hertz - 1) < 0.15
    silent = {
        rhythm: (np.abs(samples(sound("high", rhythm, rng)).reshape(-1, 80)).max(1) < 0.06).mean()
        for rhythm in ("steady", "slow", "fast")
    }
    assert silent["steady"] < 0.05
    assert min(silent["slow"], silent["fast"]) > 0.3


def test_a_clip_moves_in_its_rhythm():
    rng = np.random.default_rng(0)
    result = {}
    for rhythm in ("steady", "slow", "fast"):
        with Image.open(io.BytesIO(clip(rhythm, rng))) as film:
            frames = [np.asarray(f.convert("L"), float) for f in ImageSequence.Iterator(film)]
        spots = [np.argwhere(f > (f.min() + f.max()) / 2) for f in frames]
        drift = np.ptp([s.mean(0) for s in spots], axis=0).max()
        sizes = np.array([len(s) for s in spots], float)
        turns = (np.diff(np.sign(np.diff(sizes))) != 0).sum()
        pulses = np.ptp(sizes) > 0.5 * sizes.mean()
        result[rhythm] = (drift > 8, pulses, pulses and turns > 4)
    assert result == {"steady": (True, False, False), "slow": (False, True, False),
                      "fast": (False, True, True)}


def samples(encoded: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(encoded)) as tone:
        return np.frombuffer(tone.readframes(tone.getnframes()), "<i2") / 32_768


def copy(shop: Path, tmp_path: Path) -> Path:
    """A shop's tables, without media."""
    for side in SIDES:
        (tmp_path / f"{side}.csv").write_bytes((shop / f"{side}.csv").read_bytes())
    return tmp_path


def test_a_path_that_leaves_the_folder_costs_its_value(shop, tmp_path):
    folder = copy(shop, tmp_path)
    secret = folder.with_name(f"{folder.name}-secret.png")
    secret.write_bytes(b"x")
    (folder / "link.png").symlink_to(secret)
    header, *lines = (folder / "items.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{line.split(',')[0]},n,d,{path},,,a,1" for line, path in zip(
        lines, (f"../{secret.name}", secret, "link.png"), strict=False)]
    (folder / "items.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    result = list(DemoSource(str(folder)).records("items", "items.csv"))
    assert [record.faults[0].column for record in result] == ["photo"] * 3
    assert not any("photo" in record.values for record in result)
