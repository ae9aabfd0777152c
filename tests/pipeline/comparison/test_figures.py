import pytest

from pipeline.comparison.figures import of_run, rows, shown
from pipeline.comparison.record import against_single_tasks
from pipeline.comparison.table import cells, markdown, notes, summary
from trainer.tasks import TASK_KINDS


def metric_facts(kind):
    return {metric.key: metric.facts for metric in TASK_KINDS[kind].metrics}


BASELINES = {"popularity": {"ndcg@10": 0.05, "recall@20": 0.1, "hr@10": 0.2},
             "ease": {"skipped": "Too many items."}}


def metrics(ndcg=0.1, blessed=True, **more):
    return {
        "blessed": blessed, "not_blessed_because": [] if blessed else ["too slow"],
        "ranking": {"ndcg@10": ndcg, "recall@20": 0.3, "hr@10": 0.4, "users": 9},
        "baselines": BASELINES,
        "unseen": {"candidates": 40, "model": {"ndcg@10": 0.5, "recall@50": 1.0, "ndcg@10_se": 0.1},
                   "random": {"ndcg@10": 0.2, "recall@50": 0.9}},
        "tasks": {"rating": {"rmse": 0.9, "mae": float("nan")}, "like": {"auc": 0.7}},
        "labels": {"rating": {"metrics": metric_facts("regression")},
                   "like": {"metrics": metric_facts("binary")}},
        "parameters": 1234, "training": {"seconds": 12.0, "epochs": 3},
        "serving": {"p50_ms": 2.0, "p99_ms": None}, **more,
    }


def run(recipe="a", seed=1, relevant="like", failed=None, **values):
    ran = {"recipe": recipe, "seed": seed, "relevant": relevant, "failed": failed}
    cost = values.pop("cost", {"run_s": 30.4, "peak_rss_mb": 2000})
    return ran if failed else ran | {"metrics": metrics(**values), "cost": cost}


def test_seeds_become_a_mean_with_its_standard_error():
    (row, *_) = rows([run(seed=1, ndcg=0.1), run(seed=2, ndcg=0.2, blessed=False),
                      run(seed=3, ndcg=0.3)])
    assert row["figures"]["ndcg@10"] == pytest.approx({"mean": 0.2, "se": 0.1 / 3**0.5})
    assert (row["seeds"], row["blessed"], row["reasons"]) == (3, 2, ["too slow"])


def test_baselines_are_rows_and_a_skipped_one_says_why():
    result = rows([run()])
    assert [(row["name"], row["kind"]) for row in result] == [
        ("a", "recipe"), ("popularity", "baseline"), ("ease", "baseline"), ("random", "baseline")]
    assert result[1]["figures"]["ndcg@10"] == {"mean": 0.05}
    assert result[2]["figures"] == {} and result[2]["reasons"] == ["Too many items."]
    assert result[3]["figures"] == {
        "unseen_ndcg@10": {"mean": 0.2}, "unseen_recall@50": {"mean": 0.9}}


def test_recipes_that_rank_other_events_have_baselines_of_their_own():
    result = rows([run("a"), run("b", relevant=None)])
    assert [(row["name"], row["relevant"]) for row in result if row["name"] == "popularity"] == [
        ("popularity", "like"), ("popularity", None)]
    heading, lines = cells(result)
    assert heading[1] == "relevant"
    assert [line[1] for line in lines[:2]] == ["like", "every event"]


def test_a_failed_run_is_a_row_with_its_message():
    result = rows([run(failed="Trainer failed: ValueError: x"), run("b")])
    heading, lines = cells(result)
    assert lines[0] == ["a", *["–"] * (len(heading) - 2), "failed"]
    assert notes(result) == ["a: Trainer failed: ValueError: x", "ease: Too many items."]
    half = rows([run(seed=1), run(seed=2, failed="x")])
    assert cells(half)[1][0][-1] == "1 of 2, 1 failed"


