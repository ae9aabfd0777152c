"""The comparison's loop around a pipeline that is made up."""

import json
from pathlib import Path

import pytest
from refusals import assert_refused, refuses

from pipeline.comparison import compare as module
from pipeline.comparison.compare import compare
from pipeline.comparison.plan import planned
from pipeline.comparison.record import folder_of
from pipeline.nodes import NodeError
from pipeline.run import Done
from schemas import InputError
from schemas.errors import DataAnomalyError


def ended(config, blessed=True, ndcg=0.25):
    return {"blessed": blessed, "not_blessed_because": [] if blessed else ["NDCG@10 is low"],
            "ranking": {"ndcg@10": ndcg}, "baselines": {"popularity": {"ndcg@10": 0.1}},
            "training": {"seconds": 5.0}, "dataset": config.dataset, "recipe": config.recipe_name,
            "timings": {"Trainer": 7.0, "Gate": 1.0},
            "cached": {"Trainer": False, "Gate": False},
            "stages": {"Trainer": "training", "Gate": "model"}, "peak_rss_mb": 1234}


def failed(node: str, cause: Exception) -> NodeError:
    error = NodeError(node)
    error.__cause__ = cause
    return error


@pytest.fixture
def plan(tiny_shop, tmp_path):
    return planned(None, ["flagship"], ["text"], 1, dataset="demo",
                   data_dir=tiny_shop, root=tmp_path / "root")


@pytest.fixture
def outcomes(monkeypatch, tmp_path):
    """What becomes of each recipe: a function of its configuration; the runs are noted."""
    chosen: dict = {}
    ran: list[str] = []

    def carry_out(config, spec, on_start, on_end):
        ran.append(config.recipe_name)
        folder = tmp_path / "root" / "runs" / f"2025-{len(ran)}"
        folder.mkdir(parents=True)
        result = chosen.get(config.recipe_name, ended)(config)
        if isinstance(result, Exception) and not isinstance(result, NodeError):
            raise result
        failure = result if isinstance(result, NodeError) else None
        return Done(folder, {} if failure else result, {}, failure)

    monkeypatch.setattr(module, "carry_out", carry_out)
    # There is no model, and to search all of TensorFlow's objects for one takes seconds.
    monkeypatch.setattr(module, "forget_model", lambda: chosen["forgotten"].append(ran[-1]))
    chosen.update(ran=ran, forgotten=[])
    return chosen


def written(tmp_path) -> dict:
    folder = tmp_path / "root" / "comparisons" / "demo" / "latest"
    return json.loads((folder / "comparison.json").read_text(encoding="utf-8"))


def test_a_recipe_that_does_not_fit_the_data_is_refused_before_anything_runs(
        tiny_shop, outcomes, console, tmp_path):
    wish = tmp_path / "wish.yaml"
    wish.write_text("description: A wish.\nrank_by: wished\n"
                    "tasks: {wished: {head: binary, label: wished}}\n")
    plan = planned(None, ["flagship", str(wish)], [], 1, dataset="demo",
                      data_dir=tiny_shop, root=tmp_path / "root")
    with refuses("recipe-needs-label", "'wish'", "'wished'"):
        compare(plan, "tessera compare", console)
    assert outcomes["ran"] == []


def test_one_table_with_recipes_ablations_and_baselines(plan, outcomes, console, tmp_path):
    outcomes["flagship-without-text"] = lambda config: ended(config, blessed=False, ndcg=0.2)
    assert compare(plan, "tessera compare --x", console) == 0
    result = written(tmp_path)
    assert [row["name"] for row in result["rows"]] == [
        "flagship", "flagship-without-text", "popularity"]
    assert (result["command"], result["planned"]) == ("tessera compare --x", 2)
    folder = (tmp_path / "root" / "comparisons" / "demo" / "latest").resolve()
    page = (folder / "comparison.md").read_text(encoding="utf-8")
    for text in ("    tessera compare --x\n", "| flagship-without-text | 0.2000 |",
                 "- flagship-without-text: NDCG@10 is low", "(ndcg.svg)", "(training.svg)",
                 "- The highest peak memory was 1,234 MiB."):
        assert text in page
    assert "still to come" not in page and (folder / "ndcg.svg").exists()
    assert [run["cost"] for run in result["runs"]] == 2 * [{"run_s": 8.0, "peak_rss_mb": 1234}]
    message = console.file.getvalue()
    assert "[2/2] flagship-without-text, seed 1: NDCG@10 0.2000, not blessed;" in message
    assert f"Comparison: {folder / 'comparison.md'}" in message


