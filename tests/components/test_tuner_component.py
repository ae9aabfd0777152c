import json
from types import SimpleNamespace

import pytest
from artifacts import artifact, transformed
from refusals import refuses
from tfx.types import channel, standard_artifacts

from components.code_digest import code_digest
from components.trainer import component as trainer
from components.tuner import component
from components.tuner.component import Tuner, TunerSpec
from schemas import SIDES
from trainer.modalities import files_of
from trainer.recipe import parse_recipe
from trainer.tuning import RecipeTuner

CONFIG = {"spec": {}, "recipe": {"tune": {}}, "seed": 3}


@pytest.fixture
def tuner():
    return Tuner(CONFIG, **{name: channel.Channel(type=parameter.type)
                            for name, parameter in TunerSpec.INPUTS.items()})


@pytest.fixture
def do(tuner, tmp_path, monkeypatch):
    """Runs the executor with a score in the place of training; returns where its outputs are."""
    inputs = transformed(tmp_path)
    kinds = {"best_hyperparameters": standard_artifacts.HyperParameters,
             "tuner_results": standard_artifacts.TunerResults}
    outputs = {name: [artifact(kind, tmp_path / name / "7")] for name, kind in kinds.items()}

    def do(score, ranges):
        recipe = parse_recipe(description="some", tasks={"retrieval": {"head": "retrieval"}},
                        tune={"ranges": ranges, "trials": 4})
        seen = []

        def recipe_tuner(given, results):
            seen.append((given, results))
            return RecipeTuner(recipe, 1, score, tmp_path / "searches", "one")

        monkeypatch.setattr(trainer, "read_given", lambda *given: given)
        monkeypatch.setattr(component, "recipe_tuner", recipe_tuner)
        component.Executor().Do(inputs, outputs, dict(tuner.exec_properties))
        return SimpleNamespace(seen=seen[0], best=tmp_path / "best_hyperparameters" / "7",
                               results=tmp_path / "tuner_results" / "7")

    return do


DIMS = {"model.dim": {"choices": [8, 16, 32]}}


def test_best_values_and_results_are_written(do, tmp_path):
    done = do(lambda trial, recipe, state: [recipe.model.dim / 100], DIMS)
    results = json.loads((done.results / "tuner_results.json").read_text())
    assert [(one["model.dim"], one["score"]) for one in results] == [
        (32, 0.32), (16, 0.16), (8, 0.08)]
    best = json.loads((done.best / "best_hyperparameters.txt").read_text())
    assert best["values"] == {"model.dim": 32}
    assert not list((tmp_path / "searches").iterdir())


def test_the_search_gets_the_trainers_arguments(do, tuner, tmp_path):
    given, results = do(lambda trial, recipe, state: [0.5], DIMS).seen
    config, files, transforms, encodings, code = given
    assert set(files) == set(transforms) == set(SIDES) and encodings is None
    assert config == CONFIG
    assert code == tuner.exec_properties["code_digest"] == code_digest(
        "components.tuner.component", *files_of("tower"))
    assert results == tmp_path / "tuner_results" / "7"


def test_a_search_without_a_result_is_told(do, monkeypatch):
    def no_recipe(recipe, values):
        parse_recipe(description="none", tasks={})

    monkeypatch.setattr("trainer.tuning.with_values", no_recipe)
    with refuses("no-trial-succeeded"):
        do(lambda trial, recipe, state: [0.5], DIMS)
