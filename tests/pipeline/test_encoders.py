from pathlib import Path

import pytest
import tiny_encoders as tiny
import yaml

from pipeline.config import load_config
from pipeline.recipe_checks import try_encoders
from pipeline.run import run
from schemas import InputError, read_spec


@pytest.fixture
def config(tiny_shop, tmp_path):
    """Loads a configuration of the demo shop whose recipe lies in a folder of its own."""

    def config(encoders: dict, **recipe):
        path = tmp_path / "recipes" / "mine.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({
            "description": "x", "tasks": {"retrieval": {"head": "retrieval"}},
            "modalities": {"all": {}, **{m: {"encoder": one} for m, one in encoders.items()}},
            **recipe}))
        return load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path / "root",
                           recipe=str(path))

    return config


def test_a_relative_path_starts_at_the_recipes_folder(config, tmp_path):
    given = config({"text": {"handle": "modules/words"},
                    "image": {"handle": "https://tfhub.dev/x/1"},
                    "audio": {"handle": "/somewhere/sounds"}}).recipe.encoders
    assert {name: encoder.handle for name, encoder in given.items()} == {
        "text": f"{tmp_path}/recipes/modules/words", "image": "https://tfhub.dev/x/1",
        "audio": "/somewhere/sounds"}


def test_a_run_refuses_an_encoder_before_anything_runs(config, console, tmp_path):
    with pytest.raises(InputError, match="text.encoder.handle is .*neither a folder"):
        run(config({"text": {"handle": "nowhere"}}), console)
    assert not (tmp_path / "root" / "metadata.sqlite").exists()


def test_what_a_stock_server_cannot_run_is_told(config, tmp_path, monkeypatch):
    encoders = tiny.all_three(tmp_path / "modules")
    assert try_encoders(config({"text": encoders["text"]})) == []
    monkeypatch.setattr("trainer.encoders.module.foreign_operations", lambda folder: ("Split",))
    monkeypatch.setattr("trainer.encoders.module._register", lambda key, operations: None)
    [line] = try_encoders(config({"text": encoders["text"]}))
    assert "The text encoder has operations that a stock server lacks (Split)" in line
    assert "items that are not in the catalogue will be scored without its vectors" in line


def test_the_step_runs_behind_ingest_and_comes_from_the_cache(config, tmp_path):
    from worlds.pipelines import carried_out, small_pipeline

    from components.catalog_gen.component import CatalogGen
    from components.media_encoder.component import MediaEncoder
    from trainer.encoders.encodings import Encodings

    spec = read_spec("demo")
    given = config({"text": tiny.all_three(tmp_path / "modules")["text"]})
    catalog = CatalogGen(given.source_arguments(spec), spec, given.split)
    encoder = MediaEncoder(
        users=catalog.outputs["users"], items=catalog.outputs["items"], spec=spec,
        encoders={m: one.model_dump(mode="json") for m, one in given.recipe.encoders.items()},
        cache=tmp_path / "encodings")
    pipe = small_pipeline(tmp_path, catalog, encoder)
    first, second = (carried_out(pipe, run)["MediaEncoder"] for run in "12")
    assert (first.cached, second.cached) == (False, True)
    assert list((tmp_path / "encodings").glob("*/*.npz"))
    result = Encodings(Path(second.outputs["encodings"]))
    assert result.manifest() == {"text": {"foreign": []}}
    text = next(f.name for f in spec.inputs("items", ("text",)))
    assert result.read("items", text, [])[f"{text}__encoded"].shape == (1, 3)
    (tmp_path / "modules" / "words" / "more").write_text("another version")
    assert not carried_out(pipe, "3")["MediaEncoder"].cached


def test_a_cluster_needs_the_encoder_on_a_volume(config):
    from pipeline.cluster.options import KubeflowOptions
    from pipeline.kubeflow.compile import _require_volumes

    given = config({"text": {"handle": "words"}, "image": {"handle": "https://tfhub.dev/x/1"}})
    volume = {"claim": "tessera", "path": str(given.root)}
    options = KubeflowOptions(image="x", volumes=[
        volume, {"claim": "data", "path": str(Path(given.data_dir))}])
    with pytest.raises(InputError, match="text.encoder.handle is .*none of the volumes"):
        _require_volumes(given, options)
