import numpy as np
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from refusals import refuses
from tensorflow_data_validation.statistics import stats_impl
from worlds import column, history, small_spec

from pipeline.skew.measure import FEW, measure_skew
from pipeline.skew.requests import read_requests
from serving import wire
from serving.request_log import HISTORIES, RequestLog
from serving.tensors import tensor_proto

_COMPARED = "skew_comparator {{ jensen_shannon_divergence {{ threshold: {} }} }}"
ROWS = 300


def spec(limit=0.02, item="BYTES"):
    return small_spec(
        users=column("age", "INT", "numeric"), items=column("genre", "BYTES", "categorical"),
        events=column("stars", "FLOAT", "label:rating", domain=(1, 5))
        + column("review", "BYTES", "text")
        + history("before", "item_id", item) + history("times", "timestamp", "INT")
        + history("texts", "review", "BYTES") + column(
            "given", "FLOAT", "history:stars",
            rest="value_count { min: 0 max: 9 } " + _COMPARED.format(limit)),
        user="BYTES who", item=f"{item} what", time="when")


def statistics(items, stars):
    batch = pa.RecordBatch.from_arrays([pa.array(items), pa.array(stars)], ["before", "given"])
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())


TRAINED = statistics([[b"1", b"2"]] * ROWS + [[b"3"]] * ROWS,
                     [[4.0, 5.0]] * ROWS + [[3.0]] * ROWS)


@pytest.fixture
def log(tmp_path):
    """Writes requests to a version into a log, and returns its folder."""
    def write(items, stars, version=7, count=1):
        written = RequestLog(tmp_path / "log", 1.0)
        request, response = wire.message("PredictRequest")(), wire.message("PredictResponse")()
        response.model_spec.version.value = version
        for name, values, dtype in (("user_id", ["ann"] * len(items), object),
                                    ("history_item_id", items, object),
                                    ("history_timestamp", [[-1]] * len(items), np.int64),
                                    ("history_stars", stars, np.float32)):
            request.inputs[name].CopyFrom(tensor_proto(np.array(values, dtype)))
        for _ in range(count):
            written("recommend", request, response, {*HISTORIES, "history_stars"})
        written.close()
        return tmp_path / "log"

    return write


def skew_of(requests, trained=TRAINED, **given):
    return {one.input: one for one in measure_skew(spec(**given), trained, requests)}


ALIKE = [["1", "2"], ["3", ""]], [[4, 5], [3, -1]]


def test_what_is_distributed_alike_is_no_skew_and_what_is_not_is(log):
    folder = log(*ALIKE, count=ROWS)
    alike = skew_of(read_requests(folder))
    # Times move on, texts have no distribution, and nobody's id is known.
    assert set(alike) == {"history_item_id", "history_stars"}
    assert {one.verdict for one in alike.values()} == {"OK"}
    assert alike["history_item_id"].values == 3 * ROWS and alike["history_item_id"].value < 1e-6
    log([["3", "3"]], [[1, 3]], version=8, count=ROWS)
    other = skew_of(read_requests(folder))
    assert {one.verdict for one in other.values()} == {"SKEW"}
    assert other["history_item_id"].value == pytest.approx(2 / 3)
    assert skew_of(read_requests(folder, 7)) == alike


def test_values_that_are_never_sent_are_skew(log):
    stars = skew_of(read_requests(log([["1", "2"]], [[-1]], count=ROWS)))["history_stars"]
    assert (stars.values, stars.verdict) == (2 * ROWS, "SKEW")


def test_thresholds_are_those_of_the_schema_or_the_usual_one(log):
    requests = read_requests(log([["1", "2"], ["3", ""]], [[4, 4], [3, -1]], count=ROWS))
    strict, lenient = skew_of(requests), skew_of(requests, limit=0.9)
    assert (strict["history_stars"].measure, strict["history_stars"].threshold) == (
        "jensen_shannon_divergence", pytest.approx(0.02))
    assert (strict["history_stars"].verdict, lenient["history_stars"].verdict) == ("SKEW", "OK")
    assert (strict["history_item_id"].measure, strict["history_item_id"].threshold) == (
        "infinity_norm", pytest.approx(0.1))


@pytest.mark.parametrize(("rows", "count"), [
    (([["", ""]], [[-1, -1]]), ROWS),  # the stored history is asked for
    (([["3"]], [[3]]), FEW - 1),
])
def test_of_few_values_nothing_is_said(log, rows, count):
    few = skew_of(read_requests(log(*rows, count=count)))
    assert {(one.verdict, one.value) for one in few.values()} == {("too few values", None)}


def test_a_log_that_is_still_written_is_read_and_no_other_file(log, tmp_path):
    folder = log(*ALIKE, count=2)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    assert read_requests(folder).rows == 2, "the second record is not whole yet"
    with refuses("version-not-in-log", "1 to version 7", "--version"):
        read_requests(folder, 3)
    file.write_bytes(whole[:40] + b"x" + whole[41:])
    with refuses("bad-request-log", file):
        read_requests(folder)
    with refuses("no-request-log", tmp_path, "--request-log"):
        read_requests(tmp_path)
    file.unlink()
    (folder / "requests.tfrecord").mkdir()
    with refuses("bad-request-log", "requests.tfrecord"):
        read_requests(folder)


@pytest.mark.parametrize("stars", [[[4, 5]], [4, 5], 4])
def test_a_log_of_another_model_is_told(log, stars):
    with refuses("bad-request-log", "other histories"):
        read_requests(log([["1", "2"], ["3", ""]], stars))


def test_ids_that_are_numbers_are_compared_as_such(log):
    numbers = statistics([[1, 2]] * ROWS + [[3]] * ROWS, [[4.0, 5.0]] * ROWS + [[3.0]] * ROWS)
    log(*ALIKE, count=ROWS)
    requests = read_requests(log([["unknown", "+5"]], [[4, 5]]))
    items = skew_of(requests, numbers, item="INT")["history_item_id"]
    assert (items.values, items.verdict) == (3 * ROWS, "OK")
    assert items.measure == "jensen_shannon_divergence"
