import pytest

from schemas.inference.column import BYTES, FLOAT, INT, Column
from schemas.inference.labels import binary, find_ratings, rating, scale_of, threshold
from schemas.inference.meaning import meaning


def texts(name="x", rows=100, distinct=5, **facts):
    return Column(name, name, BYTES, rows, facts.pop("present", rows), distinct, **facts)


def numbers(name="x", values=(), rows=100, **facts):
    whole = all(float(value).is_integer() for value in values)
    facts.setdefault("distinct", len(values))
    facts.setdefault("kind", INT if whole else FLOAT)
    return Column(name, name, facts.pop("kind"), rows, rows, facts.pop("distinct"), whole=whole,
                  minimum=min(values), maximum=max(values),
                  values=tuple(map(str, sorted(values))), **facts)


@pytest.mark.parametrize(("column", "tags"), [
    (texts(words=8.0, distinct=90), ("text",)),
    (texts(words=4.0, distinct=4), ("categorical",)),
    (texts("title", words=1.2, distinct=99), ("text",)),
    (texts(words=1.0, distinct=40), ("categorical",)),
    (texts(words=1.0, distinct=99), ()),
    (texts(words=2.0, distinct=99), ("text",)),
    (texts(listed=True, most=3), ("categorical",)),
    (texts(distinct=1), ()),
    (texts(present=0, distinct=0), ()),
    (texts(dates=True, moments=(0, 9), distinct=90), ()),
    (texts(media="image"), ("image",)),
    (texts(media="audio"), ("audio",)),
    (texts(media="image", media_fault="image file a.png is missing"), ()),
    (texts(forms=frozenset({"url"}), distinct=99), ()),
    (texts(forms=frozenset({"mail address"}), distinct=99), ("pii",)),
    (numbers("price", (0.5, 99.0)), ("numeric",)),
    (numbers("brand_id", (1, 2, 3)), ("categorical",)),
    (numbers("vote_average", (1.5, 4.5)), ()),
    (numbers("avg_rating", (1.5, 4.5)), ()),
])
def test_modalities_of_items(column, tags):
    assert meaning(column, "items").tags == tags


def test_what_is_not_read_says_why():
    assert "the same value in every row" in meaning(texts(distinct=1), "items").comments[0]
    missing = texts(media="image", media_fault="image file a.png is missing")
    (message,) = meaning(missing, "items").comments
    assert message.startswith("DECIDE: not read") and 'add tag: "image"' in message
    assert "from later events" in meaning(numbers("score", (1.5, 2)), "items").comments[0]
    assert "not read by the model" in meaning(texts(), "interactions").comments[0]


@pytest.mark.parametrize("name", ["zip_code", "name", "Last Name", "street", "date_of_birth"])
def test_personal_data_of_users(name):
    proposal = meaning(texts(name, distinct=90), "users")
    assert proposal.tags == ("pii",) and "taken for personal data" in proposal.comments[-1]
    assert meaning(texts(name, distinct=30), "items").tags != ("pii",)


def test_whole_numbers_that_may_be_codes_are_asked_about():
    (_, question) = meaning(numbers("era", (1, 2, 3)), "items").comments
    assert question.startswith("DECIDE: whole numbers, 3 different")
    assert len(meaning(numbers("age", (18, 80)), "users").comments) == 1


@pytest.mark.parametrize(("values", "domain"), [
    ((3, 900), (0.0, None)), ((-3, 3), (None, None)), ((0, 1), (0.0, 1.0)),
    ((0.0, 0.5, 0.99), (0.0, 1.0)), ((0.0, 0.5, 0.7), (0.0, None)),
])
def test_domains(values, domain):
    assert meaning(numbers(values=values), "items").domain == domain


