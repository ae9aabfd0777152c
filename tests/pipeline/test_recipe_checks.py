import pytest
from refusals import refuses
from worlds import column, history, small_spec

from pipeline.checks import Checks
from pipeline.evaluation import eval_config, limits
from pipeline.recipe_checks import check_behaviour, check_part_names, check_tasks
from schemas import InputError, available, read_spec
from trainer.behaviour.options import PARTS
from trainer.network.plan import plan_parts
from trainer.parts.part import Built, Part, build_parts
from trainer.recipe import BoundRecipe, Recipe, bind, parse_recipe
from trainer.recipe.recipe import known_modalities


def own(**changes):
    return parse_recipe(**{"description": "d", "tasks": {"find": {"head": "retrieval"}}, **changes})


@pytest.mark.parametrize("given", ["all", ["all"], None])
def test_all_means_what_the_dataset_has(given):
    recipe = own(**({"modalities": given} if given else {}))
    assert list(recipe.modalities) == ["all"]
    assert list(bind(recipe, read_spec("demo")).recipe.modalities) == [
        "categorical", "numeric", "text", "image", "audio", "video"]
    assert list(bind(recipe, read_spec("movielens")).recipe.modalities) == [
        "categorical", "numeric", "text", "image"]
    assert parse_recipe(**recipe.model_dump(mode="json")) == recipe


def test_only_columns_that_towers_may_read_count():
    """On either side; nothing personal, and no column of the interactions."""
    spec = small_spec(
        users=column("voice", "BYTES", "audio") + column("mail", "BYTES", "text", "pii"),
        items=column("film", "BYTES", "video"), events=column("review", "BYTES", "text"))
    assert known_modalities(spec) == ("audio", "video")
    recipe = own(modalities={"audio": {"mels": 20}, "all": {}})
    bound = bind(recipe, spec).recipe.modalities
    assert list(bound) == ["audio", "video"] and bound["audio"].mels == 20


def test_a_modality_that_the_dataset_lacks_is_named_with_what_it_has():
    with refuses("modality-lacking", "Recipe 'mine', key 'modalities': given 'audio', 'video'",
                 "they have: categorical, numeric, text, image.", "'modalities: all'"):
        bind(own(modalities=["text", "video", "audio"]), read_spec("movielens"), "mine")


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


@pytest.mark.parametrize(("given", "message"), [
    (with_task(head="multi_class", label="rating"),
     "Recipe 'mine', task 'it': the head 'multi_class' needs a categorical label, and 'rating' is "
     "not. Dataset 'town' has: mood, town. Tag a column of text whose values are listed in a "
     "string_domain."),
    (with_task(head="multi_label", labels=["like", "mood"]),
     "needs a label that is 0 or 1, and 'mood' is not. Dataset 'town' has: like, paid."),
    (with_task(head="regression", label="mood"), "needs a number, and 'mood' is categorical"),
    (with_task(head="multi_label", labels=["like", "paid"]),
     "an attribute of the users takes the head 'regression', 'binary' or 'multi_class'"),
    (recipe(tasks={"paid": {"head": "binary", "label": "paid"}}, rank_by="paid", relevant="like"),
     "learns an attribute of the users, by which no item can be ranked"),
    (recipe(relevant="paid"), "Recipe 'mine': 'relevant' is 'paid', an attribute of the users"),
    (recipe(family="forest", rank_by="like", tasks={
        "like": {"head": "binary", "label": "like"}, "age": {"head": "regression",
                                                             "label": "age"}}),
     "which only the family 'network' can; the family is 'forest'"),
    (recipe(family="similarity"), "a 'similarity' of this kind needs features of items that the "
                                  "recipe's modalities read (categorical, numeric); "
                                  "dataset 'town' has none"),
])
def test_what_a_label_is_not_is_told(given, message):
    with pytest.raises(InputError) as caught:
        check_tasks(BoundRecipe(given, SPEC), "mine")
    assert message in str(caught.value)


def test_a_forest_needs_something_to_read():
    bare = small_spec(events=EVENTS, name="bare")
    forest = recipe(family="forest", rank_by="like",
                    tasks={"like": {"head": "binary", "label": "like"}})
    check_tasks(BoundRecipe(forest, SPEC), "mine")  # the users' attributes are its features
    with refuses("family-needs-features", "features of users or items"):
        check_tasks(BoundRecipe(forest, bare), "mine")


@pytest.mark.parametrize("given", [
    with_task(head="multi_class", label="mood"), with_task(head="binary", label="paid"),
    recipe(family="similarity", modalities=[], vectors="collaborative")])
def test_what_fits_passes(given):
    assert check_tasks(BoundRecipe(given, SPEC), "mine") is None


def built(given: Recipe):
    return eval_config(BoundRecipe(given, SPEC), Checks())


def test_classes_must_be_better_than_chance():
    [spec] = built(with_task(head="multi_class", label="mood")).metrics_specs
    accuracy, entropy = spec.metrics
    assert accuracy.class_name == "SparseCategoricalAccuracy"
    [threshold] = entropy.per_slice_thresholds
    assert threshold.threshold.value_threshold.upper_bound.value == pytest.approx(0.6931, abs=1e-4)


