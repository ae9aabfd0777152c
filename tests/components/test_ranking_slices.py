"""Figures by groups of users, items and rows, on events made by hand."""

import numpy as np
import pytest
from worlds import column, small_spec
from worlds.examples import write_examples

from components.ranking_evaluator.groups import (
    by_events,
    by_gap,
    large_enough,
    modality_groups,
    profile_groups,
)
from components.ranking_evaluator.interactions import Interactions
from components.ranking_evaluator.slices import prediction_figures, ranking_slices
from trainer.evaluation.ranking import ranking_metrics

TRAIN, TEST = 0, 2
# (user, item, second, split); user 2 is cold, item 5 too; 3 has the item of the most events.
EVENTS = [*((3, item, 1, TRAIN) for item in range(5)), *((0, item, 10, TRAIN) for item in (0, 1)),
          (1, 0, 20, TRAIN),
          (0, 2, 10, TEST), (1, 1, 500, TEST), (1, 2, 600, TEST), (2, 0, 50, TEST),
          (2, 5, 60, TEST)]


@pytest.fixture
def interactions() -> Interactions:
    users, items, times, splits = (np.array(one) for one in zip(*EVENTS, strict=True))
    like = np.where(splits == TEST, (items > 1).astype(float), np.nan)
    return Interactions(
        [str(i) for i in range(6)], 4, users, items, times, True, np.ones(len(users), bool), splits,
        [b""] * int((splits == TEST).sum()), labels={"like": like, "stars": 1.0 + items},
        binary=frozenset({"like"}),
        user_groups={"profile_town": np.array(["north", "south", "south", "north"], object)},
        item_groups={"modalities": np.array(["text"] * 2 + ["image + text"] * 4, object)})


def test_ranges_of_events_and_of_time() -> None:
    assert by_events(np.array([0, 1, 4, 5, 200])).tolist() == [
        "no event", "1 to 4 events", "1 to 4 events", "5 to 19 events", "200 or more events"]
    assert by_gap(np.array([-5.0, 0, 1, 600, 601, np.inf])).tolist() == [
        "same second", "same second", "10 minutes", "10 minutes", "1 day", "longer"]


def numbers(rows: dict[str, int], users=None, fewest: int = 5) -> dict[str, int]:
    """Returns the rows of each group of enough users; a row is of another user, unless given."""
    groups = np.array([name for name, count in rows.items() for _ in range(count)], object)
    users = np.arange(len(groups)) if users is None else np.array(users)
    return {name: int(mask.sum()) for name, mask in large_enough(groups, users, fewest).items()}


@pytest.mark.parametrize(("groups", "expected"), [
    ({"a": 5, "b": 9}, {"a": 5, "b": 9}),
    ({"a": 3, "b": 2, "c": 9}, {"other": 5, "c": 9}),
    # One small group could be reckoned from the others: the next smallest joins it.
    ({"a": 4, "b": 7, "c": 9}, {"other": 11, "c": 9}),
    ({"other": 8, "a": 4, "c": 9}, {"other": 12, "c": 9}),
    ({"a": 1, "b": 6}, {"other": 7}),
    ({"a": 4}, {}), ({"a": 2, "b": 2}, {}), ({}, {}),
])
def test_groups_of_few_users_are_one(groups, expected) -> None:
    assert numbers(groups) == expected


def test_users_are_counted_and_not_rows() -> None:
    assert numbers({"a": 6, "b": 5}, [0] * 6 + [1, 2, 3, 4, 5]) == {"other": 11}
    # The users of a merged group are counted once.
    assert numbers({"a": 4, "b": 4, "c": 6}, [0, 1, 2, 3] * 2 + list(range(9, 15))) == {"other": 14}


def test_no_figure_is_of_a_group_of_few_users(interactions) -> None:
    task = interactions.task("test")
    ranked = ranking_metrics(-np.tile(np.arange(6.0), (3, 1)), task)
    found = ranking_slices(interactions, task, ranked, ranked, 2)
    assert {name: of["users"] for name, of in found["user_activity"].items()} == {"other": 3}
    assert found["gap"].keys() == {"other"} and found["profile_town"]["other"]["users"] == 3
    assert ranking_slices(interactions, task, ranked, ranked, 4)["gap"] == {}
    rated = {"rated": np.full(5, 3.0)}
    assert prediction_figures(rated, interactions, {"rated": "stars"}, 4)["rated"]["slices"] == {
        name: {} for name in ("user_activity", "gap", "profile_town", "item_popularity",
                              "modalities")}


