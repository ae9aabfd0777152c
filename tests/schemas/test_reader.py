import json
import re

import pytest
from refusals import refuses
from worlds import column, history, id_columns, unseen

from schemas import SIDES, InputError, available, parse_spec, read_spec
from schemas.tags import known_tags

USERS, ITEMS = id_columns()
EVENTS = USERS + ITEMS
WHEN = column("when", "INT", "timestamp")
KIND = column("kind", "BYTES", "event_type")


def parse(users: str = USERS, items: str = ITEMS, interactions: str = EVENTS):
    return parse_spec("shop", [users, items, interactions])


@pytest.mark.parametrize("dataset", available())
def test_the_projects_schemas_are_read_and_travel_as_json(dataset):
    spec = read_spec(dataset)
    assert {f.side for f in spec.features} == set(SIDES)
    assert parse_spec(**json.loads(spec.to_json())) == spec


def test_domains_bounds_shapes_and_presence():
    spec = parse(users=(
        USERS + column("sex", "BYTES", "categorical", domain=("F",))
        + column("tongue", "BYTES", "categorical", rest='domain: "tongues"')
        + column("score", "FLOAT", "numeric", domain=(-1, None),
                 rest="presence { min_fraction: 1.0 }")
        + column("many", "INT", most=4) + column("boundless", "INT", rest="value_count { min: 0 }")
        + 'string_domain { name: "tongues" value: "zh" value: "fr" }'
    ))
    sex, tongue, score, many, boundless = spec.table("users")[1:]
    assert (sex.values, tongue.values) == (("F",), ("zh", "fr"))
    assert (score.minimum, score.maximum, score.required, score.scalar) == (-1.0, None, True, True)
    assert not sex.required
    assert (many.max_values, many.dtype, boundless.max_values) == (4, int, None)


def test_labels_have_scale_and_threshold():
    spec = parse(
        users=USERS + column("sex", "BYTES", "categorical", "label:sex", domain=("F", "M")),
        interactions=EVENTS + column("score", "FLOAT", "label:rating", "label:like>=3.5",
                                     "label:cold>=-2", domain=(1, 5))
        + column("clicked", "INT", "label:click", domain=(0, 1)))
    rating, like, cold, click, sex = spec.labels
    assert (rating.side, rating.classes) == ("interactions", ())
    assert (rating.minimum, rating.maximum, rating.threshold) == (1.0, 5.0, None)
    assert (like.feature, like.threshold, cold.threshold) == ("score", 3.5, -2.0)
    assert [label.binary for label in spec.labels] == [False, True, True, True, False]
    assert click.feature == "clicked"
    assert (sex.side, sex.classes, sex.minimum, sex.maximum) == ("users", ("F", "M"), 0.0, 1.0)
    assert spec.labels_of("users") == (sex,) and spec.labels_of("items") == ()
    assert [f.name for f in spec.inputs("users")] == ["sex"]
    assert spec.inputs("users", targets=("sex",)) == ()


def test_event_types_have_weights_and_make_labels():
    spec = parse(interactions=EVENTS + unseen("others", "BYTES") + column(
        "kind", "BYTES", "event_type", "weight:view=0.2", "weight:add to cart=2",
        "label:bought=purchase"))
    assert spec.event_weights() == {"view": 0.2, "add to cart": 2.0}
    (bought,) = spec.labels
    assert (bought.equals, bought.binary) == ("purchase", True)
    others = spec.unseen()
    assert others is not None and (others.max_values, others.derived) == (2, True)
    assert others not in spec.inputs("interactions")
    assert parse().event_weights() == {} and parse().unseen() is None


def test_event_types_are_named_by_role_or_by_column_and_texts_by_column():
    for what in ("event_type", "kind"):
        spec = parse(interactions=EVENTS + WHEN + KIND + history("kinds", what, "BYTES"))
        assert spec.histories()[what].name == "kinds"
        assert spec.history_source(what).name == "kind"
    spec = parse(interactions=EVENTS + WHEN + NOTE + history("notes", "note", "BYTES"))
    assert spec.history_source("note").modality == "text"


