"""The recipe's `tune`: what may be varied, and what is refused before anything runs."""

import contextlib

import pytest
import yaml
from pydantic import ValidationError

from pipeline.recipe_files import load_recipe
from schemas import InputError
from trainer.options import Positive, Tuned, Way
from trainer.recipe import parse_recipe
from trainer.recipe.tune import tunable, with_values
from trainer.tasks import TASK_KINDS

BASE = {"description": "some", "model": {"dim": 32},
        "tasks": {"retrieval": {"head": "retrieval"},
                  "like": {"head": "binary", "label": "like"}}}
WEIGHTS = {"balancing": {"fixed": {"weights": {"like": 0.5}}}}


@pytest.fixture
def load(tmp_path):
    def load(ranges, **changes):
        path = tmp_path / "some.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes, "tune": {"ranges": ranges}}))
        return load_recipe(str(path))
    return load


def test_ranges_of_every_kind(load):
    recipe = load({
        "model.dim": {"min": 16, "max": 64, "step": 16}, "model.dropout": {"min": 0, "max": 0.5},
        "training.learning_rate": {"min": 0.0001, "max": 0.01, "log": True},
        "model.fusion": {"choices": ["gated", "attention"]},
        "balancing": {"choices": ["fixed", "uncertainty"]}})
    assert recipe.tune is not None and recipe.tune.trials == 20
    ranges = recipe.tune.ranges
    assert ranges["model.dim"].integers and not ranges["model.dropout"].integers
    assert ranges["model.fusion"].probes == ("gated", "attention")
    spelled = load({"training.learning_rate": {"min": "1e-4", "max": "1e-2", "log": True}})
    assert spelled.tune.ranges["training.learning_rate"].probes == (0.0001, 0.01)


@pytest.mark.parametrize(("bad", "message"), [
    *((bad, "either 'choices' or both 'min' and 'max'") for bad in (
        {}, {"min": 1}, {"choices": [1, 2], "min": 1, "max": 2})),
    ({"min": 8, "max": 8}, "the range is empty: 'min' is 8 and 'max' is 8"),
    ({"choices": [8, 8]}, "the range is empty: 'choices' needs at least two"),
    ({"choices": [8, "all"]}, "of one kind"),
    ({"choices": [8, 16], "step": 2}, "not to 'choices'"),
    ({"min": 0, "max": 8, "log": True}, "'log' needs a 'min' above 0"),
    ({"min": 1, "max": 8, "log": True, "step": 2}, "and no 'step'"),
    ({"min": 1, "max": 8, "step": 9}, "'step' is 9, more than"),
    ({"min": 1, "max": 8, "step": 0.5}, "'min' and 'max' are integers"),
    ({"minimum": 1, "max": 8}, "unknown key .*minimum.*known here: choices, log, max, min, step"),
    *((bad, "a finite number is allowed") for bad in (
        {"min": 1, "max": float("inf")}, {"min": True, "max": 8})),
    *(({"choices": bad}, "each of 'choices' is a finite number, a text, or true or false")
      for bad in ([8, float("inf")], [[8], [16]], [8, None])),
])
def test_an_empty_or_impossible_range(load, bad, message):
    with pytest.raises(InputError, match=message) as output:
        load({"model.dim": bad})
    assert "tune.ranges.model.dim" in str(output.value)


@pytest.mark.parametrize("key", [
    "model.depth", "description", "modalities.image.height", "tasks.like", "tasks.like.label",
    "tune.trials", "model", "behaviour"])
def test_an_unknown_key(load, key):
    with pytest.raises(InputError, match=rf"unknown key '{key}' in 'ranges'") as message:
        load({key: {"min": 1, "max": 2}})
    assert "model.dim, model.dropout" in str(message.value)


@pytest.mark.parametrize(("ranges", "changes", "message"), [
    ({"model.dropout": {"min": 0.5, "max": 1.5}}, {}, r"model.dropout=1.5.*less than 1"),
    ({"model.dim": {"choices": ["wide", "narrow"]}}, {}, "model.dim='wide'.*valid integer"),
    ({"model.dim": {"min": 1, "max": 10**400}}, {}, "less than or equal to 4096"),
    ({"model.fusion": {"choices": ["gated", "magic"]}}, {}, "model.fusion='magic'"),
    # Each value alone could be; together they cannot.
    ({"training.alignment": {"min": 0.0, "max": 1.0}}, {"modalities": []},
     r"training.alignment=1.0\).*nothing beside their ids to align"),
    ({"modalities.text.tower": {"choices": ["cnn", "tfidf"]}},
     {"modalities": {"text": {"tower": {"tfidf": {"characters": [3, 4]}}}}}, "unknown key"),
])
def test_values_that_make_no_recipe(load, ranges, changes, message):
    with pytest.raises(InputError, match=message):
        load(ranges, **changes)


def test_a_fault_elsewhere_is_told_as_ever(load, tmp_path):
    with pytest.raises(InputError, match="balancing: given 'none'") as message:
        load({"nonsense": {"min": 1, "max": 2}}, balancing="none")
    assert "nonsense" not in str(message.value)
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump({**BASE, "tune": {"ranges": {}, "method": "grid"}}))
    with pytest.raises(InputError, match=r"tune.method: given 'grid'.*random.*bayesian") as message:
        load_recipe(str(path))
    assert "tune.ranges" in str(message.value)