def test_what_all_of_a_table_says_is_a_closed_set_and_an_expected_presence():
    few = texts("kind", rows=100, distinct=2, values=("a", "b"))
    assert meaning(few, "items").strings == ("a", "b") and meaning(few, "items").usual
    partly = meaning(texts(distinct=2, values=("a", "b"), complete=False), "items")
    assert partly.strings == () and not partly.usual
    assert meaning(texts(rows=30, distinct=2, values=("a", "b")), "items").strings == ()
    assert meaning(few, "interactions").strings == ()
    assert not meaning(texts(present=99), "items").usual


@pytest.mark.parametrize(("values", "scale", "liked"), [
    ((1, 2, 3, 4, 5), (1, 5), 4), ((3, 4, 5), (1, 5), 4), ((0.5, 3.5, 5), (0.5, 5), 4),
    ((0, 3, 5), (0, 5), 4), ((2, 9, 10), (1, 10), 8), ((10, 37, 90), (0, 100), 75),
    ((1.25, 2.5), (1, 5), 4.0), ((-9, 9), (-10, 10), 5),
])
def test_scales_and_what_is_a_like(values, scale, liked):
    column = numbers("stars", values)
    assert scale_of(column) == scale and threshold(scale, column) == liked


def test_a_rating_by_name_and_one_by_values():
    stars, mood = numbers("stars", (1, 3, 5)), numbers("mood", (1, 2, 3, 4, 5))
    others = [numbers("quantity", (1, 2, 3, 4, 5)), numbers("x", (1, 2, 4, 5)),
              numbers("y", (0, 1)), numbers("score", (1, 4000))]
    assert find_ratings([mood, *others, stars], typed=False) == [stars, mood]
    assert find_ratings([mood, *others, stars], typed=True) == [stars]
    proposal = rating(mood, [stars], liked=False)
    assert proposal.tags == ("label:rating", "label:like>=4")
    assert proposal.kind == FLOAT and proposal.domain == (1, 5) and proposal.undecided == 3
    assert rating(stars, [], liked=True).tags == ("label:rating",)


@pytest.mark.parametrize(("values", "domain", "like", "asked"), [
    ((0, 1, 2, 3, 4, 5), (0, 5), "label:like>=4", True),
    ((0, 3, 8, 10), (0, 10), "label:like>=8", True),
    ((-1, 1, 2, 9, 10), (-1, 10), "label:like>=8", True),
    ((-1, 2, 4, 5), (-1, 5), "label:like>=4", True),
    ((0, 0.5, 1, 5), (0, 5), "label:like>=4", False),
    ((1, 2, 3, 4, 5), (1, 5), "label:like>=4", False),
    ((-1, 0, 1), (-1, 1), "label:like>=1", False),
    ((-10, -1, 3, 10), (-10, 10), "label:like>=5", False),
])
def test_a_rating_that_may_mean_that_nobody_rated_is_asked_about(values, domain, like, asked):
    proposal = rating(numbers("rating", values), [], liked=False)
    assert proposal.domain == domain and like in proposal.tags
    assert any("nobody rated" in comment for comment in proposal.comments) == asked


def test_labels_that_are_0_or_1():
    names = {"rating"}
    assert binary(numbers("liked", (0, 1)), names).tags == ("label:like",)
    assert binary(numbers("bought", (0, 1)), names).tags == ("label:bought",)
    assert binary(texts("kept", distinct=2, values=("No", "Yes")), names).tags == (
        "label:kept=Yes",)
    assert names == {"rating", "like", "bought", "kept"}
    assert binary(numbers("gender", (0, 1)), names) is None
    assert binary(numbers("bought", (0, 1)), names) is None
    assert binary(numbers("x", (0, 1, 2)), names) is None
    assert binary(texts(distinct=2, values=("red", "yes")), names) is None
    mixed = ("FALSE", "False", "TRUE", "True", "false")
    proposal = binary(texts("paid", distinct=5, values=mixed), set())
    assert (proposal.kind, proposal.tags, proposal.domain) == (INT, ("label:paid",), (0, 1))
    proposal = meaning(texts("premium", distinct=5, values=mixed), "items")
    assert (proposal.kind, proposal.tags, proposal.domain) == (INT, ("numeric",), (0, 1))
