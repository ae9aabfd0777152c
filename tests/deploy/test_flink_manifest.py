"""The manifest of a Flink cluster: it has what the cluster of `make flink-e2e` was run with."""

import yaml

from deploy.flink.cluster import CONFIG
from deploy.serving.check import ROOT

MANIFEST = ROOT.parent / "flink" / "flinkdeployment.yaml"


def test_options_of_the_cluster_are_those_that_were_run():
    cluster = next(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
    given = cluster["spec"]["flinkConfiguration"]
    assert given.keys() <= CONFIG.keys()
    for key in ("restart-strategy.type", "taskmanager.network.sort-shuffle.min-parallelism"):
        assert given[key] == str(CONFIG[key])
