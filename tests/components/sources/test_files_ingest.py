"""One's own tables through ingest: the same rows as the dataset's own source gives."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf

from components.catalog_gen.ingest import ingest
from components.sources import open_source
from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from schemas import SIDES, InputError, read_spec

_EXAMPLE = Path(__file__).parents[3] / "docs" / "your-data" / "my.yaml"


def ingested(source, spec, folder: Path) -> tuple[dict[str, list[bytes]], dict]:
    """Returns the sorted Examples of every table and split, and the counts."""
    tables = {side: str(folder / side) for side in SIDES}
    (folder / "scratch").mkdir(parents=True)
    with beam.Pipeline() as pipeline:
        ingest(pipeline, source, spec, "u80", tables, str(folder / "quarantine"),
               str(folder / "scratch"))
    examples = {}
    for split in sorted(folder.glob("*/Split-*")):
        files = [str(p) for p in split.glob("*.gz")]
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
        examples[f"{split.parent.name}/{split.name}"] = sorted(records)
    return examples, json.loads((folder / "quarantine" / "counts.json").read_text())


def test_the_demo_shop_as_ones_own_files_is_the_demo_shop(tmp_path):
    shop = tmp_path / "shop"
    write_demo(shop, DemoSizes(users=12, items=40, events=150))
    spec = read_spec("demo")
    options = {side: {"files": f"{side}.csv"} for side in SIDES}
    own = open_source("csv", str(shop), {"spec": json.loads(spec.to_json()), "options": options})
    mine, my_counts = ingested(own, spec, tmp_path / "own")
    theirs, counts = ingested(open_source("demo", str(shop)), spec, tmp_path / "demo")
    assert mine == theirs and sum(map(len, mine.values())) > 150
    assert my_counts == counts


def test_the_example_of_the_documentation(tmp_path):
    config = load_config(_EXAMPLE, root=tmp_path)
    assert config.data_dir == _EXAMPLE.parent
    spec = read_spec(config.schemas)
    source = open_source(**config.source_arguments(spec))
    examples, counts = ingested(source, spec, tmp_path)
    assert counts["interactions"] == {"read": 6, "kept": 5, "quarantined": 1}
    assert counts["users"] == {"read": 3, "kept": 3, "quarantined": 0}
    assert counts["items"]["kept"] == len(examples["items/Split-all"]) == 3
    (fault,) = (tmp_path / "quarantine" / "quarantine.jsonl").read_text().splitlines()
    assert json.loads(fault) == {
        "table": "interactions", "source": "events-2025.csv", "line": 4, "kind": "row",
        "reason": "item_id 'b9' is not in the table of items",
    }


@pytest.mark.parametrize(("text", "message"), [
    ("dataset: csv\n", "needs the key 'schemas' in a file given with --config"),
    ("dataset: csv\nschemas: x\n", "needs the key 'source' in a file given with --config"),
    ("dataset: demo\nsource: {}\n", "The key 'source' is for one's own files"),
    ("dataset: csv\nschemas: x\nsource: {interactions: {files: a.csv}, delimeter: ;}\n",
     "unknown key 'source.delimeter'; known here: decimal, delimiter, encoding"),
])
def test_configurations_that_cannot_be(tmp_path, text, message):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_config(path)
