"""Figures by groups, of unseen items and of predicted values, on events made by hand."""

import numpy as np
import pytest
from worlds import column, small_spec
from worlds.examples import write_examples

from components.ranking_evaluator import values
from components.ranking_evaluator.groups import (
    by_events,
    by_gap,
    large_enough,
    modality_groups,
    profile_groups,
)
from components.ranking_evaluator.interactions import SPLITS, Interactions, Judged
from components.ranking_evaluator.slices import prediction_figures, ranking_slices
from components.ranking_evaluator.unseen import unseen_figures, unseen_task
from components.ranking_evaluator.values import value_figures, value_reasons
from pipeline.notes import notes
from trainer.closed_form.biases import fit_biases
from trainer.evaluation.ranking import RankingTask, ranking_metrics

TRAIN, TEST = 0, 2
LIKE, STARS, RATING = Judged("binary", "like"), *(
    Judged("regression", name) for name in ("stars", "rating"))
# (user, item, second, split); user 2 is cold, item 5 too; 3 has the item of the most events.
EVENTS = [*((3, item, 1, TRAIN) for item in range(5)), *((0, item, 10, TRAIN) for item in (0, 1)),
          (1, 0, 20, TRAIN),
          (0, 2, 10, TEST), (1, 1, 500, TEST), (1, 2, 600, TEST), (2, 0, 50, TEST),
          (2, 5, 60, TEST)]


@pytest.fixture
def interactions():
    users, items, times, splits = (np.array(one) for one in zip(*EVENTS, strict=True))
    like = np.where(splits == TEST, (items > 1).astype(float), np.nan)
    return Interactions(
        [str(i) for i in range(6)], 4, users, items, times, True, np.ones(len(users), bool), splits,
        [b""] * int((splits == TEST).sum()), labels={"like": like, "stars": 1.0 + items},
        user_groups={"profile_town": np.array(["north", "south", "south", "north"], object)},
        item_groups={"modalities": np.array(["text"] * 2 + ["image + text"] * 4, object)})


def test_ranges_of_events_and_of_time():
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
    ({"a": 4}, {}), ({}, {}),
])
def test_groups_of_few_users_are_one(groups, expected):
    assert numbers(groups) == expected
    # Users are counted and not rows, and those of a merged group once.
    assert numbers({"a": 6, "b": 5}, [0] * 6 + [1, 2, 3, 4, 5]) == {"other": 11}
    assert numbers({"a": 4, "b": 4, "c": 6}, [0, 1, 2, 3] * 2 + list(range(9, 15))) == {"other": 14}


def test_no_figure_is_of_a_group_of_few_users(interactions):
    task = interactions.task("test")
    ranked = ranking_metrics(-np.tile(np.arange(6.0), (3, 1)), task)
    figures = ranking_slices(interactions, task, ranked, ranked, 2)
    assert {name: of["users"] for name, of in figures["user_activity"].items()} == {"other": 3}
    assert figures["gap"].keys() == {"other"} and figures["profile_town"]["other"]["users"] == 3
    assert ranking_slices(interactions, task, ranked, ranked, 4)["gap"] == {}
    rated = {"rated": np.full(5, 3.0)}
    assert prediction_figures(rated, interactions, {"rated": STARS}, 4)["rated"]["slices"] == {
        name: {} for name in ("user_activity", "gap", "profile_town", "item_popularity",
                              "modalities")}


def test_a_ranking_by_groups(interactions):
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


def test_pairs_beyond_the_first_ten_count_as_missed():
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


def test_predictions_by_groups(interactions, monkeypatch):
    monkeypatch.setattr("components.ranking_evaluator.slices._FEWEST", 2)
    truth = interactions.labels["like"][-5:]
    predicted = {"liked": np.array([0.9, 0.2, 0.6, 0.4, 0.3]), "rated": np.full(5, 3.0)}
    result = prediction_figures(predicted, interactions,
                                {"liked": LIKE, "rated": STARS, "absent": STARS}, 1)
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


def test_groups_of_the_tables(tmp_path):
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


N_ITEMS = 64


class Written:
    """Scores that are written down, for the users of a task."""

    def __init__(self, scores: np.ndarray, task: RankingTask):
        self._scores, self._task = scores, task

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self._scores[np.searchsorted(self._task.users, users)]


