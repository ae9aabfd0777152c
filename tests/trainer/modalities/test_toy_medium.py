"""The modality of `tests/midi.py`, of encoded files, comes whole from one module of a user's."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_shop
from extended import unchanged
from worlds.examples import write_examples

from components.catalog_gen.check import Checker
from components.data_checks.content import media_shift
from components.data_profile.columns import profile_columns
from components.data_profile.tables import read_table
from components.data_report.media import seconds
from components.decoding import decode, process
from components.media import MEDIA, MediaFault
from components.sources import Record
from pipeline.inference.profile import media
from schemas import parse_spec
from schemas.extensions import load_extensions
from trainer.network.model import build_network
from trainer.network.plan import plan_parts
from trainer.recipe import BoundRecipe, parse_recipe

_TUNE = '\nfeature { name: "tune" type: BYTES annotation { tag: "midi" } }'
TUNES = [b"MThd" + bytes(range(place, 60)) for place in range(10)]


@pytest.fixture(scope="module")
def midi():
    """The extension, in this process and in one of its own that decodes."""
    with pytest.MonkeyPatch.context() as patch, unchanged():
        patch.setattr(process, "_running", {})
        load_extensions(["midi"])
        yield
        process._running.clear()


@pytest.fixture(scope="module")
def tunes(midi, spec):
    """A shop whose items have tunes."""
    users, items, interactions = spec.texts
    return parse_spec("tunes", [users, items + _TUNE, interactions])


def test_a_raw_value_is_recognized_and_decoded_in_the_other_process(midi, tmp_path, monkeypatch):
    (tmp_path / "a.mid").write_bytes(TUNES[0])
    assert media(TUNES, tmp_path) == ("midi", None)
    assert media(["a.mid"], tmp_path) == ("midi", None)
    monkeypatch.setitem(MEDIA, "midi", replace(MEDIA["midi"], decode=pytest.fail))
    assert decode(TUNES[0], "midi") == b"notes:" + bytes(range(60))
    with pytest.raises(MediaFault, match="damaged"):
        decode(b"RIFF....WAVE", "midi")


def test_ingest_keeps_what_the_decoder_makes(tunes):
    result = Checker(tunes, "items").check(Record({"film": 7, "tune": TUNES[3]}, "i.csv", 2))
    assert result.values["tune"] == [b"notes:" + bytes(range(3, 60))] and not result.value_faults


def test_it_is_profiled_by_its_own_facts(tunes, tmp_path):
    values = [b"notes:" + bytes(count) for count in (2, 2, 3, 4, 0)]
    write_examples(tmp_path / "Split-all", [
        {"film": place, "tune": value} for place, value in enumerate(values)])
    table = read_table(str(tmp_path), tunes, "items")
    profile = profile_columns(tunes, "items", table, {})["tune"]["media"]
    assert profile == {"looked": 5, "blank": 0.2, "alike": 0.4, "notes": 2.0,
                       "kilobytes": 8 / 1024}
    feature = next(one for one in tunes.table("items") if one.name == "tune")
    assert seconds(str(tmp_path), feature, 5)["longest"] == 2.0


def test_its_figures_are_compared_with_those_of_an_earlier_run():
    class Data:
        def columns(self, kind):
            yield "items", "tune", {"looked": 10, "notes": 80.0}, {"looked": 10, "notes": 8.0}

    [finding] = media_shift.measure(Data())
    assert finding.column == "tune" and finding.value == pytest.approx(9, abs=0.02)


@pytest.mark.slow
def test_it_is_preprocessed_and_has_a_tower(tunes, recipe, build_world):
    raw, splits = tiny_shop.raw_tables(tunes)
    for place, row in enumerate(raw["items"]):
        row["tune"] = [b"notes:" + bytes([place + 1, 9])] if place % 3 else []
    reading = parse_recipe(**{
        **recipe.model_dump(), "modalities": {"categorical": {}, "midi": {}}})
    world = build_world(tunes, reading, raw, splits)
    content, ids = world.data.item_side.content, world.data.items.ids
    for place, row in enumerate(raw["items"]):
        row_there = 1 + ids.index(str(row["film"][0]))
        assert content["tune"][row_there] == np.float32((place + 1) / 128 if place % 3 else 0)
        assert content["tune__present"][row_there] == bool(row["tune"])
    network = build_network(BoundRecipe(reading, tunes), world.data.user_side, world.data.item_side,
                            {"rating": 4.0, "like": 0.5}, seed=1)
    assert plan_parts(BoundRecipe(reading, tunes), "items")[-1].reads == "the tune 'tune'"
    assert "tune" in network.item_modalities