def test_a_sound_track_is_built_at_ingest_and_yet_an_input():
    film, track = parse(items=ITEMS + FILM + TRACK).inputs("items")
    assert (film.sound_of, track.sound_of) == (None, "film")
    assert (film.derived, track.derived) == (False, True)


NOTE, PLACE = column("note", "BYTES", "text"), column("place", "BYTES", "categorical")
FILM, TRACK = column("film", "BYTES", "video"), column("track", "BYTES", "audio", "sound_of:film")


def number(*tags: str) -> str:
    return column("score", "FLOAT", *tags)


def text_column(*tags: str, **more) -> str:
    return column("said", "BYTES", *tags, **more)


def past(name: str, of: str) -> str:
    return history(name, of, "BYTES")


# By table: what is added to its id columns, the code, and a word of the message.
BAD = {
    "users": [
        (number("numerical"), "unknown-tag", "user_id"),
        (text_column("label:sort", domain=("a",)), "label-of-text", "two at least"),
        (number("label:wealth", "pii"), "label-misplaced", "personal data"),
        (number("numeric", "text"), "contradicting-tags", "both 'numeric' and 'text'"),
        (number("user_id"), "duplicate-role", "who and score"),
        ('feature { name: "x" }', "bad-feature-type", "BYTES, INT or FLOAT"),
    ],
    "items": [
        (TRACK, "sound-of-misplaced", "it has none"),
        (FILM + text_column("sound_of:film"), "sound-of-misplaced", "'audio'"),
        ("feature { nme: 1 }", "schema-syntax", "nme"),
        ("feature {", "schema-syntax", 'Expected "}"'),
        (text_column("history:item_id"), "history-misplaced", "the interactions"),
        (number("label:quality"), "label-misplaced", "a column of the items"),
        (number() + number(), "duplicate-feature", "'items'"),
    ],
    "interactions": [
        (text_column("event_type", "weight:b=2", "weight:b=3"), "contradicting-tags",
         "2.0 and 3.0"),
        (text_column("event_type", "weight:buy=lots"), "bad-weight-tag", "'weight:buy=lots'"),
        (text_column("weight:view=2"), "weight-without-event-type", "'event_type'"),
        (column("score", "INT", "event_type"), "event-type-misplaced", "BYTES"),
        (number("history:what", "history:who"), "contradicting-tags", "both 'what' and 'who'"),
        (history("past", "item_id", "BYTES"), "history-needs-timestamp", "'timestamp'"),
        (history("past", "score", "FLOAT"), "history-misplaced", "item_id, user_id"),
        (WHEN + history("past", "item_id", "FLOAT"), "history-type-differs", "'item_id'"),
        (WHEN + PLACE + past("one", "place"), "history-of-other-kind", "'place'"),
        (WHEN + KIND + past("one", "kind") + past("two", "event_type"), "duplicate-history",
         "event types"),
        (WHEN + NOTE + NOTE.replace("note", "other") + past("one", "note") + past("two", "other"),
         "duplicate-history", "texts"),
        (WHEN + past("one", "what") + past("two", "item_id"), "duplicate-history", "item ids"),
        (unseen("score"), "unseen-misplaced", "'unseen'"),
        (number("label:like>=4.5.5"), "bad-label-tag", "label:NAME"),
        (number(f"label:like>={'9' * 400}"), "bad-label-tag", "4 or -0.5"),
        (text_column("event_type", f"weight:buy={'9' * 400}"), "bad-weight-tag", "weight:VALUE=X"),
        *((column("score", "FLOAT", rest=rest), code, words) for rest, code, words in (
            ("float_domain { min: nan max: 5 }", "schema-number-not-finite", "float_domain.min"),
            ("float_domain { max: 1e400 }", "schema-number-not-finite", "float_domain.max is inf"),
            ("presence { min_fraction: nan }", "schema-number-not-finite", "presence.min_fraction"),
            ("drift_comparator { jensen_shannon_divergence { threshold: inf } }",
             "schema-number-not-finite", "jensen_shannon_divergence.threshold"),
            ("value_count { max: -1 }", "schema-number-out-of-range", "-1, expected 0 at least"),
            ("presence { min_fraction: 1.5 }", "schema-number-out-of-range", "expected 0 to 1"),
            ("value_count { min: 3 max: 2 }", "schema-range-empty", "value_count goes from 3 to 2"),
            ("float_domain { min: 5 max: 1 }", "schema-range-empty", "from 5 to 1"),
            ("shape { dim { size: 2 } }", "bad-feature-shape", "value_count { min: 2 max: 2 }"),
            ("shape { dim { size: 1 } dim { size: 3 } }", "bad-feature-shape", "1 x 3"))),
        *((column(name, "BYTES"), "bad-feature-name", "is no name of a column")
          for name in ("", " ", "a{b", "{score}", "a\\nb", "score ")),
        (text_column(rest='domain: "tonges"'), "unknown-string-domain", "'tonges'"),
        (number("label:good=yes"), "label-compares-number-with-text", "'yes'"),
        (number("label:rating") + column("b", "FLOAT", "label:rating"), "duplicate-label",
         "rating"),
        (text_column("label:mood"), "label-of-text", "BYTES"),
    ],
}


