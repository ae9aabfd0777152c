"""Two fits: what each learns from, when they stop, and how they go on after a kill."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny_fit import ITEMS, USERS, tiny_data

from schemas import InputError
from trainer import fit
from trainer.fit import fit_twice, suitable_batch_size
from trainer.ranking import ranking_metrics, ranking_task
from trainer.scoring import catalogue, retrieval_scores

_ROOT = Path(__file__).parents[2]


class Killed(Exception):
    """Stands for a killed process."""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """One undisturbed run, with all that it read by the way."""
    folder = tmp_path_factory.mktemp("fit")
    read = []

    @dataclasses.dataclass(frozen=True)
    class Spy(type(tiny_data().reader)):
        def batches(self, files, batch_size, shuffle_seed):
            read.append(tuple(files))
            return super().batches(files, batch_size, shuffle_seed)

        def raw(self, files, batch_size, shuffle_seed=None):
            assert "test" not in files, "a fit reads test rows"
            return super().raw(files, batch_size, shuffle_seed)

    data = tiny_data()
    fields = {f.name: getattr(data.reader, f.name) for f in dataclasses.fields(data.reader)}
    data = dataclasses.replace(data, reader=Spy(**fields))
    result = fit_twice(data, 1, folder / "logs", folder / "checkpoints")
    return result, folder, read


def test_the_second_fit_learns_from_train_and_validation_for_the_epochs_found(fitted):
    result, _, read = fitted
    assert read == [("train",), ("train", "validation")]
    assert result.epochs == int(np.argmax(result.validation)) + 1
    assert 1 <= len(result.validation) <= 4
    assert all(0 <= score <= 1 for score in result.validation)


def test_the_result_is_in_float32_and_finite(fitted):
    for weight in fitted[0].network.training.weights:
        assert np.isfinite(np.asarray(weight, np.float32)).all(), weight.path


def test_the_heads_start_at_the_mean_of_what_the_fit_may_know(fitted):
    rows = tiny_data().reader.splits
    both = np.concatenate([rows[s]["label__rating"] for s in ("train", "validation")])
    assert fitted[0].network.heads["rating"].offset == pytest.approx(np.nanmean(both))


def test_checkpoints_are_gone_and_logs_are_there(fitted):
    _, folder, _ = fitted
    assert not (folder / "checkpoints").exists()
    tags = {}
    for part in ("first", "second"):
        files = sorted((folder / "logs" / part).rglob("events.out.tfevents.*"))
        tags[part] = {value.tag for file in files
                      for event in tf.compat.v1.train.summary_iterator(str(file))
                      for value in event.summary.value}
    assert {"epoch_loss", "epoch_retrieval_loss", "epoch_rating_loss"} <= tags["second"]
    assert tags["first"] - tags["second"] == {"epoch_validation_ndcg@10"}


def test_a_seed_gives_one_curve_and_a_killed_fit_goes_on(fitted, tmp_path, monkeypatch):
    """Epochs before the kill are those of the undisturbed run, and they are not run again."""
    result, _, _ = fitted
    data = tiny_data()
    epochs = []

    class Kill(fit._EpochRanking):
        def on_epoch_begin(self, epoch, logs=None):
            epochs.append(epoch)
            if len(epochs) == 2:
                raise Killed

    monkeypatch.setattr(fit, "_EpochRanking", Kill)
    paths = tmp_path / "logs", tmp_path / "checkpoints"
    with pytest.raises(Killed):
        fit_twice(data, 1, *paths)
    again = fit_twice(data, 1, *paths)
    assert epochs == [0, 1, *range(1, len(again.validation))]
    assert again.validation[0] == result.validation[0]
    assert not paths[1].exists()


def test_a_kill_in_the_second_fit_does_not_repeat_the_first(fitted, tmp_path, monkeypatch):
    result, _, _ = fitted
    data = tiny_data(max_epochs=1)
    real = fit._fit
    calls = []

    def dies_in_the_second(*args):
        calls.append(args[2])
        if calls.count(["train", "validation"]) == 1:
            raise Killed
        return real(*args)

    monkeypatch.setattr(fit, "_fit", dies_in_the_second)
    for _ in range(2):
        try:
            again = fit_twice(data, 1, tmp_path / "logs", tmp_path / "checkpoints")
        except Killed:
            continue
    assert calls == [["train"], ["train", "validation"], ["train", "validation"]]
    assert again.validation == result.validation[:1]  # the same seed


@pytest.mark.parametrize(("scores", "ran"), [
    ([0.5, 0.4, 0.4, 0.6], 3), ([0.1, 0.2, 0.2, 0.3], 4), ([0.1, 0.3, 0.2, 0.3], 4),
])
def test_training_stops_when_the_score_has_not_risen_for_some_epochs(
    scores, ran, tmp_path, monkeypatch
):
    data = tiny_data(patience=2)
    parts = [fit.read_events(data.reader, [name]) for name in ("train", "validation")]
    watch = fit._EpochRanking(data, *parts, tmp_path / "state.json")
    watch.network = object()
    model = type("Model", (), {"stop_training": False})()
    watch.set_model(model)
    given = iter(scores)
    monkeypatch.setattr(fit, "catalogue", lambda network: (None, None))
    monkeypatch.setattr(fit, "retrieval_scores", lambda *args: None)
    monkeypatch.setattr(fit, "ranking_metrics", lambda *args: type(
        "Result", (), {"metrics": {"ndcg@10": next(given)}})())
    watch.on_train_begin()
    for epoch in range(len(scores)):
        watch.on_epoch_end(epoch)
        if model.stop_training:
            break
    assert watch.scores == scores[:ran]
    watch.on_train_begin()
    assert watch.scores == scores[:ran]


def test_validation_ranks_by_each_users_first_row(fitted):
    """The curve's measure, by the whole training model on the rows that come first."""
    network = fitted[0].network
    data = tiny_data()
    train, validation = (fit.read_events(data.reader, [s]) for s in ("train", "validation"))
    task = fit._validation_task(data, train, validation)
    queries = fit._first_rows(data, task.users)
    rows = data.reader.splits["validation"]
    for place, user in enumerate(task.users):
        own = np.flatnonzero(rows["user_index"] == user)
        first = own[np.argmin(rows["timestamp"][own])]
        np.testing.assert_array_equal(queries["context"][place], rows["context"][first])
    assert not {"timestamp", "label__like"} & queries.keys()
    scores = retrieval_scores(network, queries, catalogue(network)[0])
    expected = ranking_task(
        np.concatenate([train.users, validation.users]),
        np.concatenate([train.items, validation.items]),
        np.concatenate([train.labels["rating"], validation.labels["rating"]]) >= 4,
        known=np.arange(220) < 160, held_out=np.arange(220) >= 160, n_items=ITEMS + 1)
    assert ranking_metrics(scores, task).metrics == ranking_metrics(scores, expected).metrics
    assert scores.shape == (len(task.users), ITEMS + 1) and len(task.users) <= USERS


def test_nothing_to_stop_by_is_told_before_training(tmp_path):
    data = tiny_data()
    for rows in data.reader.splits.values():
        rows["label__like"][:] = np.nan
    with pytest.raises(InputError, match="No validation row has the label 'like'"):
        fit_twice(data, 1, tmp_path / "logs", tmp_path / "checkpoints")


@pytest.mark.parametrize(("rows", "size"), [
    (0, 128), (1, 128), (10_240, 128), (80_000, 1024), (81_920, 1024), (10**9, 4096),
])
def test_batch_sizes_make_about_eighty_steps(rows, size):
    assert suitable_batch_size(rows) == size


def test_two_devices_train_as_mirrors_in_both_precisions():
    """In a process of its own: logical devices are made before TensorFlow starts."""
    done = subprocess.run(
        [sys.executable, str(_ROOT / "tests" / "mirrored_fit.py")], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "tests")])},
        timeout=400, check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["float32", "mixed_float16"]
