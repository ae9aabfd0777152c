"""Schemas from files: what is read, and what is said about each kind of malformed schema."""

import json
import re
from pathlib import Path

import pytest

from schemas import SIDES, InputError, available, parse_spec, read_spec
from schemas.tags import known_tags

USERS = 'feature { name: "who" type: BYTES annotation { tag: "user_id" } }'
ITEMS = 'feature { name: "what" type: BYTES annotation { tag: "item_id" } }'
EVENTS = USERS + ITEMS


def column(*tags: str, name: str = "score", kind: str = "FLOAT", rest: str = "") -> str:
    tagged = " ".join(f'tag: "{tag}"' for tag in tags)
    return f'\nfeature {{ name: "{name}" type: {kind} {rest} annotation {{ {tagged} }} }}'


def parse(users: str = USERS, items: str = ITEMS, interactions: str = EVENTS):
    return parse_spec("shop", [users, items, interactions])


@pytest.mark.parametrize("dataset", available())
def test_the_projects_schemas_are_read_and_travel_as_json(dataset: str) -> None:
    spec = read_spec(dataset)
    assert {f.side for f in spec.features} == set(SIDES)
    assert parse_spec(**json.loads(spec.to_json())) == spec


def test_domains_bounds_shapes_and_presence() -> None:
    spec = parse(users=(
        USERS
        + column("categorical", name="sex", kind="BYTES", rest='string_domain { value: "F" }')
        + column("categorical", name="tongue", kind="BYTES", rest='domain: "tongues"')
        + column("numeric", rest="float_domain { min: -1 } presence { min_fraction: 1.0 }")
        + column(name="many", kind="INT", rest="value_count { min: 0 max: 4 }")
        + column(name="boundless", kind="INT", rest="value_count { min: 0 }")
        + '\nstring_domain { name: "tongues" value: "zh" value: "fr" }'
    ))
    sex, tongue, score, many, boundless = spec.table("users")[1:]
    assert (sex.values, tongue.values) == (("F",), ("zh", "fr"))
    assert (score.minimum, score.maximum, score.required, score.scalar) == (-1.0, None, True, True)
    assert not sex.required
    assert (many.max_values, many.dtype, boundless.max_values) == (4, int, None)


def test_labels_have_scale_and_threshold() -> None:
    spec = parse(interactions=EVENTS + column(
        "label:rating", "label:like>=3.5", "label:cold>=-2", rest="float_domain { min: 1 max: 5 }"
    ) + column("label:click", name="clicked", kind="INT", rest="int_domain { min: 0 max: 1 }"))
    rating, like, cold, click = spec.labels
    assert (rating.minimum, rating.maximum, rating.threshold) == (1.0, 5.0, None)
    assert (like.feature, like.threshold, cold.threshold) == ("score", 3.5, -2.0)
    assert [label.binary for label in spec.labels] == [False, True, True, True]
    assert click.feature == "clicked"


def test_attributes_of_users_and_texts_with_values_are_labels() -> None:
    sex = 'string_domain { value: "F" value: "M" }'
    spec = parse(
        users=USERS + column("categorical", "label:sex", name="sex", kind="BYTES", rest=sex),
        interactions=EVENTS + column("label:rating", name="stars"))
    rating, attribute = spec.labels
    assert (rating.side, rating.classes) == ("interactions", ())
    assert (attribute.side, attribute.classes, attribute.binary) == ("users", ("F", "M"), False)
    assert (attribute.minimum, attribute.maximum) == (0.0, 1.0)
    assert spec.labels_of("users") == (attribute,) and spec.labels_of("items") == ()
    assert [f.name for f in spec.inputs("users")] == ["sex"]
    assert spec.inputs("users", targets=("sex",)) == ()


def test_event_types_have_weights_and_make_labels() -> None:
    spec = parse(interactions=EVENTS + column(
        "event_type", "weight:view=0.2", "weight:add to cart=2", "label:bought=purchase",
        name="kind", kind="BYTES",
    ) + column("unseen", name="others", kind="BYTES", rest="value_count { min: 2 max: 2 }"))
    assert spec.event_weights() == {"view": 0.2, "add to cart": 2.0}
    (bought,) = spec.labels
    assert (bought.equals, bought.binary) == ("purchase", True)
    others = spec.unseen()
    assert others is not None and (others.max_values, others.derived) == (2, True)
    assert others not in spec.inputs("interactions")
    assert parse().event_weights() == {} and parse().unseen() is None


def test_a_sound_track_is_built_at_ingest_and_yet_an_input() -> None:
    spec = parse(items=ITEMS + column("video", name="film", kind="BYTES")
                 + column("audio", "sound_of:film", name="track", kind="BYTES"))
    film, track = spec.inputs("items")
    assert (film.sound_of, track.sound_of) == (None, "film")
    assert (film.derived, track.derived) == (False, True)


def text(*tags: str, name: str = "said", rest: str = "") -> str:
    return column(*tags, name=name, kind="BYTES", rest=rest)


