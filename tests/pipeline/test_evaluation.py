import pytest
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2 as tfma
from worlds import column, small_spec

from pipeline.checks import Checks
from pipeline.evaluation import eval_config
from pipeline.recipe_files import load_recipe
from schemas import read_spec
from trainer.export.keys import slice_keys
from trainer.recipe import BoundRecipe, bind, parse_recipe

LIMITS = Checks(min_auc_above_chance=0.1, max_error_increase=0.1, max_auc_decrease=0.05)


@pytest.fixture(scope="module")
def bound():
    return bind(load_recipe("flagship"), read_spec("demo"))


@pytest.fixture(scope="module")
def built(bound):
    return eval_config(bound, LIMITS)


def metric(built, task, name):
    (spec,) = [s for s in built.metrics_specs if list(s.output_names) == [task]]
    (result,) = [m for m in spec.metrics if m.class_name == name]
    return result


def test_each_task_but_retrieval_has_its_metrics(built):
    measured = {s.output_names[0]: {m.class_name for m in s.metrics} for s in built.metrics_specs}
    assert measured == {
        "rating": {"RootMeanSquaredError", "MeanAbsoluteError"},
        "like": {"AUC", "BinaryAccuracy", "Precision", "Recall", "F1Score", "ConfusionMatrixPlot"}}
    demanded = {m.class_name for s in built.metrics_specs for m in s.metrics
                if m.per_slice_thresholds or m.HasField("threshold")}
    assert demanded == {"RootMeanSquaredError", "AUC"}
    (model,) = built.model_specs
    assert model.signature_name == "predict_examples"
    assert dict(model.label_keys) == {"rating": "label__rating", "like": "label__like"}
    assert dict(model.example_weight_keys) == {"rating": "weight__rating", "like": "weight__like"}


def test_a_column_has_a_slice_of_its_own_whatever_it_is_called():
    spec = small_spec(items="".join(column(name, "BYTES", "categorical")
                                    for name in ("popularity", "activity", "_popularity")))
    keys = slice_keys(spec, ("categorical",))
    assert len(set(keys)) == len(keys) == 5


def test_slices_are_overall_by_activity_popularity_and_category_if_it_is_read(built, bound):
    recipe = bound.recipe.model_copy(update={"modalities": ("text",)})
    other = eval_config(BoundRecipe(recipe, bound.spec), LIMITS)
    expected = [[], ["users__activity"], ["items__popularity"]]
    for made, more in ((built, [["item_categories"]]), (other, [])):
        assert [list(s.feature_keys) for s in made.slicing_specs] == expected + more


@pytest.mark.parametrize(("task", "name", "threshold"), [
    ("rating", "RootMeanSquaredError",
     {"changeThreshold": {"relative": 0.1, "direction": "LOWER_IS_BETTER"}}),
    ("like", "AUC", {"valueThreshold": {"lowerBound": 0.6},
                     "changeThreshold": {"absolute": -0.05, "direction": "HIGHER_IS_BETTER"}}),
])
def test_thresholds_hold_overall_only(built, task, name, threshold):
    result = metric(built, task, name)
    assert not result.HasField("threshold"), "it would hold for every slice"
    (only,) = result.per_slice_thresholds
    assert list(only.slicing_specs) == [tfma.SlicingSpec()]
    assert json_format.MessageToDict(only.threshold) == threshold


def test_by_default_no_rating_is_held_against_a_number_on_its_own_scale(bound):
    built = eval_config(bound, Checks())
    (only,) = metric(built, "rating", "RootMeanSquaredError").per_slice_thresholds
    assert not only.threshold.HasField("value_threshold")
    assert only.threshold.HasField("change_threshold")
    (only,) = metric(built, "like", "AUC").per_slice_thresholds
    assert only.threshold.value_threshold.lower_bound.value == pytest.approx(0.55)


def test_a_kind_of_our_own_says_what_is_measured_and_demanded(bound, extension):
    recipe = parse_recipe(description="d", modalities=(), rank_by="grade", relevant="like",
                    tasks={"grade": {"head": "ordinal", "label": "rating"}})
    built = eval_config(BoundRecipe(recipe, bound.spec), LIMITS)
    limits = {name: metric(built, "grade", name).per_slice_thresholds[0].threshold
              for name in ("RootMeanSquaredError", "MeanAbsoluteError")}
    assert limits["RootMeanSquaredError"].change_threshold.relative.value == 0.1
    assert limits["MeanAbsoluteError"].value_threshold.upper_bound.value == 4
