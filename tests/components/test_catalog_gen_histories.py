import numpy as np
import pytest
from worlds import column, history, small_spec

from components.catalog_gen.histories import Histories, Row
from components.catalog_gen.splits import splitter
from schemas import FeatureSpec, read_spec

SPEC = read_spec("demo")


def event(product: str, time: int, stars: float | None = 3.0) -> Row:
    row: Row = {"customer": [b"c"], "product": [product.encode()], "time": [time]}
    return row if stars is None else row | {"stars": [stars]}


def built(rows: list[Row], splits: list[str], spec: FeatureSpec = SPEC) -> list[Row]:
    rows = [{name: list(values) for name, values in row.items()} for row in rows]
    Histories(spec).add(rows, splits)
    return rows


def products(row: Row) -> str:
    return b"".join(row["history_products"]).decode()


def test_each_split_sees_what_the_contract_grants():
    rows = [event(p, t) for t, p in enumerate("abcdefgh")]
    splits = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
    result = [products(row) for row in built(rows, splits)]
    assert result == ["", "a", "ba", "cba", "dcba", "dcba", "fedcba", "fedcba"]


def test_events_of_the_same_second_are_no_history_of_a_training_row():
    rows = [event("a", 1), event("b", 2), event("c", 2), event("d", 3)]
    first, second, third, last = built(rows, ["train"] * 4)
    assert [products(row) for row in (first, second, third)] == ["", "a", "a"]
    assert sorted(products(last)) == ["a", "b", "c"] and products(last).endswith("a")


def test_a_held_out_row_sees_training_events_of_its_own_second():
    rows = [event("a", 1), event("b", 1), event("c", 1)]
    result = [products(row) for row in built(rows, ["train", "validation", "test"])]
    assert result[1] == "a" and sorted(result[2]) == ["a", "b"]


def test_columns_are_aligned_the_newest_are_kept_and_what_is_absent_is_minus_one():
    rows = [event(f"p{t}", t, None if t == 38 else 5.0) for t in range(40)]
    last = built(rows, ["train"] * 40)[-1]
    assert last["history_times"] == list(range(38, 8, -1))
    assert last["history_products"] == [b"p%d" % t for t in range(38, 8, -1)]
    assert last["history_stars"] == [-1.0] + 29 * [5.0]


def test_the_order_of_the_rows_does_not_matter():
    rows = [event(f"p{t}", t // 3) for t in range(12)]
    splits = splitter(SPEC, "u80")(rows)
    shuffled = np.random.default_rng(0).permutation(12)
    expected = built(rows, splits)
    result = built([rows[i] for i in shuffled], [splits[i] for i in shuffled])
    assert result == [expected[i] for i in shuffled]


def test_ties_are_not_in_the_order_of_ids():
    names = [f"{i:02d}" for i in range(20)]
    last = built([*(event(name, 1) for name in names), event("z", 2)], ["train"] * 21)[-1]
    order = [name.decode() for name in last["history_products"]]
    assert sorted(order) == names
    assert order not in (names, names[::-1])
    # No tendency either: the rank of a position among the ids is unrelated to the position.
    ranks = [names.index(name) for name in order]
    assert abs(np.corrcoef(ranks, np.arange(20))[0, 1]) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_other_test_rows_never_change_a_test_rows_features(seed):
    rng = np.random.default_rng(seed)
    rows = [event(f"p{i}", int(rng.integers(20)), float(rng.integers(1, 6))) for i in range(40)]
    splits = splitter(SPEC, "u80")(rows)
    test = [i for i, split in enumerate(splits) if split == "test"]
    expected = built(rows, splits)
    for kept in test:
        others = [i for i in test if i != kept]
        changed = list(rows)
        for i, j in zip(others, rng.permutation(others), strict=True):
            changed[i] = rows[i] | {"product": rows[j]["product"], "stars": [1.0]}
        assert built(changed, splits)[kept] == expected[kept]


KINDS = small_spec(events=(
    column("kind", "BYTES", "event_type") + column("note", "BYTES", "text")
    + history("items", "item_id", "BYTES", 4) + history("times", "timestamp", most=4)
    + history("kinds", "event_type", "BYTES", 4) + history("notes", "note", "BYTES", 2)),
    time="when")


def noted(item: str, time: int, kind: str = "view", note: str | None = None) -> Row:
    row: Row = {"who": [b"u"], "what": [item.encode()], "when": [time], "kind": [kind.encode()]}
    return row if note is None else row | {"note": [note.encode()]}


def test_types_and_texts_are_beside_their_items_and_never_of_the_same_second():
    rows = [noted("a", 1, "buy", "fine"), noted("b", 2), noted("c", 3, "cart", "so so"),
            noted("d", 4), noted("e", 4, "buy", "late")]
    *_, last, late = built(rows, ["train"] * 5, KINDS)
    assert last["items"] == late["items"] == [b"c", b"b", b"a"]
    assert last["kinds"] == late["kinds"] == [b"cart", b"view", b"buy"]
    assert last["notes"] == late["notes"] == [b"so so", b""], "the newest two; absent is empty"


def test_a_held_out_row_never_sees_a_text_of_its_own_split():
    rows = [noted(name, time, "buy", name * 3) for time, name in enumerate("abcdef")]
    splits = ["train", "train", "validation", "validation", "test", "test"]
    result = [b"".join(row["notes"]).decode() for row in built(rows, splits, KINDS)]
    assert result == ["", "aaa", "bbbaaa", "bbbaaa", "dddccc", "dddccc"]