FILM, TRACK = text("video", name="film"), text("audio", "sound_of:film", name="track")
PAST = 'value_count { max: 3 }'
# A table, what is added to its id columns, and what the message names.
BAD = [
    ("items", TRACK, r"feature 'track': 'sound_of:film'.*it has none"),
    ("items", FILM + text("sound_of:film"), r"'sound_of:film' .* the tag 'audio'"),
    ("items", "feature { nme: 1 }", "table 'items': .*nme.* Correct the file's syntax"),
    ("items", "feature {", r'table .items.: .*Expected "}"\. Correct the file'),
    ("interactions", text("event_type", "weight:buy=2", "weight:buy=3"), "buy is both 2.0 and 3.0"),
    ("interactions", text("event_type", "weight:buy=lots"), "'weight:buy=lots' .*'weight:VALUE=X'"),
    ("interactions", text("weight:view=2"), "'weight:VALUE=X' .*'event_type'"),
    ("interactions", column("event_type", kind="INT"), "'event_type' .*BYTES"),
    ("interactions", column("history:what", "history:who"), "history is both 'what' and 'who'"),
    ("interactions", text("history:item_id", rest=PAST), "feature 'said'.* tag 'timestamp'"),
    ("interactions", column("history:score", name="past"), "'history:score' .*item_id, user_id"),
    ("items", text("history:item_id"), "feature 'said': 'history:item_id' .*the interactions"),
    ("interactions", column("history:item_id"), "type differs from that of 'item_id'"),
    ("interactions", column("unseen", kind="INT", rest=PAST), "'unseen' .*type of the"),
    ("users", column("numerical"), "unknown tag 'numerical'. Known: user_id, .*numeric"),
    ("interactions", column("label:like>=4.5.5"), "unknown tag 'label:like>=4.5.5'. .*label:NAME"),
    ("interactions", column("label:good=yes"), "label 'good' .*'score', a number, .*'yes'"),
    ("interactions", column("label:rating") + column("label:rating", name="second"),
     "two labels .*'rating'. Rename one"),
    ("interactions", text("label:mood"), "label 'mood' .*'said', which is BYTES"),
    ("users", text("label:sort", rest='string_domain { value: "a" }'), "two at least"),
    ("items", column("label:quality"), "label 'quality' .*'score', a column of the items"),
    ("users", column("label:wealth", "pii"), "label 'wealth' .*'score', personal data"),
    ("users", column("numeric", "text"), "modality is both 'numeric' and 'text'. Keep one"),
    ("users", column("user_id", name="me"), "who and me both have the role 'user_id'. Keep one"),
    ("users", '\nfeature { name: "x" }', "feature 'x': type must be BYTES, INT or FLOAT"),
    ("items", column() + column(), "table 'items': a feature is declared twice"),
]


@pytest.mark.parametrize(("side", "columns", "message"), BAD)
def test_a_malformed_schema_is_named_with_what_to_do(side: str, columns: str, message: str) -> None:
    texts = {"users": USERS, "items": ITEMS, "interactions": EVENTS}
    with pytest.raises(InputError, match=message) as error:
        parse(**{side: texts[side] + columns})
    assert error.value.exit_code == 2


@pytest.mark.parametrize(("side", "columns"), [
    ("items", column("numeric")), ("interactions", USERS)])
def test_a_table_without_an_id_is_refused(side: str, columns: str) -> None:
    with pytest.raises(InputError, match=f"table '{side}': no feature has the tag 'item_id'. Tag"):
        parse(**{side: columns})


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Unknown schema 'dmo'. Known: demo, movielens"):
        read_spec("dmo")
    with pytest.raises(InputError, match="Unknown schema '.*/nowhere'. Known: demo, movielens"):
        read_spec(tmp_path / "nowhere")


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    for side, text in zip(SIDES, (USERS, ITEMS, EVENTS), strict=True):
        (tmp_path / f"{side}.pbtxt").write_text(text, encoding="utf-8")
    assert read_spec(tmp_path).id_key("users").name == "who"
    assert read_spec(str(tmp_path)).name == tmp_path.name
    (tmp_path / "items.pbtxt").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"items.pbtxt is not UTF-8 .* Save it so"):
        read_spec(tmp_path)
    (tmp_path / "items.pbtxt").unlink()
    ids = read_spec(tmp_path).table("items")
    assert [f.role for f in ids] == ["item_id"]
    (tmp_path / "interactions.pbtxt").unlink()
    with pytest.raises(InputError, match=r"interactions.pbtxt is missing. A dataset needs"):
        read_spec(tmp_path)


def test_a_folder_in_the_way_does_not_hide_the_projects_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_spec("demo").name == "demo"


@pytest.mark.parametrize("name", ["timestamp", "user_id", "event_types", "history_age",
                                  "unseen_index", "sharing", "fusion", "plot_"])
def test_an_input_of_a_table_is_not_called_like_what_a_request_brings(name):
    ids = 'feature {{ name: "{0}" type: BYTES annotation {{ tag: "{1}" }} }}'
    user, item = ids.format("u", "user_id"), ids.format("i", "item_id")
    column = ids.format(name, "categorical")
    for texts in ([user + column, item, user + item], [user, item + column, user + item]):
        with pytest.raises(InputError) as caught:
            parse_spec("mine", texts)
        assert f"the name {name!r} is taken. In the users and the items, " in str(caught.value)
        assert "rename it" in str(caught.value)
    parse_spec("mine", [user + ids.format(name, "pii"), item, user + item + column])


def fault(tag: str) -> str | None:
    """Returns the code of what is wrong with a column of one tag; `None` if nothing is."""
    try:
        parse(users=USERS + column(tag))
    except InputError as error:
        return error.code
    return None


@pytest.mark.parametrize("form", known_tags())
def test_a_tag_that_has_a_meaning_is_known(form):
    assert fault(re.sub(r"\b[XN]\b", "2", form)) not in ("unknown-tag", "bad-weight-tag")
    assert fault(f"no_{form}") == "unknown-tag"


@pytest.mark.parametrize("dataset", available())
def test_every_tag_of_the_projects_schemas_has_a_meaning(dataset):
    forms = [re.sub("[A-Z]+", ".+", re.escape(form)) for form in known_tags()]
    texts = "\n".join(read_spec(dataset).texts)
    tags = re.findall(r'tag: "([^"]+)"', texts)
    assert tags and [tag for tag in tags
                     if not any(re.fullmatch(form, tag) for form in forms)] == []
