"""Two fits: what each learns from, when they stop, and how they go on after a kill."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny_fit import ITEMS, USERS, tiny_data

from schemas import InputError
from trainer.data.events import read_events
from trainer.evaluation.ranking import ranking_metrics, ranking_task
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.training import fit, validation
from trainer.training.callbacks import Checkpoint, by_name
from trainer.training.fit import fit_twice, suitable_batch_size
from trainer.training.validation import EpochRanking, first_rows, validation_task

_ROOT = Path(__file__).parents[3]


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


def test_the_curves_have_every_epoch_of_both_fits(fitted):
    result, _, _ = fitted
    first, second = (by_name(result.curves[name]) for name in ("first", "second"))
    assert first["validation_ndcg@10"] == result.validation
    assert "validation_ndcg@10" not in second
    for curves, epochs in ((first, len(result.validation)), (second, result.epochs)):
        for name in ("loss", "retrieval_loss", "rating_loss", "seconds"):
            assert len(curves[name]) == epochs and np.isfinite(curves[name]).all(), name
        assert min(curves["seconds"]) > 0
    assert first["rating_loss"][-1] < first["rating_loss"][0]


def test_the_heads_start_at_the_mean_of_what_the_fit_may_know(fitted):
    rows = tiny_data().reader.splits
    both = np.concatenate([rows[s]["label__rating"] for s in ("train", "validation")])
    assert fitted[0].network.heads["rating"].offset == pytest.approx(np.nanmean(both))


def test_logs_are_there(fitted):
    _, folder, _ = fitted
    tags = {}
    for part in ("first", "second"):
        files = sorted((folder / "logs" / part).rglob("events.out.tfevents.*"))
        tags[part] = {value.tag for file in files
                      for event in tf.compat.v1.train.summary_iterator(str(file))
                      for value in event.summary.value}
    assert {"epoch_loss", "epoch_retrieval_loss", "epoch_rating_loss"} <= tags["second"]
    assert tags["first"] - tags["second"] == {"epoch_validation_ndcg@10"}


class KilledAt:
    """Kills the fit when it has saved states some times, before or in the middle of another."""

    def __init__(self, monkeypatch, epochs: list, saves: int, while_writing: bool):
        self.left: int | None = saves
        save, write, killer = Checkpoint.on_epoch_end, np.save, self

        def on_epoch_begin(self, epoch, logs=None):
            epochs.append((self._folder.name, epoch))
            if killer.left == 0 and not while_writing:
                killer.left = None
                raise Killed

        def on_epoch_end(self, epoch, logs=None):
            if killer.left == 0:
                killer.left = None
                monkeypatch.setattr(np, "save", half_written)
            save(self, epoch, logs)
            killer.left = None if killer.left is None else killer.left - 1

        def half_written(file, array, **kwargs):
            monkeypatch.setattr(np, "save", write)
            write(file, array, **kwargs)
            raise Killed

        monkeypatch.setattr(Checkpoint, "on_epoch_begin", on_epoch_begin)
        monkeypatch.setattr(Checkpoint, "on_epoch_end", on_epoch_end)


def test_a_fit_that_is_killed_twice_goes_on_as_if_nothing_had_been(fitted, tmp_path, monkeypatch):
    """Epochs that are behind are not run again, and the curve and the weights are the same."""
    result, _, _ = fitted
    undisturbed = [*(("first", epoch) for epoch in range(len(result.validation))),
                   *(("second", epoch) for epoch in range(result.epochs))]
    assert undisturbed[2][0] == "first" and undisturbed[5][0] == "second"
    data, paths, epochs = tiny_data(), (tmp_path / "logs", tmp_path / "checkpoints"), []
    for saves, while_writing in ((2, True), (3, False)):
        killer = KilledAt(monkeypatch, epochs, saves, while_writing)
        with pytest.raises(Killed):
            fit_twice(data, 1, *paths)
        assert killer.left is None
    again = fit_twice(data, 1, *paths)
    assert epochs == [*undisturbed[:3], *undisturbed[2:6], *undisturbed[5:]]
    assert again.validation == result.validation
    for name, curve in result.curves.items():  # each epoch once
        resumed, whole = by_name(again.curves[name]), by_name(curve)
        assert {n: v for n, v in resumed.items() if n != "seconds"} == {
            n: v for n, v in whole.items() if n != "seconds"}
    for one, other in zip(again.network.training.get_weights(),
                          result.network.training.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_state_for_which_there_is_no_room_leaves_the_one_before(fitted, tmp_path, monkeypatch):
    model = fit.keras.Sequential([fit.keras.layers.Dense(3)])
    model.build((None, 2))
    model.compile("adam")
    checkpoint = Checkpoint(tmp_path)
    checkpoint.set_model(model)
    checkpoint.on_epoch_end(0)
    before = model.get_weights()
    model.set_weights([weight + 1 for weight in before])

    def full(file, array, **kwargs):
        file.write(b"half")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(np, "save", full)
        checkpoint.on_epoch_end(1)
    assert [path.name for path in tmp_path.iterdir()] == ["1.state"]
    assert checkpoint.restore(model) == 1
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_fit_that_is_over_is_not_run_again(fitted, tmp_path, monkeypatch):
    """A kill after the fits, as in the export, costs no epoch."""
    result, folder, _ = fitted
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    monkeypatch.setattr(fit.MultiTaskModel, "fit", lambda *args, **kwargs: None if kwargs[
        "initial_epoch"] == kwargs["epochs"] else pytest.fail("an epoch is run again"))
    again = fit_twice(tiny_data(), 1, tmp_path / "logs", tmp_path / "checkpoints")
    assert again.validation == result.validation
    for one, other in zip(again.network.training.get_weights(),
                          result.network.training.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_states_without_their_scores_are_of_no_use(fitted, tmp_path, monkeypatch):
    _, folder, _ = fitted
    begun = []

    def begin(*args, initial_epoch, **kwargs):
        begun.append(initial_epoch)
        raise Killed

    monkeypatch.setattr(fit.MultiTaskModel, "fit", begin)
    shutil.copytree(folder / "checkpoints", tmp_path / "checkpoints")
    (tmp_path / "checkpoints" / "validation.json").unlink()
    with pytest.raises(Killed):
        fit_twice(tiny_data(), 1, tmp_path / "logs", tmp_path / "checkpoints")
    assert begun == [0]


@pytest.mark.parametrize(("scores", "ran"), [
    ([0.5, 0.4, 0.4, 0.6], 3), ([0.1, 0.2, 0.2, 0.3], 4), ([0.1, 0.3, 0.2, 0.3], 4)])
def test_training_stops_when_the_score_has_not_risen_for_some_epochs(
    scores, ran, tmp_path, monkeypatch):
    data = tiny_data(patience=2)
    parts = [read_events(data.reader, [name]) for name in ("train", "validation")]
    watch = EpochRanking(data, *parts, tmp_path / "state.json")
    watch.network = fit.new_network(data, parts[0], 1)
    model = type("Model", (), {"stop_training": False})()
    watch.set_model(model)
    given = iter(scores)
    monkeypatch.setattr(validation, "catalogue", lambda network: (None, None))
    monkeypatch.setattr(validation, "ranking_scores", lambda *args: None)
    monkeypatch.setattr(validation, "ranking_metrics", lambda *args: type(
        "Result", (), {"metrics": {"ndcg@10": next(given)}})())
    for epoch in range(len(scores)):
        watch.on_epoch_end(epoch)
        if model.stop_training:
            break
    assert watch.scores == scores[:ran] and watch.done
    again = EpochRanking(data, *parts, tmp_path / "state.json")
    assert again.scores == scores[:ran] and again.done


def test_validation_ranks_by_each_users_first_row(fitted):
    """The curve's measure, by the whole training model on the rows that come first."""
    network = fitted[0].network
    data = tiny_data()
    train, validation = (read_events(data.reader, [s]) for s in ("train", "validation"))
    task = validation_task(data, train, validation)
    queries = first_rows(data, task.users)
    rows = data.reader.splits["validation"]
    for place, user in enumerate(task.users):
        own = np.flatnonzero(rows["user_index"] == user)
        first = own[np.argmin(rows["timestamp"][own])]
        np.testing.assert_array_equal(queries["context"][place], rows["context"][first])
    assert not {"timestamp", "label__like"} & queries.keys()
    scores = ranking_scores(network, queries, catalogue(network))
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
    (0, 128), (1, 128), (10_240, 128), (80_000, 1024), (81_920, 1024), (10**9, 4096)])
def test_batch_sizes_make_about_eighty_steps(rows, size):
    assert suitable_batch_size(rows) == size


@pytest.mark.slow
@pytest.mark.parametrize("checks", [["surgery", "fit"], ["half precision"]])
def test_two_devices_train_as_mirrors_and_balance_the_whole_batch(checks):
    """In a process of its own: logical devices are made before TensorFlow starts."""
    done = subprocess.run(
        [sys.executable, str(_ROOT / "tests" / "mirrored.py"), *checks],
        capture_output=True, text=True, check=False, timeout=900,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "tests")])})
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["mirrored"]