def test_a_ranking_by_groups(interactions) -> None:
    task = interactions.task("test")
    assert task.users.tolist() == [0, 1, 2]
    best_first = ranking_metrics(-np.tile(np.arange(6.0), (3, 1)), task)
    best_last = ranking_metrics(np.tile(np.arange(6.0), (3, 1)), task)
    result = ranking_slices(interactions, task, best_first, best_last, 1)
    activity = result["user_activity"]
    assert {name: group["users"] for name, group in activity.items()} == {
        "1 to 4 events": 2, "no event": 1}
    assert activity["no event"]["ndcg@10"] == 1.0  # item 0 comes first
    assert activity["no event"]["baseline_ndcg@10"] == pytest.approx(1 / np.log2(6))
    assert activity["1 to 4 events"]["ndcg@10"] == pytest.approx(best_first.ndcg[:2].mean())
    assert set(result["gap"]) == {"same second", "10 minutes", "longer"}
    assert {name: group["users"] for name, group in result["profile_town"].items()} == {
        "north": 1, "south": 2}
    assert {name: group["pairs"] for name, group in result["modalities"].items()} == {
        "text": 2, "image + text": 2}
    assert all(group["recall@10"] == 1 for group in result["item_popularity"].values())


def test_pairs_beyond_the_first_ten_count_as_missed() -> None:
    number = 15
    users = np.array([1] * number + [0])
    items = np.array([*range(number), number - 1])
    splits = np.array([TRAIN] * number + [TEST])
    data = Interactions([str(i) for i in range(number)], 2, users, items, splits * 0, False,
                        np.ones(number + 1, bool), splits, [b""])
    task = data.task("test")
    last = ranking_metrics(-np.arange(float(number))[None], task)
    first = ranking_metrics(np.arange(float(number))[None], task)
    result = ranking_slices(data, task, last, first, 1)
    assert result["item_popularity"] == {
        "1 to 4 events": {"pairs": 1, "recall@10": 0.0, "baseline_recall@10": 1.0}}
    assert "gap" not in result


def test_predictions_by_groups(interactions, monkeypatch) -> None:
    monkeypatch.setattr("components.ranking_evaluator.slices._FEWEST", 2)
    truth = interactions.labels["like"][-5:]
    predicted = {"liked": np.array([0.9, 0.2, 0.6, 0.4, 0.3]), "rated": np.full(5, 3.0)}
    result = prediction_figures(predicted, interactions,
                                {"liked": "like", "rated": "stars", "absent": "stars"}, 1)
    assert result.keys() == {"liked", "rated"}
    liked, rated = result["liked"], result["rated"]
    assert liked["rows"] == 5 and liked["auc"] == pytest.approx(
        np.mean([p > n for p in predicted["liked"][truth > 0] for n in (0.2, 0.4)]))
    assert {"log_loss", "ece", "accuracy", "precision", "recall", "f1"} < liked.keys()
    assert rated["mae"] == pytest.approx(np.abs(3.0 - (1 + interactions.items[-5:])).mean())
    assert rated["slices"]["user_activity"]["no event"] == {
        "rows": 2, "rmse": pytest.approx(np.sqrt((4 + 9) / 2)), "mae": pytest.approx(2.5)}
    assert "no event" not in rated["slices"]["item_popularity"]  # one row only
    south = liked["slices"]["profile_town"]["south"]
    assert south["rows"] == 4 and np.isfinite([*south.values()]).all()


def test_groups_of_the_tables(tmp_path) -> None:
    spec = small_spec(
        users=column("town", "BYTES", "categorical", most=1)
        + column("secret", "BYTES", "categorical", "pii", most=1),
        items=column("about", "BYTES", "text", most=1) + column("size", "FLOAT", "numeric", most=1))
    users = write_examples(tmp_path / "users" / "Split-all", [
        {"who": b"a", "town": b"north", "secret": b"x"}, {"who": b"b", "secret": b"y"},
        {"who": b"c", "town": b"south"}])
    items = write_examples(tmp_path / "items" / "Split-all", [
        {"what": b"p", "about": b"words", "size": 2.0}, {"what": b"q"},
        {"what": b"r", "size": 1.0}])
    towns = profile_groups(users, spec, ["c", "a", "b", "gone"])
    assert {name: of.tolist() for name, of in towns.items()} == {
        "profile_town": ["south", "north", "none", "none"]}
    assert modality_groups(items, spec, ["q", "p", "r"])["modalities"].tolist() == [
        "none", "numeric + text", "numeric"]
