"""What a model's card says, as sections of sentences and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tfx.types import Artifact

from components.artifacts import FINGERPRINT, RUN
from trainer.cold_items import SHOWN

_RANKING = ("ndcg@10", "recall@20", "hr@10", "mrr", "map@10")
_LISTS = ("coverage@10", "novelty@10", "diversity@10", "gini@10")
_FEW_USERS = 100


@dataclass(frozen=True)
class Section:
    """A part of the card.

    Attributes:
      title: Its heading.
      sentences: What it says.
      header: Names of its table's columns; empty where there is no table.
      rows: The table's rows.
    """

    title: str
    sentences: list[str] = field(default_factory=list)
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def sections(lineage: Mapping[str, Any], figures: Mapping[str, Any],
             tasks: Mapping[str, Mapping[str, Any]], reasons: Sequence[str]) -> list[Section]:
    """Returns what a model is, how good it is, and what it must not be used for.

    Args:
      lineage: See `components.model_card.content.lineage`.
      figures: What the checks measured, by the keys of `metrics.json`.
      tasks: The metrics of each task on the test rows.
      reasons: Why the model was refused; empty for a blessed one.
    """
    parts = [_use(lineage, tasks, reasons), _data(lineage), _ranking(figures), _slices(figures),
             _baselines(figures), _unseen(figures), _cold_items(figures), _tasks(figures, tasks),
             _limits(lineage, figures), _privacy(lineage)]
    return [section for section in parts if section is not None]


def _use(lineage: Mapping[str, Any], tasks: Mapping[str, Any],
         reasons: Sequence[str]) -> Section:
    config = lineage["config"]
    lines = [f"The recipe {config['recipe_name']!r} on the dataset {config['dataset']!r}, "
             f"seed {lineage['seed']}, of the run {lineage['run_id']}.",
             "The model ranks the items of its catalogue for a user, by the user's id and past "
             "events, and scores pairs of a user and an item."]
    if tasks:
        lines.append(f"It also predicts: {', '.join(tasks)}.")
    lines.append("It is made for recommending these items to users like those of the data. It is "
                 "not made for decisions about people, such as on credit, work or health.")
    parent = lineage["parent"]
    lines.append("No model was blessed before it." if parent is None else
                 f"The last blessed model before it is of the run {parent['run_id'] or 'unknown'}.")
    lines.append("Every check passed." if not reasons else f"Refused: {'; '.join(reasons)}")
    return Section("Intended use", lines)


def _data(lineage: Mapping[str, Any]) -> Section:
    data = lineage["data"]
    lines = [f"Events from {_day(data['first_event'])} to {_day(data['last_event'])}."
             if data["last_event"] is not None else "The events have no times.",
             f"Split {data['split']!r}: the model learned from train and validation, what was "
             "chosen was chosen on validation, and every figure here is of test.",
             f"Fingerprint of the files: {data['fingerprint'] or 'unknown'}."]
    return Section("Data", lines, ("Table", "Rows"),
                   [(side, f"{rows:,}") for side, rows in data["rows"].items()])


def _ranking(figures: Mapping[str, Any]) -> Section | None:
    ranking = figures.get("ranking")
    if not ranking:
        return None
    intervals = figures.get("intervals", {})
    rows = [(name, _figure(ranking[name]), _interval(*intervals[name]) if name in intervals else "")
            for name in (*_RANKING, *_LISTS) if name in ranking]
    return Section("Ranking", [
        f"All items with an event before test are ranked, without those that the user has had an "
        f"event with; means over {ranking['users']:,} users, with 95 % intervals by resampling "
        "the users."], ("Metric", "Value", "95 % interval"), rows)


def _slices(figures: Mapping[str, Any]) -> Section | None:
    rows = []
    for name, groups in figures.get("slices", {}).items():
        for group, of in groups.items():
            metric = "ndcg@10" if "users" in of else "recall@10"
            number = of.get("users", of.get("pairs"))
            rows.append((name, group, f"{number:,}", metric, _figure(of[metric]),
                         _interval(of["low"], of["high"]) if "low" in of else "",
                         _figure(of[f"baseline_{metric}"])))
    return Section(
        "Slices", ["NDCG@10 by groups of users, and the share of relevant items among the first "
                   "ten by groups of items; \"no event\" are users and items without an event "
                   f"before test. Groups of fewer than {figures['fewest_users']} users are "
                   "joined as one, \"other\"."],
        ("By", "Group", "Users or items", "Metric", "Model", "95 % interval", "Best baseline"),
        rows) if rows else None


def _baselines(figures: Mapping[str, Any]) -> Section | None:
    ran = {name: ranking for name, ranking in figures.get("baselines", {}).items()
           if "skipped" not in ranking}
    if not ran or "ranking" not in figures:
        return None
    paired = figures.get("paired", {})
    order = sorted(ran, key=lambda name: -ran[name]["ndcg@10"])
    rows = [(name, _figure(ran[name]["ndcg@10"]),
             f"{paired[name]['mean']:+.4f}", _interval(paired[name]["low"], paired[name]["high"]),
             f"{paired[name]['p_value']:.3f}") for name in order if name in paired]
    return Section("Baselines", [
        f"Simple rankers that were tuned and fitted on the same data. The model's NDCG@10 is "
        f"{_figure(figures['ranking']['ndcg@10'])}; the difference is the model's less the "
        "baseline's over the same users."],
        ("Baseline", "NDCG@10", "Difference", "95 % interval", "p"), rows)


def _unseen(figures: Mapping[str, Any]) -> Section | None:
    unseen = figures.get("unseen", {})
    if "model" not in unseen:
        return Section("Unseen items", [unseen["skipped"]]) if "skipped" in unseen else None
    return Section(
        "Unseen items",
        [f"{unseen['candidates']:,} items without an event before test, ranked for the "
         f"{unseen['model']['users']:,} users who liked one."],
        ("Metric", "Model", "Random order"),
        [(name, _figure(unseen["model"][name]), _figure(value))
         for name, value in unseen["random"].items() if name in unseen["model"]])


def _cold_items(figures: Mapping[str, Any]) -> Section | None:
    cold = figures.get("cold_items", {})
    if "recall@50" not in cold:
        return None
    rankers = {"the recipe": cold} | cold.get("baselines", {})
    names = [name for name in SHOWN if name in cold]
    return Section(
        "Cold items",
        [f"The recipe was trained once more without {cold['items']:,} items, which were then "
         f"ranked for {cold['users']:,} users: their content was all that was known."],
        ("Ranker", *names),
        [(ranker, *(_figure(values.get(name)) for name in names))
         for ranker, values in rankers.items()])


def _tasks(figures: Mapping[str, Any], tasks: Mapping[str, Mapping[str, Any]]) -> Section | None:
    rows = [(task, name, _figure(value), "") for task, metrics in tasks.items()
            for name, value in metrics.items() if isinstance(value, int | float)]
    for task, one in figures.get("predictions", {}).items():
        rows += [(task, name, _figure(value), "") for name, value in one.items()
                 if name != "rows" and isinstance(value, float) and name not in tasks.get(task, {})]
    for task, one in figures.get("biases", {}).items():
        if "metric" in one:
            rows.append((task, f"{one['metric']} less the biases' {_figure(one['biases'])}",
                         f"{one['difference']:+.4f}", _interval(one["low"], one["high"])))
    return Section("Tasks", ["On the rows of test that have the label. The biases are the mean "
                             "with a part of the user's and of the item's own."],
                   ("Task", "Metric", "Value", "95 % interval"), rows) if rows else None


def _limits(lineage: Mapping[str, Any], figures: Mapping[str, Any]) -> Section:
    last, test = lineage["data"]["last_event"], figures.get("test", {})
    lines = ["The catalogue is that of the data: an item that came later is not recommended."]
    if last is not None:
        lines.append(f"Nothing after {_day(last)} is known to it; tastes and the catalogue change, "
                     "and the figures hold for the window above alone.")
    if lineage["data"]["split"] == "random":
        lines.append("The split is random: no figure is about what comes next.")
    users = figures.get("ranking", {}).get("users")
    if users is not None and users < _FEW_USERS:
        lines.append(f"The ranking was measured on {users} users only; its figures are rough.")
    for side in ("items", "users"):
        if share := test.get(f"new_{side}_share"):
            lines.append(f"{share:.0%} of the test events are of {side} without an event before; "
                         "the ranking above leaves them out.")
    lines.append("The figures are of recorded events: what was never shown could not be liked, so "
                 "that they favour what was shown before. Only an experiment measures the effect "
                 "on users.")
    return Section("Limits", lines)


def _learned(promise: Mapping[str, Any] | None) -> str:
    if promise is None:
        return ("The model learned from the events without noise and without a bound on what one "
                "user changes.")
    return (f"Training was differentially private for a user's events, with an epsilon of "
            f"{promise['epsilon']:.2f} at a delta of {promise['delta']:g}. Vocabularies, scales "
            "and stored histories were made without noise.")


def _privacy(lineage: Mapping[str, Any]) -> Section:
    privacy = lineage["config"].get("privacy", {})
    modes = ", ".join(name for name in ("pseudonyms", "scrub") if privacy.get(name))
    hidden = privacy.get("pseudonyms")
    ids = "pseudonyms made with a secret key" if hidden else "the ids of the data, as they are"
    return Section("Privacy", [
        f"Privacy mode: {modes or 'none'}. Users are known by {ids}.",
        _learned(lineage["guarantee"]),
        "Its files hold these ids and the newest events of each user: whoever may read them may "
        "read those."])


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _interval(low: float, high: float) -> str:
    return f"{low:.4f} to {high:.4f}"


def _day(seconds: float | None) -> str:
    return "unknown" if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def lineage(
    config: Mapping[str, Any],
    code: Mapping[str, str],
    run: str,
    model: Artifact,
    parent: Artifact | None,
    interactions: Artifact,
    profile: Mapping[str, Any],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """Gathers what a model was made of.

    Args:
      config: The run's configuration, without the places of files.
      code: Digests of the code, by what it does.
      run: Id of the run that judged the model.
      model: The model.
      parent: The model that was the last blessed one before, if any.
      interactions: The raw interactions.
      profile: The data's profile, see `components.data_profile.component`.
      training: The summary that the Trainer wrote.

    Returns:
      Plain JSON values: `run_id`, `model` and `parent` (`id`, `uri` and the `run_id` that made it;
      `parent` may be `None`), `data` (`fingerprint`, `dataset`, `split`, `rows` by table,
      `first_event` and `last_event` in seconds since 1970, `None` without times), `code`, `seed`,
      `config`, and the `guarantee` of a private training, see `trainer.training.accounting`,
      `None` for another one.
    """
    events = profile.get("events", {})
    return {
        "run_id": run,
        "model": _named(model),
        "parent": None if parent is None else _named(parent),
        "data": {
            "dataset": config["dataset"],
            "split": config["split"],
            "fingerprint": interactions.get_string_custom_property(FINGERPRINT),
            "first_event": events.get("oldest"),
            "last_event": events.get("newest"),
            "rows": dict(profile.get("rows", {})),
        },
        "code": dict(code),
        "seed": config["seed"],
        "config": dict(config),
        "guarantee": training.get("privacy"),
    }


def _named(model: Artifact) -> dict[str, Any]:
    return {"id": model.id, "uri": model.uri, "run_id": model.get_string_custom_property(RUN)}
