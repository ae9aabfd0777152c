import numpy as np
import pytest
from tiny_fit import SPEC, tiny_data, with_recipe

from components.task_evaluator.component import judge
from trainer.evaluation.scoring import catalogue, ranking_scores, user_outputs
from trainer.evaluation.written_scores import TaskScores
from trainer.recipe import Recipe, parse_recipe
from trainer.tasks import TASK_KINDS
from trainer.tasks.kind import Limit
from trainer.training.callbacks import by_name
from trainer.training.fit import fit_twice


def _recipe(**training) -> Recipe:
    return parse_recipe(
        description="tiny", modalities=(), model={"dim": 4}, rank_by="grade", relevant="like",
        training={"batch_size": 32, "learning_rate": 0.05, "max_epochs": 12, **training},
        tasks={"grade": {"head": "ordinal", "label": "rating"}})


@pytest.mark.parametrize("name", TASK_KINDS)
def test_a_kind_is_registered_by_its_name(name):
    assert TASK_KINDS[name].name == name


def test_classes_are_measured_by_their_probabilities():
    predictions = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    assert TASK_KINDS["multi_class"].measured(np.array([0.0, 2.0]), predictions) == pytest.approx(
        {"accuracy": 0.5, "cross_entropy": -(np.log(0.5) + np.log(0.25)) / 2})
    nothing = TASK_KINDS["multi_class"].measured(np.zeros(0), predictions[:0])
    assert np.isnan([*nothing.values()]).all()


def test_a_kind_of_our_own_is_in_every_list_of_kinds(extension):
    assert _recipe().scored == ["grade"]
    with pytest.raises(ValueError, match="a task with head 'ordinal' needs a label"):
        parse_recipe(description="d", modalities=(), tasks={"grade": {"head": "ordinal"}})
    with pytest.raises(ValueError, match="known are: .*, multi_label, ordinal"):
        parse_recipe(description="d", modalities=(), tasks={"grade": {"head": "nominal"}})
    with pytest.raises(ValueError, match="only a task with the head retrieval, regression, "
                                         "binary, click, ordinal ranks"):
        parse_recipe(description="d", modalities=(), tasks=_recipe().tasks, rank_by="it")


def test_a_kind_of_our_own_trains_and_is_judged(extension, tmp_path):
    data = with_recipe(tiny_data(), _recipe())
    result = fit_twice(data, 1, tmp_path / "logs", tmp_path / "checkpoints")
    losses = by_name(result.curves["first"])["grade_loss"]
    assert losses[-1] < losses[0]
    rows = data.reader.rows(["train", "validation"])
    label, task = rows["label__rating"], data.recipe.tasks["grade"]
    items = catalogue(result.network)
    head = result.network.heads["grade"]
    assert head.offset == pytest.approx(np.nanmean(label))
    raw = head(user_outputs(result.network, rows)["grade"],
               items.vectors[rows["item_index"]])
    predicted = np.asarray(task.kind.prediction(SPEC, task.targets, raw))
    assert predicted.min() >= 1 and predicted.max() <= 5
    scores = ranking_scores(result.network, rows, items)
    np.testing.assert_allclose(
        scores[range(len(scores)), rows["item_index"]], raw, rtol=1e-4, atol=1e-4)
    known = ~np.isnan(label)
    written = {"grade": TaskScores(task.head.name, label[known], predicted[known])}
    outcome = judge(written, {"grade": {"mae": Limit(high=4.0)}})
    assert outcome.passed
    assert not judge(written, {"grade": {"mae": Limit(high=0.1)}}).passed
    assert 0 < outcome.figures["tasks"]["grade"]["rmse"] < np.std(label[known])
