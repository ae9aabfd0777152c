"""What a reader must know first: the verdict with its reasons, and the model before this one."""

from collections.abc import Iterator
from typing import Any

_RANKING = ("ndcg@10", "recall@20", "hr@10", "mrr")
# Where less is more.
_ERRORS = {"rmse", "mae", "log_loss", "ece", "cross_entropy"}


def verdict(metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns the `word`, its `tone`, the `reasons` of a refusal, and the `warnings`.

    Args:
      metrics: The content of `metrics.json`.
    """
    warnings = [*metrics.get("data", {}).get("warnings", ()),
                *(f"{name}: {reason}" for name, check in metrics.get("checks", {}).items()
                  if not (check["passed"] or check.get("blesses", True))
                  for reason in check["reasons"])]
    if not metrics.get("blessed"):
        return {"word": "Not blessed", "tone": "bad", "warnings": warnings,
                "reasons": metrics.get("not_blessed_because", ())}
    return {"word": "Blessed", "tone": "warn" if warnings else "good", "reasons": (),
            "warnings": warnings}


def since_last_blessed(metrics: dict[str, Any]) -> dict[str, Any]:
    """Puts the figures of the last blessed model and of this one side by side.

    Args:
      metrics: The content of `metrics.json`.

    Returns:
      `rows` of `name`, `past`, `now` and `tone`; `interval`, that of the difference in NDCG@10; and
      `skipped`, why the last model could not rank. All are empty in a first run.
    """
    versus = metrics.get("versus_last_blessed", {})
    rows = [*_rows("", versus, metrics.get("ranking", {}), _RANKING)]
    for task, past in metrics.get("last_blessed", {}).get("tasks", {}).items():
        rows += _rows(f"{task} ", past, metrics.get("tasks", {}).get(task, {}), tuple(past))
    return {"rows": rows, "skipped": versus.get("skipped"),
            "interval": versus if "difference" in versus else None}


def _rows(prefix: str, past: dict[str, Any], now: dict[str, Any], names: tuple[str, ...]
          ) -> Iterator[dict[str, Any]]:
    for name in names:
        before, after = past.get(name), now.get(name)
        if isinstance(before, int | float) and isinstance(after, int | float):
            better = (before - after) if name in _ERRORS else (after - before)
            tone = "good" if better > 0 else "bad" if better < 0 else ""
            yield {"name": prefix + name, "past": before, "now": after, "tone": tone}
