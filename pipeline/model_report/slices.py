"""The figures of groups of users, items and rows, as tables of the model's report."""

from typing import Any

_OF_USERS = ("users", "ndcg@10", "low", "high", "baseline_ndcg@10", "recall@20", "hr@10", "mrr")
_OF_ITEMS = ("pairs", "recall@10", "baseline_recall@10")

Table = dict[str, Any]


def slices(metrics: dict[str, Any]) -> list[tuple[str, Table]]:
    """Returns a title and a table for each kind of group.

    Args:
      metrics: The content of `metrics.json`.
    """
    found = metrics.get("slices", {})
    fewest = metrics.get("fewest_users", 1)
    merged = f" Groups of fewer than {fewest} users are one, \"other\"." if fewest > 1 else ""
    tables = [
        (f"Ranking by groups of users; low and high are the 95 % interval of NDCG@10.{merged}",
         _table(found, _OF_USERS)),
        ("Relevant items among the first ten, by groups of items.", _table(found, _OF_ITEMS))]
    for task, figures in metrics.get("predictions", {}).items():
        names = tuple(name for name in figures if name != "slices")
        whole = {"all rows": {"": figures}} | figures.get("slices", {})
        tables.append((f"{task}, by groups of the test rows.", _table(whole, names)))
    return [(title, table) for title, table in tables if table["rows"]]


def _table(groups: dict[str, dict[str, dict[str, Any]]], names: tuple[str, ...]) -> Table:
    return {"names": names, "rows": [
        {"name": f"{name}: {group}" if group else name,
         "figures": [figures.get(one) for one in names]}
        for name, of in groups.items() for group, figures in of.items()
        if names and names[0] in figures]}
