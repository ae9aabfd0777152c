"""The tables of slices, from made-up figures."""

from pipeline.model_report.content import slices

METRICS = {
    "slices": {
        "user_activity": {"no event": {"users": 3, "ndcg@10": 0.1, "low": 0.0, "high": 0.2,
                                       "baseline_ndcg@10": 0.05, "recall@20": 0.2, "hr@10": 0.3,
                                       "mrr": 0.1}},
        "item_popularity": {"no event": {"pairs": 4, "recall@10": 0.5,
                                         "baseline_recall@10": 0.0}}},
    "predictions": {"like": {"rows": 9, "auc": 0.7, "slices": {
        "gap": {"longer": {"rows": 5}}}}},
}


def test_each_kind_of_group_has_its_table():
    of_users, of_items, of_rows = (table for _, table in slices(METRICS))
    assert [row["name"] for row in of_users["rows"]] == ["user_activity: no event"]
    assert of_users["rows"][0]["figures"][:2] == [3, 0.1]
    assert of_items["rows"] == [{"name": "item_popularity: no event", "figures": [4, 0.5, 0.0]}]
    assert of_rows["names"] == ("rows", "auc")
    assert [row["figures"] for row in of_rows["rows"]] == [[9, 0.7], [5, None]]


def test_the_reader_is_told_that_small_groups_are_one():
    (title, _), *_ = slices(METRICS | {"fewest_users": 7})
    assert "fewer than 7 users" in title
    assert "fewer" not in slices(METRICS)[0][0]


def test_there_is_none_without_figures():
    assert slices({}) == []
