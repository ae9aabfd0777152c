"""Transform's batches are bounded by bytes and rows, whatever is in a row."""

from pathlib import Path

import pytest
from tfx.components.transform import executor as stock
from tfx_bsl.coders import batch_util

from components import code_digest as digests
from components.transform.component import Executor, transform_code

_TWENTY_MIB = 20 * 2**20


def test_batches_are_bounded_by_bytes_while_it_works(monkeypatch):
    monkeypatch.setattr("components.transform.component.declare", lambda *_: None)
    seen = []
    monkeypatch.setattr(
        stock.Executor, "Do", lambda *_: seen.append(batch_util.GetBatchElementsKwargs(None)))
    Executor().Do({}, {}, {})
    assert seen[0]["max_batch_size"] == _TWENTY_MIB
    size = seen[0]["element_size_fn"]
    assert size(b"x" * 10**6) == 10**6
    assert _TWENTY_MIB / size(b"") == 1024  # rows without media become as large as the others
    assert batch_util.GetBatchElementsKwargs(None)["max_batch_size"] != _TWENTY_MIB
    assert batch_util._BATCH_SIZE_CAP_WITH_BYTE_TARGET == 8192


@pytest.mark.parametrize(("edited", "changes"), [
    ("trainer/modalities/image/preprocess.py", True), ("trainer/modalities/text/words.py", True),
    ("trainer/modalities/image/tower.py", False), ("trainer/modalities/text/explain.py", False),
    ("trainer/layers/towers.py", False),
])
def test_its_key_holds_what_makes_columns_and_no_tower(edited, changes, tmp_path, monkeypatch):
    root = Path(digests.__file__).parents[1]
    for package in ("schemas", "components", "trainer"):
        for file in (root / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(digests, "_ROOT", tmp_path)
    before = transform_code()
    with (tmp_path / edited).open("a") as file:
        file.write("_EDITED = True\n")
    assert (transform_code() != before) == changes
