"""The pushed model behind a real server, asked over gRPC: what only a whole run can show.

What each signature says of what it is sent is in the tests of the export, and so is that a server
says the same.
"""

import csv
import io
from contextlib import nullcontext

import numpy as np
import pytest
from rich.console import Console

from pipeline.demo import run_demo
from pipeline.nodes import NodeRun
from serving.client import Client

TASKS = ("retrieval", "rating", "like")
LENGTH = 30  # events of a history, by the schema


def table(project, side: str) -> list[dict[str, str]]:
    with (project.shop / f"{side}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def client(server):
    with Client("127.0.0.1", server.port) as open_client:
        yield open_client


@pytest.fixture(scope="module")
def events(project):
    """Each customer's events, newest first."""
    result: dict[str, list[dict[str, str]]] = {}
    for row in reversed(table(project, "interactions")):
        result.setdefault(row["customer"], []).append(row)
    return result


@pytest.fixture(scope="module")
def products(project):
    return table(project, "items")


def history(rows: list[dict[str, str]]) -> dict[str, list[list]]:
    newest = rows[:LENGTH]
    return {
        "item_id": [[row["product"] for row in newest]],
        "timestamp": [[int(row["time"]) for row in newest]],
        "stars": [[float(row["stars"] or -1) for row in newest]]}


def as_inputs(past: dict[str, list[list]]) -> dict[str, list[list]]:
    return {f"history_{name}": values for name, values in past.items()}


def assert_same(one, other) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        if values.dtype == object:
            np.testing.assert_array_equal(values, other[name])
        else:
            np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_query_by_id_is_the_query_with_that_history(client, events):
    compared = 0
    for user, rows in events.items():
        if len({row["time"] for row in rows}) < len(rows):
            continue  # the order within a second is ingest's own
        sent = as_inputs(history(rows))
        base = {"user_id": [user], "k": [10]}
        assert_same(client.predict("recommend", base), client.predict("recommend", base | sent))
        base = {"user_id": [user], "candidates": [["p0001", "p0002", "p0042"]]}
        assert_same(client.predict("serving_default", base),
                    client.predict("serving_default", base | sent))
        compared += 1
    assert compared > 30
    (one, *_), (other, *_) = events.items(), list(events.items())[1:]
    base = {"user_id": [one[0]], "candidates": [["p0001", "p0002"]]}
    own = client.predict("serving_default", base)
    others = client.predict("serving_default", base | as_inputs(history(other[1])))
    assert not any(np.allclose(own[task], others[task]) for task in TASKS)


def test_nothing_that_was_met_is_recommended_and_all_else_can_be(client, events, products):
    catalogue = {row["product"] for row in products}
    responses = client.recommend(list(events), k=len(catalogue))
    for rows, recommended in zip(events.values(), responses, strict=True):
        result = [one.item_id for one in recommended]
        assert len(result) == len(set(result))
        assert set(result) == catalogue - {row["product"] for row in rows}
        scores = [one.score for one in recommended]
        assert scores == sorted(scores, reverse=True)


def test_an_unknown_user_and_item_and_absent_values_get_an_answer(client, events):
    (response,) = client.recommend(["nobody knows me"], k=7)
    assert len({one.item_id for one in response}) == 7
    assert all(np.isfinite([one.score, *one.tasks.values()]).all() for one in response)
    scored = client.predict("serving_default", {
        "user_id": ["nobody knows me"], "candidates": [["no such thing", "", response[0].item_id]]})
    assert scored["retrieval"][0, 0] == scored["retrieval"][0, 1] != scored["retrieval"][0, 2]
    for task, prediction in ({**response[0].tasks, "retrieval": response[0].score}).items():
        assert scored[task][0, 2] == pytest.approx(prediction, rel=1e-5, abs=1e-5)
    absent = {"history_item_id": [[""] * 3] * 2, "history_timestamp": [[-1] * 3] * 2,
              "history_stars": [[-1.0] * 3] * 2, "timestamp": [-1, -1]}
    base = {"user_id": [next(iter(events)), ""], "k": [10, 10]}
    assert_same(client.predict("recommend", base), client.predict("recommend", base | absent))


def test_predictions_are_on_their_scales_and_weights_are_shares(client, events, products):
    users, items = list(events), [row["product"] for row in products]
    scored = client.predict("serving_default", {
        "user_id": users, "candidates": [items] * len(users)})
    shape = (len(users), len(items))
    assert all(scored[task].shape == shape for task in TASKS)
    assert np.all((scored["rating"] >= 1) & (scored["rating"] <= 5))
    assert np.all((scored["like"] > 0) & (scored["like"] < 1))
    assert scored["rating"].std() > 0.01 and scored["like"].std() > 0.001
    for side in ("user", "item"):
        weights = scored[f"{side}_modality_weights"]
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)


def test_the_demo_shows_recommendations_of_known_and_unknown_users(
        project, again, server, monkeypatch):
    # It would run the pipeline once more, and start a server as `ServerValidator` does.
    def run(config, console, on_end):
        on_end(NodeRun("Gate"))
        on_end(NodeRun("Pusher", types={"pushed_model": "PushedModel"}))
        return again.code

    monkeypatch.setattr("pipeline.demo.run", run)
    monkeypatch.setattr("pipeline.demo.running_server", lambda folder: nullcontext(
        (server.host, server.port) if folder == project.served else None))
    console = Console(file=io.StringIO(), width=200)
    assert run_demo(project.config(), console) == 0
    message = console.file.getvalue()
    for user in ("c0000", "c0001", "c0002", "a cold-start user"):
        assert f"Recommended to {user}" in message
    assert message.count("│ p0") == 4 * 5
    assert str(project.root / "runs" / "latest" / "data_report.html") in message
    assert len(project.pushed()) == 1
