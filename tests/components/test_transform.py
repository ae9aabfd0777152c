from tfx.components.transform import executor as stock
from tfx_bsl.coders import batch_util

from components.transform.component import Executor

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
