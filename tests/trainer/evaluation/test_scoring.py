import numpy as np
import pytest

from trainer.evaluation import scoring
from trainer.evaluation.scoring import catalogue, ranking_scores, user_outputs


def _one(network, batch, row, item):
    pair = {n: v[row : row + 1] for n, v in batch.items()}
    return network.training({**pair, "item_index": np.array([item], np.int32)})


@pytest.mark.parametrize("batch_size", [4, 1024])
def test_scores_are_those_of_each_pair(network, rows, monkeypatch, batch_size):
    monkeypatch.setattr(scoring, "_BATCH", batch_size)
    batch = rows(6)
    scores = ranking_scores(network, batch, catalogue(network))
    assert scores.shape == (6, network.item_rows) and scores.dtype == np.float32
    for row, item in ((0, 0), (1, 8), (3, 4), (5, 1)):
        pair = _one(network, batch, row, item)
        brute = (np.asarray(pair["query"]) * np.asarray(pair["candidate"])).sum()
        assert scores[row, item] == pytest.approx(brute, rel=1e-4, abs=1e-5)


def test_users_have_a_vector_for_each_task_and_the_item_plays_no_part(network, rows):
    batch = rows(5)
    result = user_outputs(network, batch)
    assert {n: v.shape for n, v in result.items()} == {
        "retrieval": (5, 8), "rating": (5, 8), "like": (5, 8),
        "weights": (5, len(network.user_modalities))}
    other = user_outputs(network, {**batch, "item_index": batch["item_index"] * 0})
    for name, value in result.items():
        np.testing.assert_array_equal(value, other[name])
