import pytest
from refusals import refuses
from worlds import column, id_columns

from schemas import SIDES, available, parse_spec, read_spec


@pytest.fixture(params=available())
def spec(request):
    return read_spec(request.param)


def names(features) -> set[str]:
    return {f.name for f in features}


def test_personal_data_ids_labels_and_histories_are_no_inputs(spec):
    labels = {label.feature for label in spec.labels}
    assert labels and spec.histories()
    assert any(f.pii for f in spec.features) or not spec.inputs("users")
    for side in SIDES:
        for feature in spec.inputs(side, targets=tuple(label.name for label in spec.labels)):
            assert not feature.pii
            assert feature.role is None
            assert feature.history is None
            assert feature.name not in labels


def test_a_modality_makes_no_input_of_what_is_kept_out():
    who, what = id_columns("INT u", "INT i")
    spec = parse_spec("kept", [
        column("u", "INT", "user_id", "categorical") + column("face", "BYTES", "image", "pii")
        + column("churned", "INT", "numeric", "label:churn")
        + column("town", "BYTES", "categorical"), what, who + what])
    assert names(spec.inputs("users", targets=("churn",))) == {"town"}
    assert names(spec.inputs("users")) == {"town", "churned"}, "an input where it is not learned"


def test_inputs_are_all_that_has_a_modality_otherwise():
    spec = read_spec("movielens")
    assert names(spec.inputs("users")) == {"age", "gender", "occupation"}
    assert names(spec.inputs("items")) == {
        "title", "overview", "synopsis", "poster", "genres", "credits", "companies", "countries",
        "original_language", "age_rating", "runtime", "release_date"}
    assert names(spec.inputs("interactions")) == set()
    assert names(spec.inputs("items", ("text",))) == {"title", "overview", "synopsis"}
    media = ("image", "audio", "video")
    assert names(read_spec("demo").inputs("items", media)) == {"photo", "sound", "clip"}


def test_popularity_and_votes_of_the_future_are_no_columns():
    declared = names(read_spec("movielens").features)
    assert not [name for name in declared if "vote" in name or "popularity" in name]


def test_roles_of_each_table(spec):
    for side, role in (("users", "user_id"), ("items", "item_id")):
        assert spec.id_key(side) == spec.role(role, side)
        assert spec.role(role).side == "interactions"
        assert spec.has_role("timestamp") and not spec.has_role("timestamp", side)
    with refuses("role-missing", "'users'", "'item_id'"):
        spec.role("item_id", "users")


def test_histories_have_what_they_hold_and_are_built_not_read():
    spec = read_spec("demo")
    histories = spec.histories()
    assert set(histories) == {"item_id", "timestamp", "stars", "review"}
    assert histories["stars"].max_values == 30
    counts = {spec.event_count(side) for side in ("users", "items")}
    derived = {*histories.values(), *counts, spec.unseen()}
    assert {f for f in spec.features if f.derived} == derived
    assert spec.event_count("interactions") is None


def test_labels_by_name():
    spec = read_spec("movielens")
    rating, like = spec.label("rating"), spec.label("like")
    assert (rating.minimum, rating.maximum, rating.binary) == (1.0, 5.0, False)
    assert (like.feature, like.threshold, like.binary) == (rating.feature, 4.0, True)
    with refuses("unknown-label", "'click'", "rating, like"):
        spec.label("click")


def test_the_schema_is_the_declared_text(spec):
    for side in SIDES:
        assert {f.name for f in spec.schema(side).feature} == names(spec.table(side))