def test_what_is_said_of_users_is_measured_and_not_demanded():
    given = with_task(head="regression", label="age")
    [spec] = built(given).metrics_specs
    assert not any(m.per_slice_thresholds or m.HasField("threshold") for m in spec.metrics)
    assert limits(BoundRecipe(given, SPEC), Checks()) == {}
    assert limits(BoundRecipe(with_task(head="binary", label="like"), SPEC), Checks())


HISTORIES = history("items", "item_id", "BYTES") + history("times", "timestamp")
NOTES = history("notes", "note", "BYTES")


def check(behaviour, events="", users="", items="", **more):
    spec = small_spec(users, items, events, time="when", name="mine")
    return check_behaviour(bind(own(behaviour=behaviour, **more), spec), "my")


@pytest.mark.parametrize(("behaviour", "wanted"), [
    (["context", "series"], "series"), (["reviews"], "reviews"),
    ({"history": {"tower": "gru"}}, "history"),
])
def test_data_without_histories(behaviour, wanted):
    assert check(["history", "context"]) is check([]) is None, "the default asks for nothing"
    with refuses("recipe-needs-histories", f"Recipe 'my', key 'behaviour': {wanted} needs",
                 "'mine'", "'history:item_id' and 'history:timestamp'"):
        check(behaviour)


@pytest.mark.parametrize("tags", [["text"], ["text", "pii"]])
def test_data_without_a_history_of_texts(tags):
    note = column("note", "BYTES", *tags)
    past = NOTES if "pii" in tags else ""
    with refuses("recipe-needs-reviews", "'behaviour': reviews needs the texts of earlier events",
                 "have: history:item_id, history:timestamp", "'history:COLUMN'"):
        check(["history", "reviews"], HISTORIES + note + past)


def test_data_with_all_of_it():
    note = column("note", "BYTES", "text")
    everything = {"history": {"tower": "self_attention"}, "counts": {}, "series": {"tower": "vae"},
                  "reviews": {"of": ["users", "items"]}}
    assert check(everything, HISTORIES + note + NOTES) is None


ALL_HISTORIES = HISTORIES + column("note", "BYTES", "text") + NOTES
PLOT = column("plot", "BYTES", "text")


def number(name):
    return column(name, "INT", "numeric")


def check_names(users="", items="", events=ALL_HISTORIES, **changes):
    spec = small_spec(users, items, events, time="when", name="mine")
    return check_part_names(bind(own(**changes), spec), "my")


@pytest.mark.parametrize(("given", "column", "reads"), [
    ({"items": number("id")}, "id", "the ids"), ({"users": number("id")}, "id", "the ids"),
    ({"users": number("history")}, "history", "'history' of 'behaviour'"),
    ({"users": number("counts"), "behaviour": ["counts"]}, "counts", "'counts' of 'behaviour'"),
    ({"items": PLOT + number("plot_topics"), "modalities": {"all": {}, "text": {"topics": 4}}},
     "plot_topics", "the topics of 'plot'"),
    ({"users": PLOT + number("plot_encoded"),
      "modalities": {"numeric": {}, "text": {"encoder": {"handle": "x"}}}},
     "plot_encoded", "the encoder's vectors of 'plot'"),
])
def test_a_column_called_like_a_part(given, column, reads):
    with refuses("part-name-taken", "Recipe 'my'", f"of 'mine' have a column '{column}'",
                 f"that reads {reads} has the same name"):
        check_names(**given)


@pytest.mark.parametrize("given", [
    {"users": number("history"), "behaviour": []},
    {"items": number("history")},  # nothing of the past is on the items' side by default
    {"items": number("id"), "modalities": []},
    {"items": PLOT + number("plot_topics")},
    {"items": number("id"), "family": "forest", "rank_by": "like",
     "tasks": {"like": {"head": "binary", "label": "like"}}},
])
def test_a_name_that_no_other_part_has(given):
    assert check_names(**given) is None


ASKED = {"text": {"topics": 2, "sentiment": True, "encoder": {"handle": "x"}},
         "image": {"encoder": {"handle": "y"}}}


@pytest.mark.parametrize("dataset", available())
def test_the_datasets_of_the_project_have_names_of_their_own(dataset):
    spec = read_spec(dataset)
    modalities = {"all": {}, **{name: options for name, options in ASKED.items()
                                if name in known_modalities(spec)}}
    bound = bind(own(behaviour=list(PARTS), modalities=modalities), spec)
    check_part_names(bound, "all")
    first = plan_parts(bound, "items")[0]
    assert (first.name, first.reads) == ("id", "the ids")


def test_parts_are_never_replaced():
    def part(name):
        return Part(name, "items", "", lambda materials: Built(materials, None, None))

    parts, built = build_parts([part("id"), part("age")], "tower")
    assert [(one.name, one.layer) for one in parts] == [("id", "tower"), ("age", "tower")]
    assert len(built) == 2
    with pytest.raises(ValueError, match="two parts of the network have the same name: id"):
        build_parts([part("id"), part("id")], "tower")
