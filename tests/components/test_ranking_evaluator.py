import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses
from tfx.types import Channel, standard_artifacts
from worlds import column, small_spec
from worlds.examples import example, write_examples

from components.ranking_evaluator.component import RankingEvaluator, evaluate
from components.ranking_evaluator.interactions import SPLITS, read_interactions
from components.ranking_evaluator.limits import Limits
from schemas import read_spec
from trainer.evaluation.ranking import ranking_metrics

ITEMS, USERS = 30, 12
LIMITS = Limits(above_popularity=0.0, below_baseline=-1.0, shortfall=1e9, decrease=0.02,
                ranked_users=1, value_loss=0.02)


@pytest.fixture(scope="module")
def events():
    """(user, item, second, rating) by split; an item comes once a user, so that pairs are new."""
    rng = np.random.default_rng(0)
    result = {split: [] for split in SPLITS}
    for user in range(1, USERS + 1):
        items = rng.permutation(ITEMS)[:20] + 1
        for position, item in enumerate(items.tolist()):
            split = SPLITS[(position >= 12) + (position >= 15)]
            # The test rows of odd users begin in the second of their last known event.
            second = 1000 * user + position - (1 if user % 2 and position == 15 else 0)
            result[split].append((user, item, second, float(rng.integers(1, 6))))
    return result


def _rows(events):
    names = ("user_id", "item_id", "timestamp", "rating")
    return [dict(zip(names, event, strict=True)) for event in events]


@pytest.fixture
def tables(tmp_path, events):
    """The folders of the interactions' splits and of the items."""
    return _written(tmp_path, {split: _rows(events[split]) for split in SPLITS},
                    [{"item_id": i} for i in range(ITEMS, 0, -1)])


def _written(folder, rows, items):
    return ({split: write_examples(folder / "interactions" / f"Split-{split}", rows[split])
             for split in SPLITS}, write_examples(folder / "items" / "Split-all", items))


@pytest.fixture
def interactions(tables):
    return read_interactions(*tables, read_spec("movielens"), "like")


