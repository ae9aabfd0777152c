"""The webhook: what is posted, to a small server of this machine, and that it costs no run."""

import json
import logging

import pytest
from refusals import refuses

from components.data_checks import Finding, Severity
from components.data_validator.verdict import DataVerdict
from pipeline import alerts
from pipeline.config import load_config

WARNING = Finding("bot_user", Severity.WARN, "interactions", "user", 9.0, 8.0, "one is busy",
                  "Look.")
FAILURE = Finding("fewer_rows", Severity.FAIL, "items", "item", 0.5, 0.4, "half are gone", "Ask.")
NOTE = Finding("no_past", Severity.INFO, "items", "", None, None, "no past", "Look yourself.")


def test_posts_the_verdict_with_its_reasons_the_worst_first(server):
    message = alerts.message("20260102-030405", "shop", "flagship",
                             DataVerdict((WARNING, FAILURE, NOTE), None, {}))
    assert alerts.post(server.address, message)
    ((kind, body),) = server.posted
    posted = json.loads(body)
    assert kind == "application/json" and posted.keys() == {
        "version", "run", "dataset", "recipe", "verdict", "headline", "reasons"}
    assert (posted["run"], posted["verdict"]) == ("20260102-030405", "FAIL")
    assert [one.split(":")[0] for one in posted["reasons"]] == [
        "Table items, column item", "Table interactions, column user"]


def test_a_server_that_refuses_costs_no_run_and_the_address_stays_secret(server, caplog):
    server.status = 500
    with caplog.at_level(logging.WARNING, "tessera.alerts"):
        assert not alerts.post(server.address, {})
        assert not alerts.post("http://127.0.0.1:1/hook?token=secret", {})
    assert len(caplog.records) == 2 and "secret" not in caplog.text


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://", "hook"])
def test_the_address_is_one_of_the_web(tmp_path, address):
    path = tmp_path / "run.yaml"
    path.write_text(f"dataset: demo\nalerts: {{webhook: '{address}'}}\n")
    with refuses("bad-configuration", "alerts.webhook"):
        load_config(path)
