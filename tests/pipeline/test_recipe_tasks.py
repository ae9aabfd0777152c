"""What a dataset's labels are not, told before anything runs; and the pipeline of each family."""

import pytest
from refusals import refuses
from worlds import column, small_spec

from pipeline.evaluation import demands, eval_config
from pipeline.recipe_checks import check_tasks
from schemas import InputError, read_spec
from trainer.recipe import Recipe, bind, parse_recipe

EVENTS = (column("stars", "FLOAT", "label:rating", "label:like>=4")
          + column("mood", "BYTES", "label:mood", domain=("calm", "wild")))
SPEC = small_spec(
    users=column("town", "BYTES", "categorical", "label:town", domain=("Rome", "Oslo"))
    + column("age", "INT", "numeric", "label:age") + column("paid", "INT", "label:paid",
                                                            domain=(0, 1)),
    events=EVENTS, name="town")
FIND = {"find": {"head": "retrieval", "label": "like"}}


def recipe(**values) -> Recipe:
    return bind(parse_recipe(**{"description": "d", "tasks": FIND, **values}), SPEC).recipe


def with_task(**task) -> Recipe:
    return recipe(tasks={**FIND, "it": task})


@pytest.mark.parametrize(("given", "told"), [
    (with_task(head="multi_class", label="rating"),
     "Recipe 'mine', task 'it': the head 'multi_class' needs a categorical label, and 'rating' is "
     "not. Dataset 'town' has: mood, town. Tag a column of text whose values are listed in a "
     "string_domain."),
    (with_task(head="multi_label", labels=["like", "mood"]),
     "needs a label that is 0 or 1, and 'mood' is not. Dataset 'town' has: like, paid."),
    (with_task(head="regression", label="mood"), "needs a number, and 'mood' is categorical"),
    (with_task(head="multi_label", labels=["like", "paid"]),
     "an attribute of the users takes the head 'regression', 'binary' or 'multi_class'"),
    (with_task(head="click", label="paid"), "an attribute of the users takes the head"),
    (recipe(tasks={"paid": {"head": "binary", "label": "paid"}}, rank_by="paid", relevant="like"),
     "learns an attribute of the users, by which no item can be ranked"),
    (recipe(relevant="paid"), "Recipe 'mine': 'relevant' is 'paid', an attribute of the users"),
    (recipe(family="forest", rank_by="like", tasks={
        "like": {"head": "binary", "label": "like"}, "age": {"head": "regression",
                                                             "label": "age"}}),
     "which only the family 'network' can; the family is 'forest'"),
    (recipe(family="similarity"), "similarity to content needs features of the items that the "
                                  "recipe's modalities read (categorical, numeric); "
                                  "dataset 'town' has none"),
])
def test_what_a_label_is_not_is_told(given, told):
    with pytest.raises(InputError) as caught:
        check_tasks("mine", given, SPEC)
    assert told in str(caught.value)


def test_a_forest_needs_something_to_read():
    bare = small_spec(events=EVENTS, name="bare")
    forest = recipe(family="forest", rank_by="like",
                    tasks={"like": {"head": "binary", "label": "like"}})
    check_tasks("mine", forest, SPEC)  # the users' attributes are features where not learned
    with refuses("forest-needs-features"):
        check_tasks("mine", forest, bare)


@pytest.mark.parametrize("given", [
    with_task(head="multi_class", label="mood"), with_task(head="multi_class", label="town"),
    with_task(head="regression", label="age"), with_task(head="binary", label="paid"),
    recipe(family="similarity", modalities=[], vectors="collaborative"),
])
def test_what_fits_passes(given):
    assert check_tasks("mine", given, SPEC) is None


@pytest.fixture
def built(monkeypatch):
    from pipeline.config import load_config

    def built(given: Recipe):
        config = load_config(None, dataset="demo").model_copy(update={"recipe": given})
        return eval_config(config, SPEC)

    return built


def test_classes_must_be_better_than_chance(built):
    [spec] = built(with_task(head="multi_class", label="mood")).metrics_specs
    accuracy, entropy = spec.metrics
    assert accuracy.class_name == "SparseCategoricalAccuracy"
    [threshold] = entropy.per_slice_thresholds
    assert threshold.threshold.value_threshold.upper_bound.value == pytest.approx(0.6931, abs=1e-4)


def test_what_is_said_of_users_is_measured_and_not_demanded(built):
    given = with_task(head="regression", label="age")
    [spec] = built(given).metrics_specs
    assert not any(m.per_slice_thresholds or m.HasField("threshold") for m in spec.metrics)
    assert not demands(given, SPEC)
    assert demands(with_task(head="binary", label="like"), SPEC)


@pytest.mark.parametrize(("dataset", "labels"), [
    ("movielens", ("gender", "occupation")),
    ("movielens-1m", ("gender", "occupation", "age_group")),
])
def test_who_watches_can_be_learned_from_movielens(dataset, labels):
    spec = read_spec(dataset)
    tasks = {label: {"head": "multi_class", "label": label, "weight": 0.1} for label in labels}
    learned = parse_recipe(
        description="d", modalities=["categorical", "text"], tasks={**FIND, **tasks})
    check_tasks("mine", learned, spec)
    read = {feature.name for feature in spec.inputs("users", learned.modalities, learned.labels)}
    assert not read & set(labels), "what is learned is no input"
