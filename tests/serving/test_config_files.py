from pathlib import Path

import pytest
from refusals import refuses

from serving.config_files import config_files, parsed_labels, write_config_files
from serving.model_config import ModelConfig, read_model_config


@pytest.mark.parametrize("model", [
    ModelConfig("shop", Path("/models/shop"), 3, labels={"stable": 7, "canary": 9}),
    ModelConfig("shop", Path("/models/shop"), 0),
    ModelConfig("shop", Path("/models/shop"), 1, (4, 5))], ids=["newest", "all", "specific"])
def test_what_is_written_is_what_the_server_reads(tmp_path, model):
    paths = write_config_files(config_files(model, threads=3), tmp_path / "config")
    assert [path.name for path in paths] == [
        "models.config", "batching.config", "monitoring.config"]
    assert read_model_config(paths[0]) == [model]
    assert "num_batch_threads { value: 3 }" in paths[1].read_text(encoding="utf-8")


def test_labels_are_names_and_versions():
    assert parsed_labels(["stable=7", "canary=9"]) == {"stable": 7, "canary": 9}
    for bad in ("stable", "stable=", "=7", "stable=new", "canary=8"):
        with refuses("bad-label", bad):
            parsed_labels(["canary=9", bad])


@pytest.mark.parametrize(("model", "code"), [
    (ModelConfig("shop", Path("models/shop")), "relative-base-path"),
    (ModelConfig("", Path("/models/shop")), "bad-model-list")])
def test_what_no_server_takes_is_not_written(model, code):
    with refuses(code):
        config_files(model, threads=3)
