"""The data gate: what it lets through, what stops it and how it says why."""

import json

import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from refusals import refuses
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.types import channel, standard_artifacts
from worlds import column, small_spec

from components.artifacts import DataReport, Quarantine, Verdict
from components.data_gate import executor
from components.data_gate.component import DataGate
from components.verdict import Outcome
from schemas import SIDES, DataAnomalyError, InputError


@pytest.fixture
def run_gate(tmp_path):
    """Runs the executor; returns the outcome."""

    def run(anomalies=None, quarantined=0, lines=(), limit=0.01, remarks=None, splits=None):
        inputs = {}
        for side in SIDES:
            artifact = standard_artifacts.ExampleAnomalies()
            artifact.uri = str(tmp_path / side)
            for split in ("train", "test") if side == "interactions" else ("all",):
                folder = tmp_path / side / f"Split-{split}"
                folder.mkdir(parents=True)
                proto = (anomalies or {}).get((side, split), anomalies_pb2.Anomalies())
                (folder / "SchemaDiff.pb").write_bytes(proto.SerializeToString())
            inputs[f"{side}_anomalies"] = [artifact]
        quarantine, report, verdict = Quarantine(), DataReport(), Verdict()
        quarantine.uri, report.uri = str(tmp_path / "quarantine"), str(tmp_path / "report")
        verdict.uri = str(tmp_path / "verdict")
        _write_quarantine(tmp_path / "quarantine", quarantined, lines, remarks or {}, splits or {})
        executor.Executor().Do(
            {**inputs, "quarantine": [quarantine], "report": [report]},
            {"verdict": [verdict]},
            {"max_quarantine_share": limit, "code_digest": ""},
        )
        return Outcome.load(verdict.uri)

    return run


def _write_quarantine(folder, quarantined, lines, remarks, splits):
    folder.mkdir()
    clean = {"read": 0, "kept": 0, "quarantined": 0}
    counts = {"users": clean, "items": clean, "splits": splits, "split": "u80", "remarks": remarks,
              "interactions": {"read": 1000, "kept": 1000 - quarantined,
                               "quarantined": quarantined}}
    (folder / "counts.json").write_text(json.dumps(counts))
    (folder / "quarantine.jsonl").write_text("".join(json.dumps(r) + "\n" for r in lines))


def _record(line, reason, kind="row"):
    return {"table": "interactions", "source": "u.data", "line": line, "kind": kind,
            "reason": reason}


NOTE = {"column": "t", "what": "are doubtful", "count": 9, "example": "5 in f, line 1"}
NOTES = {"notes": [NOTE], "lost": [{"column": "size", "count": 19}]}


@pytest.mark.parametrize("given", [
    {"quarantined": 10}, {"quarantined": 13, "limit": 0.02}, {"remarks": {"items": NOTES}},
    {"splits": {"train": 998, "validation": 1, "test": 1}},
], ids=["few in quarantine", "as many as allowed", "notes", "a row in each split"])
def test_lets_clean_data_through(run_gate, given):
    outcome = run_gate(**given)
    assert outcome.passed
    assert outcome.figures["quarantined_share"] == {
        "users": 0.0, "items": 0.0, "interactions": given.get("quarantined", 0) / 1000}


def test_names_every_anomaly(run_gate):
    bad = anomalies_pb2.Anomalies()
    bad.anomaly_info["stars"].description = "Unexpectedly large value: 9."
    bad.anomaly_info["time"].short_description = "Column dropped"
    empty = anomalies_pb2.Anomalies()
    empty.dataset_anomaly_info.description = "There are too few examples."
    with pytest.raises(DataAnomalyError) as error:
        run_gate({("interactions", "test"): bad, ("users", "all"): empty})
    assert str(error.value).splitlines()[1:-1] == [
        "- Table users, split all, all of it: There are too few examples.",
        "- Table interactions, split test, feature stars: Unexpectedly large value: 9.",
        "- Table interactions, split test, feature time: Column dropped",
    ]
    assert error.value.exit_code == 3


def test_names_the_table_with_too_many_rows_in_quarantine(run_gate, tmp_path):
    lines = [_record(n, f"User '{n}' is not in the users table.") for n in range(1, 13)]
    lines += [_record(20, "The time 'x' is not a number."), _record(21, "no picture", "value")]
    with pytest.raises(DataAnomalyError) as error:
        run_gate(quarantined=13, lines=lines)
    assert str(error.value) == (
        "The data must not be trained on:\n"
        "- Table interactions: 13 of 1,000 rows (1.30%) were quarantined, above the limit of "
        "1.00%. Most frequent: 12 x User … is not in the users table (such as u.data line 1); "
        "1 x The time … is not a number (such as u.data line 20).\n"
        "Correct the data or its schema. The data report has more: "
        f"{tmp_path / 'report' / 'data_report.html'}"
    )


def test_a_column_that_lost_all_of_its_many_values_stops_the_run(run_gate):
    lost = [{"column": "price", "count": 1234}, {"column": "size", "count": 19}]
    with pytest.raises(DataAnomalyError) as error:
        run_gate(remarks={"items": {"notes": [], "lost": lost}})
    assert "- Table items: all 1,234 values of price were left out" in str(error.value)
    assert "size" not in str(error.value)


def test_a_column_that_few_rows_had_may_lose_all_of_its_values(run_gate):
    lost = {"interactions": {"notes": [], "lost": [{"column": "note", "count": 25}]}}
    assert run_gate(told=lost, limit=0.025).passed


@pytest.mark.parametrize("spoil", ["missing", "broken"])
def test_unreadable_anomalies_do_not_pass(tmp_path, spoil):
    if spoil == "broken":
        (tmp_path / "Split-all").mkdir()
        (tmp_path / "Split-all" / "SchemaDiff.pb").write_bytes(b"\xff\xff")
    with pytest.raises(InputError, match="holds no split|cannot be read"):
        executor.anomaly_reasons({"users": str(tmp_path)})


def test_component_has_a_default_limit():
    anomalies = {
        f"{side}_anomalies": channel.Channel(type=standard_artifacts.ExampleAnomalies)
        for side in SIDES
    }
    gate = DataGate(
        **anomalies, quarantine=channel.Channel(type=Quarantine),
        report=channel.Channel(type=DataReport),
    )
    assert gate.exec_properties["max_quarantine_share"] == 0.01
    assert len(gate.exec_properties["code_digest"]) == 16


def test_stops_where_a_split_has_no_row(run_gate):
    with refuses("data-not-trainable", "'u80'", "validation and test"):
        run_gate(splits={"train": 1000, "validation": 0, "test": 0})


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
    found = stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
    schema = text_format.Parse(BUILT.expectations(side), schema_pb2.Schema())
    assert sorted(tfdv.validate_statistics(found, schema).anomaly_info) == broken
    assert [(f.name, f.type, f.annotation) for f in schema.feature] == [
        (f.name, f.type, f.annotation) for f in BUILT.schema(side).feature]
