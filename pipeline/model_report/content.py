"""What the model's report shows, from the run's figures and its recorded predictions."""

from collections.abc import Iterator
from typing import Any

from pipeline.charts import Bar, bars, lines
from schemas import ENTITIES
from trainer.ablation import WHOLE
from trainer.cold_items import SHOWN

_RANKING = ("ndcg@10", "recall@20", "hr@10", "mrr", "coverage@10")
_UNSEEN = ("ndcg@10", "recall@50", "hr@10", "mrr")
_QUESTIONS, _SHOWN = 3, 5
_OF_USERS = ("users", "ndcg@10", "low", "high", "baseline_ndcg@10", "recall@20", "hr@10", "mrr")
_OF_ITEMS = ("pairs", "recall@10", "baseline_recall@10")


Table = dict[str, Any]
_CHARTS = (("ndcg@10", "NDCG@10 without each modality"),
           ("cold_recall@50", "Recall@50 of cold items without each modality"))
_MOST = 20


def rankings(metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns the ranking of the model and of the baselines, as tables and charts."""
    tables: dict[str, Any] = {}
    if ranking := metrics.get("ranking"):
        rankers = {metrics["recipe"]: ranking} | {
            name: figures for name, figures in metrics.get("baselines", {}).items()
            if "skipped" not in figures}
        tables["seen"] = _table(rankers, _RANKING)
        tables["chart"] = bars("NDCG@10", [
            Bar(name, figures["ndcg@10"], reference=name != metrics["recipe"])
            for name, figures in rankers.items() if figures.get("ndcg@10") is not None])
        tables["paired"] = metrics.get("paired", {})
        tables["users"] = ranking.get("users")
    unseen = metrics.get("unseen", {})
    if "model" in unseen:
        rankers = {metrics["recipe"]: unseen["model"], "random order": unseen["random"]}
        tables["unseen"] = _table(rankers, _UNSEEN)
        tables["unseen_items"] = unseen["candidates"]
        tables["unseen_users"] = unseen["model"].get("users")
    tables["unseen_skipped"] = unseen.get("skipped")
    return tables


def _table(rankers: dict[str, dict[str, Any]], wanted: tuple[str, ...]) -> dict[str, Any]:
    names = [name for name in wanted if any(name in figures for figures in rankers.values())]
    return {"names": names, "rows": [
        {"name": ranker, "figures": [figures.get(name) for name in names]}
        for ranker, figures in rankers.items()]}


def curve_charts(metrics: dict[str, Any], curves: dict[str, dict[str, list[float]]]) -> list[str]:
    """Draws the losses of both fits, a line a task, and the score that stops the first one."""
    shown = {"all, balanced": "loss"} | {
        name: f"{name}_loss" for name in metrics.get("training", {}).get("losses", ())}
    charts = []
    for fit, named in curves.items():
        losses = {title: named[key] for title, key in shown.items() if named.get(key)}
        if losses:
            charts.append(lines(f"Losses of the {fit} fit, by epoch", losses))
        if scores := named.get("validation_ndcg@10"):
            charts.append(lines(f"Validation in the {fit} fit, by epoch", {"ndcg@10": scores}))
    return charts


def warm_start(metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns what training began with, if that was an earlier model.

    Returns:
      `skipped`, why it began as usual; or `rows` of `name`, `carried` and `new`, the number of
      `fresh_weights`, and a `chart` of validation beside the cold start's.
    """
    training = metrics.get("training", {})
    began = training.get("warm_start", {})
    if not began or "skipped" in began:
        return began
    return {"fresh_weights": began["fresh_weights"],
            "rows": [{"name": name, "carried": rows, "new": began["new"][name]}
                     for name, rows in began["carried"].items()],
            "chart": lines("Validation NDCG@10, by epoch", {
                "this training": training["validation_ndcg@10"],
                "the cold start": training["cold_validation"]})}


def weights(metrics: dict[str, Any], predictions: list[dict[str, Any]]) -> list[str]:
    """Draws the mean weight of each part over the recorded predictions, of users and of items."""
    scored = [a["outputs"] for a in predictions if a["signature"] == "serving_default"]
    training, charts = metrics.get("training", {}), []
    for side in ("user", "item"):
        names = training.get(f"{side}_modalities", [])
        rows = [row for outputs in scored
                for row in _rows(outputs.get(f"{side}_modality_weights", [[]])[0])]
        rows = [row for row in rows if len(row) == len(names)]
        if names and rows:
            means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
            charts.append(bars(f"Mean weight of each part of the {side}s",
                               [Bar(n, m) for n, m in zip(names, means, strict=True)]))
    return charts


def _rows(values: list[Any]) -> list[list[float]]:
    """Returns rows, also where there is only one."""
    return values if values and isinstance(values[0], list) else [values]


def questions(metrics: dict[str, Any], predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Explains some recorded predictions: the best candidates and the part that weighed most."""
    training = metrics.get("training", {})
    names = {side: training.get(f"{side}_modalities", []) for side in ("user", "item")}
    ranking, explained = training.get("ranking"), []
    for prediction in predictions:
        outputs = prediction["outputs"]
        if prediction["signature"] != "serving_default" or "item_modality_weights" not in outputs:
            continue
        tasks = [name for name in (ranking, *training["scored"]) if name in outputs]
        tasks = list(dict.fromkeys(tasks))
        scores = outputs[ranking][0]
        order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)[:_SHOWN]
        explained.append({
            "user": prediction["inputs"]["user_id"][0] or "an unknown visitor",
            "user_weights": _largest(names["user"], outputs["user_modality_weights"][0]),
            "tasks": tasks,
            "items": [{
                "item": prediction["inputs"]["candidates"][0][i],
                "figures": [outputs[task][0][i] for task in tasks],
                "weights": _largest(names["item"], outputs["item_modality_weights"][0][i]),
            } for i in order],
        })
        if len(explained) == _QUESTIONS:
            break
    return explained


def _largest(names: list[str], values: list[float], most: int = 3) -> list[dict[str, Any]]:
    pairs = sorted(zip(names, values, strict=False), key=lambda pair: -pair[1])[:most]
    return [{"name": name, "weight": value} for name, value in pairs if value > 0]


def slices(metrics: dict[str, Any]) -> list[tuple[str, Table]]:
    """Returns a title and a table for each kind of group.

    Args:
      metrics: The content of `metrics.json`.
    """
    by_group = metrics.get("slices", {})
    fewest = metrics.get("fewest_users", 1)
    merged = f" Groups of fewer than {fewest} users are one, \"other\"." if fewest > 1 else ""
    tables = [
        (f"Ranking by groups of users; low and high are the 95 % interval of NDCG@10.{merged}",
         _groups(by_group, _OF_USERS)),
        ("Relevant items among the first ten, by groups of items.", _groups(by_group, _OF_ITEMS))]
    for task, figures in metrics.get("predictions", {}).items():
        names = tuple(name for name in figures if name != "slices")
        whole = {"all rows": {"": figures}} | figures.get("slices", {})
        tables.append((f"{task}, by groups of the test rows.", _groups(whole, names)))
    return [(title, table) for title, table in tables if table["rows"]]


def _groups(groups: dict[str, dict[str, dict[str, Any]]], names: tuple[str, ...]) -> Table:
    return {"names": names, "rows": [
        {"name": f"{name}: {group}" if group else name,
         "figures": [figures.get(one) for one in names]}
        for name, of in groups.items() for group, figures in of.items()
        if names and names[0] in figures]}


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
    losses = {f"{side} {feature}": loss for side in ENTITIES
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