def events_of(*rows: tuple[int, int, str, bool]) -> Interactions:
    """Events of (user, item, split, relevant)."""
    users, items, splits, relevant = zip(*rows, strict=True)
    return Interactions(
        [str(i) for i in range(N_ITEMS)], 1 + max(users), np.array(users), np.array(items),
        np.zeros(len(users), np.int64), False, np.array(relevant),
        np.array([SPLITS.index(split) for split in splits]), [b""] * splits.count("test"))


@pytest.fixture
def events():
    """Items 0 to 3 are known; users 1 and 2 like unseen ones, user 0 likes a known one only."""
    return events_of(
        (0, 0, "train", True), (1, 1, "train", True), (2, 2, "validation", True),
        (2, 3, "validation", False), (0, 1, "test", True), (0, 9, "test", False),
        (1, 7, "test", True), (1, 8, "test", True), (2, 63, "test", True), (2, 0, "test", True))


def test_candidates_are_what_nobody_met_and_users_those_who_like_one(events):
    task = unseen_task(events)
    assert np.flatnonzero(task.candidates).tolist() == list(range(4, N_ITEMS))
    assert task.users.tolist() == [1, 2]
    assert [row.indices.tolist() for row in task.relevant] == [[7, 8], [63]]
    assert task.excluded.nnz == 0


def test_figures_of_a_known_order(events):
    task = unseen_task(events)
    # User 1 has its two items first; user 2 its one on the 51st place, behind items 4 to 53.
    scores = np.zeros((2, N_ITEMS))
    scores[0, [7, 8]] = 2, 1
    scores[1] = -np.arange(N_ITEMS)
    scores[1, 63] = -53.5
    scores[:, :4] = 99  # known items are no candidates
    figures = unseen_figures(Written(scores, task), task)
    assert figures["candidates"] == 60
    model = figures["model"]
    assert model["recall@50"] == pytest.approx(0.5)
    assert model["ndcg@10"] == pytest.approx(0.5)
    assert model["ndcg@10_se"] == pytest.approx(0.5)  # of the values 1 and 0
    assert (model["users"], model["relevant"]) == (2, 3)
    scores[1, 63] = 1
    model = unseen_figures(Written(scores, task), task)["model"]  # all users reach the same
    assert (model["ndcg@10"], model["ndcg@10_se"]) == (pytest.approx(1.0), None)


def test_new_items_and_users_of_the_test_are_counted(events):
    assert events.of_test() == {
        "events": 6, "new_items_share": pytest.approx(4 / 6), "new_users_share": 0.0}
    newcomer = events_of((0, 0, "train", True), (1, 0, "test", True))
    assert newcomer.of_test()["new_users_share"] == 1.0


def test_guessing_is_the_mean_over_random_orders(events):
    task = unseen_task(events)
    rng = np.random.default_rng(0)
    drawn = [unseen_figures(Written(rng.random((2, N_ITEMS)), task), task)["model"]
             for _ in range(2000)]
    guessed = unseen_figures(Written(np.zeros((2, N_ITEMS)), task), task)["random"]
    assert guessed["ndcg@10"] == pytest.approx(np.mean([d["ndcg@10"] for d in drawn]), abs=0.01)
    assert guessed["recall@50"] == pytest.approx(
        np.mean([d["recall@50"] for d in drawn]), abs=0.02)


def test_few_candidates_are_all_recalled_and_one_user_has_no_error():
    task = unseen_task(events_of(
        *((0, item, "train", True) for item in range(N_ITEMS - 2)), (0, 63, "test", True)))
    scores = np.arange(N_ITEMS)[None, :].astype(float)
    figures = unseen_figures(Written(scores, task), task)
    assert figures["candidates"] == 2
    assert figures["model"]["ndcg@10_se"] is None
    assert figures["model"]["recall@50"] == figures["random"]["recall@50"] == 1
    assert figures["model"]["ndcg@10"] == ranking_metrics(scores, task).metrics["ndcg@10"] == 1


@pytest.mark.parametrize(("known", "message"), [
    (range(N_ITEMS), "every item has an event in train or validation"),
    (range(60), "none of the 4 items without an event in train and validation has a relevant"),
])
def test_nothing_to_rank_is_said(known, message):
    task = unseen_task(events_of(
        *((0, item, "train", True) for item in known), (1, 0, "test", True)))
    figures = unseen_figures(Written(np.zeros((0, N_ITEMS)), task), task)
    assert message in figures["skipped"]
    assert "model" not in figures


