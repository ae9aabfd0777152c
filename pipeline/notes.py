"""What a reader must know before believing a run's figures: those that say little are named."""

from collections.abc import Iterator
from typing import Any

_FEW_USERS, _FEW_UNSEEN_USERS = 100, 30
_FEW_CANDIDATES = 20  # twice as many as a list of ten holds
_MANY_NEW = 0.2

Note = dict[str, Any]


def notes(metrics: dict[str, Any]) -> list[Note]:
    """Names the figures that say little, and why.

    Args:
      metrics: The content of `metrics.json`.

    Returns:
      A `code` each, a `text` in a sentence, and the values it is about.
    """
    return [*_of_ranking(metrics), *_of_unseen(metrics.get("unseen", {})),
            *_of_biases(metrics.get("biases", {})), *_of_test(metrics.get("test", {})),
            *_of_labels(metrics.get("labels", {})), *_of_checks(metrics.get("checks", {}))]


def _of_checks(checks: dict[str, Any]) -> Iterator[Note]:
    for name, check in checks.items():
        if not check["passed"] and not check["blesses"]:
            yield {"code": "reported_check", "check": name, "text":
                   f"The check {name} failed, and the configuration has it reported only: "
                   + "; ".join(check["reasons"])}


def _of_ranking(metrics: dict[str, Any]) -> Iterator[Note]:
    users, candidates = metrics.get("ranking", {}).get("users"), metrics.get("test", {}).get(
        "candidates")
    if users is not None and users < _FEW_USERS:
        yield {"code": "few_ranked_users", "of": "ranking", "users": users, "text":
               f"The ranking's figures are means over {users} users only, and rough."}
    if users is not None and candidates is not None and candidates <= _FEW_CANDIDATES:
        yield _few_candidates("ranking", candidates, "items")


def _of_unseen(unseen: dict[str, Any]) -> Iterator[Note]:
    if "model" not in unseen:
        return
    users = unseen["model"].get("users")
    if users is not None and users < _FEW_UNSEEN_USERS:
        yield {"code": "few_ranked_users", "of": "unseen", "users": users, "text":
               f"The figures of unseen items are means over {users} users only, and rough."}
    if unseen["candidates"] <= _FEW_CANDIDATES:
        yield _few_candidates("unseen", unseen["candidates"], "unseen items")


def _few_candidates(of: str, number: int, what: str) -> Note:
    return {"code": "few_candidates", "of": of, "candidates": number, "text":
            f"Only {number} {what} are there to rank: any order of so few has high figures, which "
            "say little of the model."}


def _of_biases(biases: dict[str, Any]) -> Iterator[Note]:
    for task, one in biases.items():
        if "metric" not in one:
            continue
        if one["low"] > 0 if one.get("less_is_better") else one["high"] < 0:
            yield {"code": "below_biases", "task": task, "metric": one["metric"], "text":
                   f"{task} is worse than the mean and what user and item add to it: "
                   f"{one['metric']} {one['model']:.4f} against {one['biases']:.4f}, a difference "
                   f"of {one['difference']:+.4f} whose 95 % interval goes from {one['low']:+.4f} "
                   f"to {one['high']:+.4f}."}


def _of_test(test: dict[str, Any]) -> Iterator[Note]:
    for side, then in (("items", "the ranking leaves these events out"),
                       ("users", "nothing but their content is known of them")):
        share = test.get(f"new_{side}_share", 0.0)
        if share > _MANY_NEW:
            yield {"code": f"new_{side}", "share": share, "text":
                   f"{share:.0%} of the {test['events']:,} test events are of {side} without an "
                   f"event in training; {then}."}


def _of_labels(labels: dict[str, Any]) -> Iterator[Note]:
    for task, fact in labels.items():
        for label, seen in fact["labels"].items():
            constant = [(rows, seen[f"{rows}_rows"], seen[f"{rows}_value"])
                     for rows in ("training", "test") if seen[f"{rows}_value"] is not None]
            if not constant:
                continue
            description = " and ".join(f"{value:g} in all {number:,} {rows} rows that have it"
                                       for rows, number, value in constant)
            learned = ("there is nothing to learn" if constant[0][0] == "training"
                       else "no figure on test depends on the value")
            yield {"code": "constant_label", "task": task, "label": label,
                   "splits": [rows for rows, *_ in constant], "text":
                   f"The label {label!r} of the task {task!r} is {description}: {learned}"
                   + (", and an area under the curve is not measurable."
                      if constant[-1][0] == "test" else ".")}
