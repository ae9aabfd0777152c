import json

import pytest
from ingested import run_ingest

from components.sources import open_source
from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from schemas import SIDES, InputError, read_spec


def test_the_demo_shop_as_ones_own_files_is_the_demo_shop(tmp_path):
    shop = tmp_path / "shop"
    write_demo(shop, DemoSizes(users=12, items=40, events=150))
    spec = read_spec("demo")
    options = {side: {"files": f"{side}.csv"} for side in SIDES}
    own = open_source("csv", str(shop), {"spec": json.loads(spec.to_json()), "options": options})
    mine = run_ingest(own, spec, tmp_path / "own")
    theirs = run_ingest(open_source("demo", str(shop)), spec, tmp_path / "demo")
    assert mine == theirs and sum(map(mine.kept, SIDES)) > 150


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
