"""The table of one model against several: which is better, and what both cost."""

from pipeline.comparison.record import against_single_tasks

SINGLES = {"mine": {"find": "mine-only-find", "rating": "mine-only-rating"}}


def row(name, **figures):
    return {"name": name, "kind": "recipe",
            "figures": {key.replace("_at_", "@"): {"mean": value}
                        for key, value in figures.items()}}


ROWS = [
    row("mine", ndcg_at_10=0.2, rating_rmse=0.9, rating_mae=0.7, parameters=60, training_s=30),
    row("mine-only-find", ndcg_at_10=0.25, parameters=50, training_s=20),
    row("mine-only-rating", ndcg_at_10=0.01, rating_rmse=0.95, parameters=50, training_s=30),
]


def test_each_task_is_compared_with_its_own_model():
    lines = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in against_single_tasks(ROWS, SINGLES).splitlines()]
    assert lines[2:] == [
        ["find ndcg@10", "0.2000", "0.2500", "-0.0500"],
        ["rating rmse", "0.9000", "0.9500", "+0.0500"],
        ["parameters", "60", "100", "60% of it"],
        ["training, s", "30", "50", "60% of it"]]


def test_there_is_no_table_before_all_have_run():
    assert against_single_tasks(ROWS[:2], SINGLES) == ""
    assert against_single_tasks(ROWS, {}) == ""
