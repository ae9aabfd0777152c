"""What content is worth to the model, for its report: items without an event, and what it reads."""

from collections.abc import Iterator
from typing import Any

from pipeline.charts import Bar, bars
from trainer.ablation import WHOLE
from trainer.cold_items import SHOWN

_CHARTS = (("ndcg@10", "NDCG@10 without each modality"),
           ("cold_recall@50", "Recall@50 of cold items without each modality"))
_MOST = 20


def cold_items(metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns the ranking of cold items, of the model and of the baselines, as a table."""
    cold = metrics.get("cold_items", {})
    if "skipped" in cold or not cold:
        return {"skipped": cold.get("skipped")}
    rankers = {metrics["recipe"]: cold} | cold["baselines"]
    return {"items": cold["items"], "users": cold["users"], "table": {
        "names": SHOWN, "rows": [{"name": name, "figures": [figures[one] for one in SHOWN]}
                                 for name, figures in rankers.items()]}}


def charts(metrics: dict[str, Any]) -> list[str]:
    """Draws what the model reaches without each modality, what features add, and its fusion."""
    return [*_without(metrics.get("ablation", {})), *_importance(metrics.get("importance", {})),
            *_fusion(metrics.get("training", {}).get("late_fusion", {}))]


def _without(ablation: dict[str, Any]) -> Iterator[str]:
    whole = ablation.get(WHOLE, {})
    for key, title in _CHARTS:
        if key in whole:
            yield bars(title, [Bar("with all" if name == WHOLE else f"without {name}",
                                   figures[key], reference=name == WHOLE)
                               for name, figures in ablation.items()])


def _importance(importance: dict[str, Any]) -> Iterator[str]:
    losses = {f"{side} {feature}": loss for side in ("users", "items")
              for feature, loss in importance.get(side, {}).items()}
    losses |= {"history": importance["history"]} if "history" in importance else {}
    if shown := sorted(losses.items(), key=lambda one: -one[1])[:_MOST]:
        # Chance moves what adds nothing to either side of 0.
        yield bars("NDCG@10 lost when everybody has somebody else's value",
                   [Bar(name, max(loss, 0.0)) for name, loss in shown], digits=4)


def _fusion(fusion: dict[str, Any]) -> Iterator[str]:
    for key, title in (("weights", "Weights of the rankers in the score"),
                       ("new_item_weights", "The same for items without an event")):
        if weights := fusion.get(key):
            yield bars(title, [Bar(name.replace("_", " "), weight)
                               for name, weight in weights.items()])
