from types import SimpleNamespace

import numpy as np
import pytest

from schemas import InputError
from trainer.data.tables import read_table


def test_rows_are_at_their_index_and_row_zero_lacks_everything(transformed):
    table = read_table(transformed["items"].files, transformed["items"].output)
    assert table.ids == ["9", "10", "100"]
    assert len(table) == 4
    assert table.events.tolist() == [0, 1, 0, 2]
    np.testing.assert_allclose(table.columns["price"], [0, 1, 0, -1], atol=1e-6)
    assert table.columns["price__present"].tolist() == [0, 1, 0, 1]
    assert table.columns["genres"].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0], [2, 1, 0]]
    assert not any(column[0].any() for column in table.columns.values())
    assert not {"index", "events"} & set(table.columns)


def test_an_empty_table_is_refused():
    transform = SimpleNamespace(vocabulary_by_name=lambda name: [])
    with pytest.raises(InputError, match="table is empty. Give at least one row"):
        read_table([], transform)