ROWS = 300


@pytest.fixture
def rated():
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 20, ROWS), rng.integers(0, 15, ROWS)
    rating = 3 + rng.normal(size=20)[users] + rng.normal(size=15)[items]
    rating[-1] = np.nan  # a test row without the label
    like = np.where(np.isnan(rating), np.nan, rating > 3)
    return Interactions(
        [str(i) for i in range(15)], 20, users, items, np.zeros(ROWS, int), False,
        np.ones(ROWS, bool), np.repeat([0, 1, 2], ROWS // 3), [b""] * (ROWS // 3),
        labels={"rating": rating, "like": like})


def test_a_model_is_compared_on_the_rows_that_have_the_label(rated):
    truth = rated.labels["rating"][-ROWS // 3 :]
    predictions = {"stars": np.nan_to_num(truth), "liked": np.nan_to_num(truth), "rest": truth}
    result = value_figures(predictions, rated, {"stars": RATING, "liked": LIKE})
    assert result.keys() == {"stars", "liked"}
    stars, liked = result["stars"], result["liked"]
    assert (stars["metric"], stars["rows"], stars["model"]) == ("rmse", ROWS // 3 - 1, 0.0)
    assert stars["low"] < stars["difference"] < stars["high"] < 0
    assert 0 < stars["biases"] < np.nanstd(truth)
    assert (liked["metric"], liked["model"]) == ("auc", 1.0)
    assert liked["biases"] > 0.7 and liked["low"] <= liked["difference"] <= liked["high"]


def test_what_is_certainly_worse_than_the_biases_is_a_reason(rated):
    tasks, truth = {"stars": RATING, "liked": LIKE}, rated.labels["rating"][-ROWS // 3 :]
    noise = np.random.default_rng(1).normal(size=ROWS // 3)
    good = {"stars": np.nan_to_num(truth), "liked": np.nan_to_num(truth)}
    bad = {"stars": 9.0 + noise, "liked": noise}
    worse = value_figures(bad, rated, tasks)
    assert worse["stars"]["low"] > 0 > worse["liked"]["high"]
    assert len(value_reasons(worse, 0.02, 10)) == 2
    assert value_reasons(value_figures(good, rated, tasks), 0.02, 10) == []
    assert value_reasons(worse, 1e6, 10) == value_reasons(worse, 0.02, 21) == []
    assert [note["code"] for note in notes({"biases": worse})] == ["below_biases"] * 2
    assert notes({"biases": value_figures(good, rated, tasks)}) == []


def test_rows_of_one_user_are_one_draw(rated):
    """A difference that one user alone has is uncertain, however many rows that user has."""
    test = rated.values("rating", "test")
    predictions = fit_biases(rated.values("rating", "train", "validation"), 1.0, 1.0).predictions(
        test.users, test.items)
    off = np.zeros(ROWS // 3)
    off[:-1] = predictions + 2.0 * (test.users == test.users[0])
    figures = value_figures({"stars": off}, rated, {"stars": RATING})["stars"]
    assert figures["users"] == len(np.unique(test.users))
    assert figures["difference"] > 0 and figures["low"] < figures["difference"] / 4


def test_nothing_is_compared_without_predictions(rated):
    assert value_figures({}, rated, {"stars": RATING}) == {}
    rated.labels["like"][-ROWS // 3 :] = 1.0
    predictions = {"liked": np.ones(ROWS // 3)}
    assert "same value" in value_figures(predictions, rated, {"liked": LIKE})["liked"]["skipped"]


def test_a_label_that_is_rare_among_many_rows_ends(rated, monkeypatch):
    """The users that are drawn may all have one value; then no draw of them has two."""
    monkeypatch.setattr(values, "_MOST_ROWS", 10)
    rated.labels["like"][-ROWS // 3 :] = 0.0
    rated.labels["like"][-2] = 1.0
    predictions = {"liked": np.arange(ROWS // 3) / ROWS}
    assert "1 users that were drawn" in value_figures(predictions, rated, {"liked": LIKE})[
        "liked"]["skipped"]