class _Model(tf.Module):
    """Looks its scores up: one row a user, columns in an order of its own."""

    def __init__(self, table, order, seconds=None):
        super().__init__()
        self.table = tf.constant(table[:, order], tf.float32)
        self.ids = tf.constant([str(place + 1) for place in order])
        self.seconds = seconds

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "index")])
    def catalogue(self, index):
        size = tf.fill(tf.shape(index), tf.size(self.ids, tf.int64))
        inside = (index >= 0) & (index < tf.size(self.ids))
        result = tf.gather(self.ids, tf.where(inside, index, 0))
        return {"item_ids": tf.where(inside, result, ""), "size": size}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def rank_examples(self, examples):
        wanted = {n: tf.io.FixedLenFeature([], tf.int64) for n in ("user_id", "timestamp")}
        row = tf.io.parse_example(examples, wanted)
        if self.seconds is not None:
            first = tf.gather(tf.constant(self.seconds, tf.int64), row["user_id"])
            tf.debugging.assert_equal(row["timestamp"], first, "Not the first test row.")
        return {"scores": tf.gather(self.table, row["user_id"])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def rank_examples_untimed(self, examples):
        wanted = {"user_id": tf.io.FixedLenFeature([], tf.int64)}
        return {"scores": tf.gather(self.table, tf.io.parse_example(examples, wanted)["user_id"])}

    def save(self, folder, signatures=("catalogue", "rank_examples")):
        tf.saved_model.save(self, str(folder), {
            name.removesuffix("_untimed"): getattr(self, name) for name in signatures})
        return str(folder)


def _oracle(events):
    """Scores that put every user's relevant test items on top."""
    table = np.zeros((USERS + 1, ITEMS))
    for user, item, _, rating in events["test"]:
        table[user, item - 1] = rating
    return table


def test_reading_gives_arrays_by_role(interactions, events):
    assert interactions.catalogue == [str(i) for i in range(1, ITEMS + 1)]
    rows = [event for split in SPLITS for event in events[split]]
    assert (interactions.users + 1).tolist() == [row[0] for row in rows]
    assert (interactions.items + 1).tolist() == [row[1] for row in rows]
    assert interactions.times.tolist() == [row[2] for row in rows]
    assert interactions.relevant.tolist() == [row[3] >= 4 for row in rows]
    assert interactions.test_examples == [example(row) for row in _rows(events["test"])]


def test_events_of_unlisted_items_and_without_the_label_do_not_count(tmp_path):
    rows = {
        "train": [{"user_id": 7, "item_id": 10, "timestamp": 1, "rating": 5.0}],
        "validation": [],
        "test": [{"user_id": 7, "item_id": 99, "timestamp": 2, "rating": 5.0},
                 {"user_id": 7, "item_id": 9, "timestamp": 3}],
    }
    tables = _written(tmp_path, rows, [{"item_id": 10}, {"item_id": 9}])
    result = read_interactions(*tables, read_spec("movielens"), "like")
    assert result.catalogue == ["9", "10"]  # integers sort as integers
    assert result.items.tolist() == [1, 0]
    assert result.relevant.tolist() == [True, False]
    assert result.test_examples == [example(rows["test"][1])]


@pytest.fixture
def untimed(tmp_path, events):
    """A spec and tables of events without times, every third of the kind that counts."""
    spec = small_spec(events=column("kind", "BYTES", "event_type", "label:got=get"),
                      user="INT user_id", item="INT item_id", one=True)
    rows = {split: [{"user_id": user, "item_id": item, "kind": b"look" if item % 3 else b"get"}
                    for user, item, *_ in events[split]] for split in SPLITS}
    items = [{"item_id": i} for i in range(1, ITEMS + 1)]
    return spec, *_written(tmp_path / "untimed", rows, items)


def test_a_label_on_text_or_none_at_all_says_what_is_relevant(untimed, events):
    spec, *tables = untimed
    items = np.array([row[1] for split in SPLITS for row in events[split]])
    assert read_interactions(*tables, spec, "got").relevant.tolist() == (items % 3 == 0).tolist()
    assert read_interactions(*tables, spec, None).relevant.all()


def test_events_without_times_are_ranked_and_no_figure_speaks_of_time(untimed, events, tmp_path):
    spec, *tables = untimed
    result = read_interactions(*tables, spec, None)
    assert not result.timed
    model = _Model(_oracle(events), np.arange(ITEMS)).save(
        tmp_path / "untimed_model", ("catalogue", "rank_examples_untimed"))
    outcome = evaluate(model, result, LIMITS)
    assert outcome.figures["ranking"]["users"] == USERS
    assert outcome.passed and not {"ndcg_by_gap", "ranking_untied"} & set(outcome.figures)


def test_a_perfect_model_passes_whatever_its_order(tmp_path, interactions, events):
    order = np.random.default_rng(1).permutation(ITEMS)
    first = [0] + [min(e[2] for e in events["test"] if e[0] == u) for u in range(1, USERS + 1)]
    path = _Model(_oracle(events), order, first).save(tmp_path / "model")
    outcome = evaluate(path, interactions, LIMITS)
    assert outcome.reasons == []
    assert outcome.passed
    assert outcome.figures["ranking"]["ndcg@10"] == pytest.approx(1)
    assert outcome.figures["paired"]["popularity"]["low"] > 0
    json.dumps(outcome.figures)  # plain values


def test_the_figures_are_those_of_the_scores(tmp_path, interactions):
    table = np.random.default_rng(8).random((USERS + 1, ITEMS))
    path = _Model(table, np.arange(ITEMS)[::-1]).save(tmp_path / "model")
    figures = evaluate(path, interactions, LIMITS).figures
    task = interactions.task("test")
    scores = table[task.users + 1]
    result = ranking_metrics(scores, task)
    assert {n: figures["ranking"][n] for n in result.metrics} == pytest.approx(result.metrics)
    low, high = figures["intervals"]["ndcg@10"]
    assert low < result.metrics["ndcg@10"] < high
    assert figures["ranking"]["novelty@10"] > 0 and 0 < figures["ranking"]["gini@10"] < 1
    even = (task.users + 1) % 2 == 0
    assert 0 < even.sum() < len(even)
    untied = ranking_metrics(scores[even], task.take(even))
    assert figures["ranking_untied"] == pytest.approx(untied.metrics)
    tied = figures["ndcg_by_gap"]["same second"]
    assert tied["model"] == pytest.approx(result.ndcg[~even].mean())
    assert tied["users"] == (~even).sum()
    assert figures["ndcg_by_gap"]["10 minutes"]["model"] == pytest.approx(untied.ndcg.mean())
    best = max(figures["paired"], key=lambda name: figures["baselines"][name]["ndcg@10"])
    versus = figures["versus_best_baseline"]
    assert versus["name"] == best and versus["low"] < versus["difference"] < versus["high"]
    assert {"decayed-ease", "item-knn", "ease-events"} < set(figures["baselines"])
    for name in ("popularity", "ease", "ials"):
        baseline = figures["baselines"][name]["ndcg@10"]
        paired = figures["paired"][name]["mean"]
        assert paired == pytest.approx(result.metrics["ndcg@10"] - baseline)


def test_the_last_blessed_model_is_compared_on_the_same_users(tmp_path, interactions, events):
    order = np.arange(ITEMS)
    good = _Model(_oracle(events), order).save(tmp_path / "good")
    # It knows fewer items, in another order: a later catalogue has more.
    old = _Model(_oracle(events) * 0 + np.random.default_rng(4).random(ITEMS),
                 order[::-1][: ITEMS - 4]).save(tmp_path / "old")
    better = evaluate(good, interactions, LIMITS, last_path=old)
    versus = better.figures["versus_last_blessed"]
    assert better.passed and versus["difference"] == pytest.approx(1 - versus["ndcg@10"])
    assert versus["low"] > 0 and "the last blessed model" in better.figures["comparisons"][1]
    again = evaluate(good, interactions, LIMITS, last_path=good)
    assert again.passed and again.figures["versus_last_blessed"]["difference"] == 0
    late = _Model(_oracle(events) - 2 * (np.arange(ITEMS) % 2), order).save(tmp_path / "late")
    worse = evaluate(late, interactions, LIMITS, last_path=good)
    (reason,) = worse.reasons
    assert "the last blessed model has 1.0000" in reason and "may be 0.0200 lower" in reason
    absent = evaluate(good, interactions, LIMITS, last_path=str(tmp_path / "absent"))
    assert absent.passed and "absent" in absent.figures["versus_last_blessed"]["skipped"]


def test_a_ranking_of_few_users_or_without_a_hit_is_no_proof(tmp_path, interactions, events):
    good = _Model(_oracle(events), np.arange(ITEMS)).save(tmp_path / "good")
    for fewest, passed in ((USERS, True), (USERS + 1, False)):
        assert evaluate(good, interactions, replace(LIMITS, ranked_users=fewest)).passed is passed
    nobody = _Model(-_oracle(events), np.arange(ITEMS)).save(tmp_path / "nobody")
    lenient = replace(LIMITS, above_popularity=-1.0)
    outcome = evaluate(nobody, interactions, lenient)
    assert outcome.figures["ranking"]["ndcg@10"] == 0 and len(outcome.reasons) == 1


@pytest.mark.parametrize(("broken", "reason"), [
    ("signature", "no signature 'rank_examples'. It has: catalogue"),
    ("operation", "Not the first test row"), ("numbers", "not finite"),
    ("items", "has 28 items, the items table has 30; 2 of the table's"), ("absent", "absent"),
])
def test_a_model_that_cannot_be_ranked_fails_with_the_reason(
        tmp_path, interactions, events, broken, reason):
    model = _Model(_oracle(events) * (np.nan if broken == "numbers" else 1),
                   np.arange(ITEMS - 2 * (broken == "items")),
                   [0] * (USERS + 1) if broken == "operation" else None)
    if broken != "absent":
        model.save(tmp_path / broken, ["catalogue"] + ["rank_examples"] * (broken != "signature"))
    outcome = evaluate(str(tmp_path / broken), interactions, LIMITS)
    assert not outcome.passed and "popularity" in outcome.figures["baselines"]
    (message,) = outcome.reasons
    assert reason in message


def test_data_without_a_relevant_row_fail_with_the_reason(tmp_path, interactions):
    nobody = replace(interactions, relevant=np.zeros_like(interactions.relevant))
    empty = read_interactions(dict.fromkeys(SPLITS, str(tmp_path)), str(tmp_path),
                              read_spec("movielens"), "like")
    for result, rows in ((nobody, 60), (empty, 0)):
        outcome = evaluate("unused", result, LIMITS)
        assert not outcome.passed
        assert f"No user can be ranked: none of the {rows} test rows" in outcome.reasons[0]


@pytest.mark.parametrize(("label", "code", "words"), [
    ("rating", "relevance-not-binary", ("'rating'", "'movielens'")),
    ("click", "unknown-label", ("'click'", "rating, like"))])
def test_a_label_that_is_not_binary_or_not_there_is_refused(label, code, words):
    model = Channel(type=standard_artifacts.Model)
    items, rows = (Channel(type=standard_artifacts.Examples) for _ in range(2))
    with refuses(code, *words):
        RankingEvaluator(model, items, rows, spec=read_spec("movielens"), relevant_label=label,
                         limits=LIMITS)