def test_other_values_leave_the_rest_as_it_was():
    recipe = parse_recipe(**BASE, tune={"ranges": {"model.dim": {"min": 16, "max": 64}}})
    changed = with_values(recipe, {"model.dropout": 0.1, "training.patience": 5,
                                   "balancing.fixed.weights.like": 2.0})
    assert changed.tune is None and recipe.tune is not None
    assert changed.model.dim == 32 and changed.model.dropout == 0.1
    assert changed.training.patience == 5
    assert changed.loss_weights == {"retrieval": 1.0, "like": 2.0}
    assert changed.model_dump(exclude_unset=True) == {
        "description": "some", "model": {"dim": 32, "dropout": 0.1},
        "tasks": {"retrieval": {"head": "retrieval"},
                  "like": {"head": "binary", "label": "like"}},
        "balancing": {"fixed": {"weights": {"like": 2.0}}},
        "training": {"patience": 5}}


def test_the_weights_that_a_recipe_gives_are_tunable_and_then_the_balancing_is_not(load):
    recipe = load({"balancing.fixed.weights.like": {"min": 0.1, "max": 1.0}}, **WEIGHTS)
    assert with_values(recipe, {"balancing.fixed.weights.like": 0.2}).loss_weights["like"] == 0.2
    with pytest.raises(InputError, match="unknown key 'balancing'.*balancing.fixed.weights.like"):
        load({"balancing": {"choices": ["fixed", "uncertainty"]}}, **WEIGHTS)
    with pytest.raises(InputError, match="unknown key 'balancing.fixed.weights.like'"):
        load({"balancing.fixed.weights.like": {"min": 0.1, "max": 1.0}})


def test_what_transform_reads_and_what_takes_a_list_are_not_tunable():
    keys = tunable(parse_recipe(**BASE, modalities={
        "text": {"tower": "cnn", "encoder": {"handle": "x"}}, "image": {}}))
    assert {"modalities.image.tower", "modalities.image.augmentation", "balancing", "model.fusion",
            "modalities.text.tower.cnn.hidden", "training.batch_size"} <= set(keys)
    assert not [key for key in keys if any(
        word in key for word in ("height", "tokens", "handle", "behaviour"))]


def test_what_is_known_is_not_refused_next():
    """Each key that a message offers can be varied, by some value at least."""
    recipe = parse_recipe(**BASE, modalities={
        "text": {"tower": {"tfidf": {"characters": [3, 4], "hidden": 0.1}}}, "image": {},
        "audio": {}},
        behaviour={"history": {"tower": "gru"}, "context": {}, "reviews": {"tokens": 9},
                   "series": {"tower": {"vae": {"reconstruction": 0.2}}, "days": 14}})
    keys = tunable(recipe)
    assert {"behaviour.history.tower", "behaviour.series.tower.vae.reconstruction",
            "modalities.text.tower.tfidf.hidden"} <= set(keys)
    assert not {"behaviour.series.days", "behaviour.reviews.tokens",
                "modalities.text.tower.tfidf.characters"} & set(keys)
    values = (True, 0.25, 2, "fixed", "self_attention", "cnn", "attention", "mmoe", "mean",
              "concat", "float32", "catalogue", "pcgrad", "fourier", "vote")
    for key in keys:
        made = []
        for value in values:
            with contextlib.suppress(ValidationError):
                made.append(with_values(recipe, {key: value}))
        assert any(one != recipe and one.past == recipe.past for one in made), key


def test_a_way_that_only_transform_could_change_is_not_tunable():
    """The means of earlier items need no sequence, which each other tower reads."""
    assert "behaviour.history.tower" not in tunable(parse_recipe(**BASE))
    keys = tunable(parse_recipe(**BASE, behaviour={"series": {}}))
    assert "behaviour.series.tower" in keys


def test_what_is_read_by_default_stays_beside_what_is_tuned():
    recipe = parse_recipe(**BASE, behaviour=["history", "context", "series"])
    changed = with_values(recipe, {"behaviour.series.tower": "vae"})
    assert list(changed.behaviour) == list(recipe.behaviour) and changed.past == recipe.past
    plain = with_values(parse_recipe(**BASE), {"behaviour.history.tower": "gru"})
    assert list(plain.behaviour) == ["history", "context"]


class _Own(Way):
    name = "own"
    margin: Tuned[Positive] = 1.0
    rows: Positive = 2.0


def test_marked_options_of_an_extensions_head_are_tunable(load, monkeypatch):
    class Own(type(TASK_KINDS["binary"])):
        name = "own"
        options = _Own

    monkeypatch.setitem(TASK_KINDS, "own", Own())
    tasks = {**BASE["tasks"], "mine": {"head": "own", "label": "like"}}
    recipe = load({"tasks.mine.head.own.margin": {"min": 0.5, "max": 2.0}}, tasks=tasks)
    assert with_values(recipe, {"tasks.mine.head.own.margin": 0.5}).tasks["mine"].head.margin == 0.5
    assert "tasks.mine.head.own.rows" not in tunable(recipe)
