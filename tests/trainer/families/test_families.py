"""What a family learns is kept as weights, from which the export restores the very same model.

A network is trained and exported in test_run.py.
"""


import numpy as np
import pytest
from tiny_fit import tiny_data, with_recipe

from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.families import FAMILIES, network, similarity
from trainer.families.job import Job
from trainer.recipe import parse_recipe

_FIND = {"find": {"head": "retrieval", "label": "like"}}
_RATE = {"rate": {"head": "regression", "label": "rating"}}
_BRIEF = {"batch_size": 32, "max_epochs": 2}
_RECIPES = {
    "factorization": {"training": _BRIEF, "dim": 3, "tasks": _RATE, "rank_by": "rate",
                      "relevant": "like"},
    "similarity": {"dim": 3, "vectors": "collaborative", "modalities": [], "tasks": _FIND},
}


@pytest.fixture(params=_RECIPES)
def trained(request, tmp_path, monkeypatch):
    """Trains a family; returns its data, the network that it had, and what it kept and noted."""
    recipe = parse_recipe(description="tiny", family=request.param, **_RECIPES[request.param])
    data = with_recipe(tiny_data(), recipe)
    made = []

    def watched(real):
        def watch(*given):
            made.append(real(*given))
            return made[-1]

        return watch

    with monkeypatch.context() as patched:
        patched.setattr(network, "fit_twice", watched(network.fit_twice))
        patched.setattr(similarity, "build_similarity", watched(similarity.build_similarity))
        FAMILIES[recipe.family].train(Job(data, 1, "key", tmp_path / "run" / "1",
                                          tmp_path / "weights"))
    (one,) = made
    return data, getattr(one, "network", one), tmp_path


def scores(network, data) -> np.ndarray:
    """The score of every row and item; row 0 of the items is the unknown one."""
    return ranking_scores(network, data.reader.rows(data.files["test"]), catalogue(network))


def test_the_model_is_restored_to_the_last_digit_and_nothing_is_trained(trained, monkeypatch):
    data, fitted, folder = trained
    before = scores(fitted, data)

    def refuse(*given):
        raise AssertionError("The export trains.")

    monkeypatch.setattr(network, "fit_twice", refuse)
    monkeypatch.setattr(similarity, "compute_factors", refuse)
    restored = FAMILIES[data.recipe.family].restore(data, 1, folder / "weights")
    assert np.ptp(before) > 0
    np.testing.assert_array_equal(scores(restored, data), before)
    assert (restored.user_modalities, restored.item_modalities) == (
        fitted.user_modalities, fitted.item_modalities)
    # A summary is left, and no state of a fit.
    assert (folder / "run" / "1" / "summary.json").is_file()
    assert not list((folder / "run").glob("checkpoints/*"))
    assert {path.suffix for path in (folder / "weights").iterdir()} <= {".weights", ".npz"}
