"""The step that judges the data of a run, given what earlier steps wrote."""

from artifacts import artifact
from profiled import NOW, SPEC, Shop
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import standard_artifacts

from components.artifacts import DataProfile, DataVerdict, Quarantine
from components.data_profile.component import write_profile
from components.data_validator import component
from components.data_validator.verdict import DataVerdict as Verdict
from schemas import SIDES


def test_the_verdict_is_of_the_run_that_judged_though_the_profile_is_of_an_earlier_one(tmp_path):
    """The profile of data that did not change comes from the cache."""
    profile = Shop().profile(tmp_path)
    write_profile(str(tmp_path / "profile"), profile | {"run": "monday", "moment": NOW})
    given = {"profile": [artifact(DataProfile, tmp_path / "profile")],
             "quarantine": [artifact(Quarantine, tmp_path / "quarantine")]}
    (tmp_path / "quarantine" / "quarantine.jsonl").touch()
    for side in SIDES:
        folder = tmp_path / "anomalies" / side / "Split-all"
        folder.mkdir(parents=True)
        (folder / "SchemaDiff.pb").write_bytes(anomalies_pb2.Anomalies().SerializeToString())
        given[f"{side}_anomalies"] = [artifact(
            standard_artifacts.ExampleAnomalies, folder.parent, ["all"])]
    verdict = artifact(DataVerdict, tmp_path / "verdict")
    component.Executor(BaseExecutor.Context(pipeline_run_id="tuesday")).Do(
        given, {"verdict": [verdict]},
        {"spec": SPEC.to_json(), "past_run": "", "max_quarantine_share": 0.01})
    read = Verdict.load(verdict.uri)
    assert (read.run, read.past) == ("tuesday", None)
    assert read.moment > NOW