def test_cells_have_the_figures_under_their_names():
    heading, lines = cells(rows([run(), run("b", blessed=False)]))
    assert heading == ["model", "NDCG@10", "Recall@20", "HR@10", "unseen NDCG@10", "unseen R@50",
                       "rating RMSE", "like AUC", "parameters", "training, s", "run, s",
                       "peak, MiB", "p50, ms", "blessed"]
    assert lines[0] == ["a", "0.1000", "0.300", "0.400", "0.500", "1.000", "0.900", "0.700",
                        "1,234", "12", "30", "2,000", "2.0", "yes"]
    assert lines[1][-1] == "no"
    assert lines[2][:2] == ["popularity", "0.0500"] and lines[2][-1] == "–"


def test_markdown_is_one_line_a_row_whatever_a_name_holds():
    several = rows([run("a|b", seed=1, ndcg=0.1), run("a|b", seed=2, ndcg=0.2)])
    head, rule, line, *_ = markdown(several).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert "| a/b | 0.1500 ± 0.0500 |" in line and line.endswith("| 2 of 2 |")


def test_a_column_that_is_the_same_in_all_rows_is_a_line():
    assert of_run({"blessed": False}) == {}
    assert not {"rating_mae", "p99_ms", "mrr"} & of_run(metrics()).keys()  # missing, or no number
    unseen = {"model": {"ndcg@10": 0.5, "recall@50": 1.0}, "random": {"recall@50": 1.0}}
    result = rows([run("a", unseen=unseen), run("a", seed=2, unseen=unseen),
                   run("b", ndcg=0.2, unseen=unseen, cost={"run_s": 10, "peak_rss_mb": 3000})])
    assert "unseen R@50" not in cells(result)[0] and "NDCG@10" in cells(result)[0]
    assert "unseen R@50 is 1.000 in every row." in summary(result)
    # Two recipes may have as many parameters: that is worth a column.
    assert "parameters" in cells(result)[0]
    assert summary(result)[-2:] == [
        "A recipe's training and evaluation took 20 s on average, 10 to 30 s.",
        "The highest peak memory was 3,000 MiB."]


SINGLES = {"mine": {"find": "mine-only-find", "rating": "mine-only-rating"}}


def single(name, **figures):
    return {"name": name, "kind": "recipe", "shown": shown(metrics()),
            "figures": {key.replace("_at_", "@"): {"mean": value}
                        for key, value in figures.items()}}


ROWS = [
    single("mine", ndcg_at_10=0.2, rating_rmse=0.9, rating_mae=0.7, parameters=60, training_s=30),
    single("mine-only-find", ndcg_at_10=0.25, parameters=50, training_s=20),
    single("mine-only-rating", ndcg_at_10=0.01, rating_rmse=0.95, parameters=50, training_s=30)]


def test_each_task_is_compared_with_its_own_model():
    lines = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in against_single_tasks(ROWS, SINGLES).splitlines()]
    assert lines[2:] == [
        ["find ndcg@10", "0.2000", "0.2500", "-0.0500"],
        ["rating RMSE", "0.9000", "0.9500", "+0.0500"],
        ["parameters", "60", "100", "60% of it"],
        ["training, s", "30", "50", "60% of it"]]


def test_there_is_no_table_before_all_have_run():
    assert against_single_tasks(ROWS[:2], SINGLES) == ""
    assert against_single_tasks(ROWS, {}) == ""


def test_a_measure_that_is_called_as_another_one_is_no_task():
    ran = run()
    ran["metrics"]["tasks"] = {"mine": {"log_rmse": 0.5, "auc": 0.6}, "mine_rmse": {"auc": 0.7}}
    ran["metrics"]["labels"] = {
        task: {"metrics": metric_facts("binary")} for task in ran["metrics"]["tasks"]}
    heading, _ = cells(rows([ran]))
    assert [name for name in heading if "mine" in name] == ["mine AUC", "mine_rmse AUC"]
