import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from artifacts import artifact
from google.protobuf import text_format
from refusals import refuses
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2
from worlds import column, small_spec

from components.artifacts import DataReport, DataVerdict, Verdict
from components.data_checks import Finding, Severity
from components.data_gate import component
from components.data_validator import verdict as verdicts
from components.verdict import Outcome


@pytest.fixture
def run_gate(tmp_path):
    """Runs the executor on findings; returns the outcome."""

    def run(*findings):
        given, report, verdict = (artifact(kind, tmp_path / name) for name, kind in (
            ("given", DataVerdict), ("report", DataReport), ("verdict", Verdict)))
        verdicts.DataVerdict(findings, "before", {}).save(given.uri)
        component.Executor().Do({"data_verdict": [given], "report": [report]},
                               {"verdict": [verdict]}, {"code_digest": ""})
        return Outcome.load(verdict.uri)

    return run


def _finding(severity, column="price"):
    return Finding("lost_values", severity, "items", column, 0.5, 0.01, "half is lost", "Look.",
                   30, 0.5)


def test_lets_data_with_warnings_through_and_names_them(run_gate):
    outcome = run_gate(_finding(Severity.WARN), _finding(Severity.INFO, "age"))
    assert outcome.passed
    assert outcome.figures["data"] == {"verdict": "WARN", "past": "before", "warnings": [
        "Table items, column price: half is lost (lost_values 0.5 > 0.01). Look."]}
    assert run_gate().figures["data"]["verdict"] == "OK"


def test_stops_at_a_failure_and_names_each_with_the_page(run_gate, tmp_path):
    with refuses("data-not-trainable", "- Table items, column price: half is lost",
                 str(tmp_path / "report" / "data_report.html")) as message:
        run_gate(_finding(Severity.FAIL), _finding(Severity.WARN, "age"))
    assert "age" not in str(message.value) and message.value.exit_code == 3


ALWAYS = "presence { min_fraction: 1.0 min_count: 1 }"
BUILT = small_spec(
    items=column("sold", "INT", "events", one=True, domain=(100, None)),
    events=column("stars", "FLOAT", "numeric", domain=(1, 5))
    + column("others", "INT", "unseen", count=2, rest=ALWAYS)
    + column("before", "INT", "history:item_id", domain=(5, None),
             rest=f"{ALWAYS} value_count {{ min: 1 max: 3 }}")
    + column("given", "FLOAT", "history:stars", domain=(1, 5),
             rest="value_count { min: 1 max: 3 }"),
    user="INT who", item="INT what", time="when")


@pytest.mark.parametrize(("side", "rows", "broken"), [
    ("interactions", {
        "who": [[1], [1]], "what": [[1], [2]], "when": [[9], [9]], "stars": [[2.0], [9.0]],
        "others": [[3], None], "before": [None, [1]], "given": [None, [-1.0]]}, ["stars"]),
    ("interactions", {"who": [[1]], "what": [[1]], "when": [[9]], "stars": [[2.0]]}, []),
    ("items", {"what": [[1], [2]], "sold": [[0], [3]]}, []),
])
def test_columns_that_ingest_builds_are_held_against_nothing(side, rows, broken):
    batch = pa.RecordBatch.from_arrays([pa.array(v) for v in rows.values()], list(rows))
    result = stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
    schema = text_format.Parse(BUILT.expectations(side), schema_pb2.Schema())
    assert sorted(tfdv.validate_statistics(result, schema).anomaly_info) == broken
    assert [(f.name, f.type, f.annotation) for f in schema.feature] == [
        (f.name, f.type, f.annotation) for f in BUILT.schema(side).feature]
