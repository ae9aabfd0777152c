from types import SimpleNamespace

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as proto
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, Model, ModelBlessing

from components.artifacts import SPAN, Weights
from components.earlier_weights import EarlierWeights


@pytest.fixture
def history():
    """A store in memory; `train` adds a training on some rows, its export and its blessing."""
    config = proto.ConnectionConfig()
    config.fake_database.SetInParent()
    store = mlmd.MetadataStore(config)
    step = store.put_execution_type(proto.ExecutionType(name="step"))
    kept = {"weights": [], "blessing": []}

    def made(kind, span="", **custom):
        one = kind()
        if span:
            one.set_string_custom_property(SPAN, span)
        for name, value in custom.items():
            one.set_int_custom_property(name, value)
        one.type_id = store.put_artifact_type(one.artifact_type)
        (one.id,) = store.put_artifacts([one.mlmd_artifact])
        return artifact_utils.deserialize_artifact(
            one.artifact_type, store.get_artifacts_by_id([one.id])[0])

    def ran(read, wrote):
        (execution,) = store.put_executions([proto.Execution(type_id=step)])
        store.put_events([
            proto.Event(execution_id=execution, artifact_id=one.id, type=kind)
            for one, kind in ((read, proto.Event.INPUT), (wrote, proto.Event.OUTPUT))])

    def transformed(span):
        rows = made(Examples)
        ran(made(Examples, span), rows)
        return rows

    def train(rows, blessed=1):
        weights, model = made(Weights), made(Model)
        ran(rows, weights)
        ran(weights, model)
        kept["weights"].append(weights)
        kept["blessing"].append(
            made(ModelBlessing, blessed=blessed, current_model_id=model.id))
        return weights.id

    def resolved(rows):
        artifacts = EarlierWeights().resolve_artifacts(store, {**kept, "candidate": [rows]})
        return [one.id for one in artifacts["weights"]]

    return SimpleNamespace(rows=lambda: made(Examples), transformed=transformed, train=train,
                           resolved=resolved, weights=kept["weights"])


def test_weights_that_were_pruned_are_none(history, tmp_path):
    first, second, third = history.rows(), history.rows(), history.rows()
    one = history.train(first)
    history.train(second)
    history.weights[1].uri = str(tmp_path / "pruned")
    assert history.resolved(third) == [one]


def test_the_newest_blessed_weights_of_other_rows(history):
    first, second, third = history.rows(), history.rows(), history.rows()
    assert history.resolved(first) == []
    one = history.train(first)
    assert history.resolved(first) == [], "a rerun does not begin with what it trained itself"
    assert history.resolved(second) == [one]
    history.train(second, blessed=0)
    assert history.resolved(third) == [one], "a refused model is none"
    two = history.train(second)
    assert history.resolved(third) == [two]
    assert history.resolved(second) == [one]


def test_weights_that_know_later_days_are_none_of_an_older_day(history):
    monday, tuesday, corrected = (history.transformed(f"2026-11-{day}") for day in (23, 24, 23))
    assert history.resolved(monday) == []
    later = history.train(tuesday)
    assert history.resolved(monday) == []
    assert history.resolved(history.rows()) == [later], "rows without a span have no past"
    older = history.train(monday)
    assert history.resolved(tuesday) == [older]
    assert history.resolved(corrected) == [older], "the same day's data, corrected"
