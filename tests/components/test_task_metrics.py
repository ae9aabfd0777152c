import numpy as np

from components.task_metrics import label_reasons, one_value, relative_reasons, unmeasurable
from trainer.tasks.kind import Limit
from trainer.tasks.probability import AREA, area_under_curve

LIMITS = {"kinds": {"auc": Limit(low=0.55)}}


def fact(training=None, test=None, demanded=True, rows=9, **trivial):
    label = {"training_rows": 30, "training_value": training, "test_rows": rows,
             "test_value": test}
    return {"demanded": demanded, "labels": {"it": label}, "trivial": trivial,
            "trivial_is": "guessing", "metrics": {"auc": AREA.facts}}


def test_an_error_that_is_no_number_or_was_not_measured_is_refused():
    facts = {"rating": fact(rmse=1.0)}
    assert relative_reasons({"rating": {"rmse": float("nan")}}, facts, 0.999)
    assert relative_reasons({}, facts, 0.999) == ["rating, metric rmse was not measured"]


def test_classes_are_held_against_their_shares():
    facts = {"kind": fact(cross_entropy=0.4)}
    (reason,) = relative_reasons({"kind": {"cross_entropy": 0.5}}, facts, 1.0)
    assert "0.5 is more than 1 times the 0.4 of guessing" in reason
    assert not relative_reasons({"kind": {"cross_entropy": 0.39}}, facts, 1.0)


def test_an_error_below_nothing_is_held_against_one_below_nothing():
    """The deviance of counts has a part that no model changes, and may be negative."""
    facts = {"many": fact(deviance=-2.0)}
    assert not relative_reasons({"many": {"deviance": -1.9}}, facts, 1.1)
    assert relative_reasons({"many": {"deviance": -1.7}}, facts, 1.1)
    assert not relative_reasons({"many": {"deviance": -2.1}}, facts, 0.999)


def test_nothing_is_asked_of_one_value_or_of_an_attribute_of_the_users():
    assert not relative_reasons({"rating": {"rmse": 0.1}}, {"rating": fact(4.0, 4.0, rmse=0.0)}, 1)
    assert not relative_reasons({"age": {"rmse": 99.0}}, {"age": fact(demanded=False, rmse=1.0)}, 1)


def test_a_task_without_a_test_row_is_refused():
    assert relative_reasons({}, {"like": fact(rows=0)}, 1) == [
        "like: no test row has the label 'it'"]


def test_a_curve_needs_rows_of_two_values_in_test():
    assert unmeasurable({"a": fact(1.0, 1.0), "b": fact(1.0, None), "c": fact(rows=0)}) == {
        ("a", "auc"), ("c", "auc")}
    several = {"labels": {"x": fact(test=1.0)["labels"]["it"], "y": fact(test=0.0)["labels"]["it"]}}
    assert one_value(several) is None  # pairs of a row and a label are told apart


def test_a_constant_model_of_a_frequent_and_a_rare_label_is_refused():
    truth = np.arange(200)[:, None] % 10 < np.asarray([9, 1])  # 90 % and 10 % of the rows
    labels = {name: fact()["labels"]["it"] for name in ("usual", "rare")}
    facts = {"kinds": {"demanded": True, "labels": labels, "trivial": {}}}

    def reasons(predicted):
        areas = {f"auc_{k}": area_under_curve(truth[:, k], predicted[:, k]) for k in range(2)}
        pairs = area_under_curve(truth.ravel(), predicted.ravel())
        assert pairs > 0.8, "which tells the labels apart"
        return label_reasons({"kinds": {"auc": pairs} | areas}, facts, LIMITS)

    constant = np.tile([0.9, 0.1], (200, 1))
    assert reasons(constant) == ["kinds, the mean auc of its labels 0.5 is below 0.55"]
    assert not reasons(constant + 0.05 * truth)


def test_a_label_of_one_value_does_not_count_among_several():
    labels = {"all": fact(test=1.0)["labels"]["it"], "some": fact()["labels"]["it"]}
    facts = {"kinds": {"demanded": True, "labels": labels, "trivial": {}}}
    assert not label_reasons({"kinds": {"auc_0": 0.0, "auc_1": 0.7}}, facts, LIMITS)
    assert label_reasons({"kinds": {"auc_0": 0.0}}, facts, LIMITS)
    none = {"kinds": facts["kinds"] | {"labels": {"all": labels["all"], "too": labels["all"]}}}
    assert not label_reasons({"kinds": {"auc_0": 0.0, "auc_1": 0.0}}, none, LIMITS)