@pytest.mark.parametrize("fault", [
    lambda config: failed("Trainer", ValueError("shapes do not match")),
    lambda config: InputError("shapes", "shapes do not match")])
def test_a_recipe_that_fails_is_a_row_and_the_others_run(
        plan, outcomes, console, tmp_path, fault):
    outcomes["flagship"] = fault
    assert compare(plan, "tessera compare", console) == 1
    assert outcomes["ran"] == ["flagship", "flagship-without-text"] == outcomes["forgotten"]
    row, other, _ = written(tmp_path)["rows"]
    assert row["failed"] == 1 and "shapes do not match" in row["reasons"][0]
    assert other["blessed"] == 1
    assert "[1/2] flagship, seed 1: failed: " in console.file.getvalue()


def test_data_that_must_not_be_trained_on_stop_everything(plan, outcomes, console):
    outcomes["flagship"] = lambda config: failed(
        "DataGate", DataAnomalyError("faults", "too many faults"))
    with pytest.raises(DataAnomalyError):
        compare(plan, "tessera compare", console)
    assert outcomes["ran"] == ["flagship"]


def test_a_stopped_comparison_has_its_table_and_the_next_one_says_what_is_finished(
        plan, outcomes, console, tmp_path):
    outcomes["flagship-without-text"] = lambda config: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        compare(plan, "tessera compare", console)
    page = tmp_path / "root" / "comparisons" / "demo" / "latest" / "comparison.md"
    assert "1 of 2 runs are still to come." in page.read_text(encoding="utf-8")
    del outcomes["flagship-without-text"]
    console.file.truncate(0)
    assert compare(plan, "tessera compare", console) == 0
    assert "for 1 of 2 runs; 1 finished before" in console.file.getvalue()
    (folder_of(plan) / "comparison.json").write_text('{"runs": [')
    console.file.truncate(0)
    assert compare(plan, "tessera compare", console) == 0
    assert "none for 2 of 2 runs. " in console.file.getvalue(), "nothing half written counts"


def test_the_command_names_what_is_wrong(tessera, tmp_path):
    assert_refused(tessera("compare", "--dataset", "demo", "--recipes", "nope", "--root", tmp_path),
                   "Unknown recipe 'nope'")
    assert_refused(tessera("compare", "--recipes", "flagship"), "No dataset given")
    code, _, err = tessera("compare", "--dataset", "demo")
    assert code == 2 and "--recipes" in err
    code, _, err = tessera("compare", "--dataset", "demo", "--recipes", "flagship", "--seeds", "0")
    assert code == 2 and "--seeds" in err


def test_the_command_passes_everything_on(tessera, monkeypatch, tiny_shop, tmp_path):
    seen = []

    def run_all(plan, command, console):
        seen.append((plan.configs, command))
        return 0

    monkeypatch.setattr(module, "compare", run_all)
    code, _, _ = tessera(
        "compare", "--dataset", "demo", "--data-dir", tiny_shop, "--recipes", "flagship,implicit",
        "--without", "text, image", "--seeds", 2, "--root", tmp_path, "--split", "t80")
    ((configs, command),) = seen
    assert code == 0 and command.startswith("tessera compare --dataset demo")
    assert len(configs) == 2 * (2 + 2 + 2)
    assert {(c.split, c.data_dir, c.root) for c in configs} == {
        ("t80", Path(tiny_shop), tmp_path)}


def test_a_recipe_of_the_same_name_that_says_something_else_is_not_finished(
        outcomes, console, tmp_path, tiny_shop):
    message = []
    for dim in (16, 32):
        (tmp_path / "mine.yaml").write_text(
            f"{{description: w, model: {{dim: {dim}}}, "
            "tasks: {next: {head: retrieval, label: like}}}")
        console.file.truncate(0)
        compare(planned(None, [str(tmp_path / "mine.yaml")], [], 1, dataset="demo",
                        data_dir=tiny_shop, root=tmp_path / "root"), "tessera compare", console)
        message.append("none for 1 of 1 runs. " in console.file.getvalue())
    assert message == [True, True]
