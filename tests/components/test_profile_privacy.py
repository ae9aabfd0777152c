"""What a profile keeps of people: nothing that one of them could be read from."""

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from profiled import SPEC as SHOP
from profiled import change, spoiled
from worlds import column, small_spec

from components.data_checks import CHECKS, Data, judge
from components.data_profile.columns import profile_categories, profile_texts
from components.data_profile.statistics import compared_statistics, statistics_file
from components.data_validator.drift import measure_drift

SPEC = small_spec(users=column("age", "INT", "numeric") + column("mail", "BYTES", "pii")
                  + column("town", "BYTES", "categorical") + column("about", "BYTES", "text"))


def _statistics(path, shift=0):
    frame = pd.DataFrame({
        "who": [[f"secret{n}"] for n in range(60)],
        "age": [[20 + shift + n % 30] for n in range(60)],
        "mail": [[f"secret{n}@x.org"] for n in range(60)],
        "about": [[f"I am secret{n}"] for n in range(60)],
        "town": [["Rome" if n % (3 + shift) else "secretville"] for n in range(60)]})
    statistics = tfdv.generate_statistics_from_dataframe(frame)
    path.write_bytes(statistics.SerializeToString())
    return path


def test_the_statistics_of_a_profile_hold_no_value_and_the_same_drift(tmp_path):
    whole, kept = tmp_path / "whole", tmp_path / "kept"
    for name, shift in (("today", 9), ("past", 0)):
        for folder in (whole, kept):
            (folder / name).mkdir(parents=True)
            for side in ("items", "interactions"):
                (folder / name / statistics_file(side)).write_bytes(
                    tfdv.generate_statistics_from_dataframe(
                        pd.DataFrame({"what": [["tea"]]})).SerializeToString())
        path = _statistics(whole / name / statistics_file("users"), shift)
        statistics = compared_statistics(SPEC, "users", path)
        (kept / name / statistics_file("users")).write_bytes(statistics.SerializeToString())
        content = statistics.SerializeToString()
        assert b"secret" in path.read_bytes()
        assert b"secret" not in content and b"Rome" not in content
        assert {one.path.step[0] for one in statistics.datasets[0].features} == {"age", "town"}
    drifts = [measure_drift(SPEC, str(folder / "today"), str(folder / "past"))
              for folder in (whole, kept)]
    assert drifts[0] == pytest.approx(drifts[1]) and min(drifts[0].values()) > 0


def test_a_word_is_kept_where_enough_people_wrote_it():
    texts = [b"nice Zebediah Quux"] * 8 + [b"nice lamp"] * 5
    writers = np.array([0] * 8 + [1, 2, 3, 4, 5])
    words = profile_texts(np.array(texts, object), writers)["vocabulary"]
    assert set(words) == {"nice", "lamp"} and words["lamp"] == 5 / 13
    assert set(profile_texts(np.array(texts, object), writers, 6)["vocabulary"]) == {"nice"}
    assert "quux" in profile_texts(np.array(texts, object))["vocabulary"], "texts of items"


def test_a_category_of_few_people_has_no_name_and_is_no_news(tmp_path):
    values = np.array([b"Rome"] * 9 + [b"Quuxville"] * 3, object)
    kept = profile_categories(values, np.arange(12))
    assert "Quuxville" not in kept["values"] and kept["values"]["Rome"] == 9
    assert kept["distinct"] == 2 and kept["count"] == 12
    assert "Quuxville" in profile_categories(values)["values"], "a shop's own"
    assert "Rome" not in profile_categories(values, np.zeros(12, int))["values"], "all of one user"


@pytest.mark.parametrize("more", [0, 9])
def test_a_rare_category_that_became_frequent_is_no_new_one(more):
    past = {"categorical": profile_categories(
        np.array([b"Rome"] * 60 + [b"Bern"] * 3, object), np.arange(63))}
    today = {"categorical": profile_categories(
        np.array([b"Rome"] * 60 + [b"Bern"] * (3 + more), object), np.arange(63 + more))}
    profiles = [{"columns": {"users": {"town": {**one, "filled": 63, "missing": 0.0, "lost": 0}}}}
                for one in (today, past)]
    findings = list(CHECKS["new_categories"].measure(Data(SPEC, *profiles, {}, 0.01)))
    assert [one.value for one in findings] == [0.0]


def test_the_words_of_one_reviewer_are_in_no_profile_and_no_finding(past, tmp_path):
    today = spoiled(change("interactions", "review", lambda v, n: (
        "Wonderful. Yours, Zebediah Quux" if n % 40 == 7 else v)), tmp_path / "today")
    assert "quux" not in today["columns"]["interactions"]["review"]["texts"]["vocabulary"]
    assert not [one for one in judge(Data(SHOP, today, past, {}, 0.01)) if "quux" in one.what]