@pytest.mark.parametrize(("side", "columns", "code", "word"), [
    (side, *case) for side, cases in BAD.items() for case in cases])
def test_a_malformed_schema_is_refused(side, columns, code, word):
    texts = {"users": USERS, "items": ITEMS, "interactions": EVENTS}
    with refuses(code, word) as error:
        parse(**{side: texts[side] + columns})
    assert error.value.exit_code == 2


def test_a_table_without_an_id_is_refused():
    for side, columns in (("items", number("numeric")), ("interactions", USERS)):
        with refuses("no-feature-of-role", f"'{side}'", "'item_id'"):
            parse(**{side: columns})


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    for name in ("dmo", tmp_path / "nowhere"):
        with refuses("unknown-schema", str(name), "Known: demo, movielens"):
            read_spec(name)


def test_a_folder_of_ones_own(tmp_path):
    for side, text in zip(SIDES, (USERS, ITEMS, EVENTS), strict=True):
        (tmp_path / f"{side}.pbtxt").write_text(text, encoding="utf-8")
    assert read_spec(tmp_path).id_key("users").name == "who"
    assert read_spec(str(tmp_path)).name == tmp_path.name
    (tmp_path / "items.pbtxt").write_bytes(b"\xff")
    with refuses("schema-not-utf8", "items.pbtxt"):
        read_spec(tmp_path)
    (tmp_path / "items.pbtxt").unlink()
    ids = read_spec(tmp_path).table("items")
    assert [f.role for f in ids] == ["item_id"]
    (tmp_path / "interactions.pbtxt").unlink()
    with refuses("no-schema-file", "interactions.pbtxt"):
        read_spec(tmp_path)


def test_a_folder_in_the_way_does_not_hide_the_projects_schema(tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_spec("demo").name == "demo"


@pytest.mark.parametrize("name", ["timestamp", "user_id", "event_types", "history_age",
                                  "unseen_index", "sharing", "fusion", "plot_"])
def test_an_input_of_a_table_is_not_called_like_what_a_request_brings(name):
    taken = column(name, "BYTES", "categorical")
    for side, own in (("users", USERS), ("items", ITEMS)):
        with refuses("model-name-taken", repr(name)):
            parse(**{side: own + taken})
    parse(users=USERS + column(name, "BYTES", "pii"), interactions=EVENTS + taken)


def fault(tag: str) -> str | None:
    """Returns the code of what is wrong with a column of one tag; `None` if nothing is."""
    try:
        parse(users=USERS + number(tag))
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


def test_a_schema_that_notepad_has_written(tmp_path):
    (tmp_path / "interactions.pbtxt").write_text(EVENTS.replace("\n", "\r\n"), "utf-8-sig")
    assert read_spec(tmp_path).role("item_id").name == "what"


def test_a_bound_is_the_number_that_is_written():
    """A float_domain holds 32 bits, in which 0.1 is larger than 0.1 and 0.9 is smaller."""
    share = parse(items=ITEMS + column("share", "FLOAT", "numeric", domain=(0.1, 0.9))).table(
        "items")[1]
    assert (share.minimum, share.maximum) == (0.1, 0.9)
