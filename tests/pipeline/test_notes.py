from pipeline.notes import notes

SOUND = {
    "ranking": {"users": 250}, "test": {"events": 2400, "candidates": 390, "new_items_share": 0.03,
                                        "new_users_share": 0.0},
    "unseen": {"candidates": 40, "model": {"users": 150}},
    "labels": {"like": {"labels": {"like": {
        "training_rows": 9600, "training_value": None, "test_rows": 2400, "test_value": None}}}},
}


def notes_of(**changes):
    return [(note["code"], note.get("of")) for note in notes(SOUND | changes)]


def test_few_users_and_candidates_are_named():
    assert notes(SOUND) == [] and notes({}) == []
    assert notes_of(ranking={"users": 73}) == [("few_ranked_users", "ranking")]
    assert "73 users" in notes(SOUND | {"ranking": {"users": 73}})[0]["text"]
    assert notes_of(unseen={"candidates": 2, "model": {"users": 150}}) == [
        ("few_candidates", "unseen")]
    assert notes_of(unseen={"candidates": 40, "model": {"users": 3}}) == [
        ("few_ranked_users", "unseen")]
    assert notes_of(test=SOUND["test"] | {"candidates": 9}) == [("few_candidates", "ranking")]
    assert notes_of(unseen={"candidates": 2, "skipped": "none"}) == []


def test_a_test_of_new_items_or_users_is_named():
    assert notes_of(test=SOUND["test"] | {"new_items_share": 0.74}) == [("new_items", None)]
    (note,) = notes(SOUND | {"test": SOUND["test"] | {"new_users_share": 0.5}})
    assert note["code"] == "new_users" and note["share"] == 0.5
    assert "50% of the 2,400 test events" in note["text"]


def of_label(training, test):
    return notes({"labels": {"buys": {"labels": {"bought": {
        "training_rows": 9600, "training_value": training, "test_rows": 2400,
        "test_value": test}}}}})


def test_a_label_of_one_value_is_said_in_a_sentence():
    (note,) = of_label(1.0, 1.0)
    assert (note["code"], note["task"], note["splits"]) == (
        "constant_label", "buys", ["training", "test"])
    assert note["text"] == (
        "The label 'bought' of the task 'buys' is 1 in all 9,600 training rows that have it and 1 "
        "in all 2,400 test rows that have it: there is nothing to learn, and an area under the "
        "curve is not measurable.")
    (note,) = of_label(0.0, None)
    assert note["splits"] == ["training"] and "not measurable" not in note["text"]
    (note,) = of_label(None, 0.0)
    assert note["splits"] == ["test"] and "not measurable" in note["text"]
