"""What a model was made of, and which model it replaces: the content of `lineage.json`."""

from collections.abc import Mapping
from typing import Any

from tfx.types import Artifact

from components.artifacts import FINGERPRINT, RUN


def lineage(
    config: Mapping[str, Any],
    code: Mapping[str, str],
    run: str,
    model: Artifact,
    parent: Artifact | None,
    interactions: Artifact,
    profile: Mapping[str, Any],
) -> dict[str, Any]:
    """Gathers what a model was made of.

    Args:
      config: The run's configuration, without the places of files.
      code: Digests of the code, by what it does.
      run: Id of the run that judged the model.
      model: The model.
      parent: The model that was the last blessed one before, if any.
      interactions: The raw interactions.
      profile: The data's profile, see `components.data_profile.profile`.

    Returns:
      Plain JSON values: `run_id`, `model` and `parent` (`id`, `uri` and the `run_id` that made it;
      `parent` may be `None`), `data` (`fingerprint`, `dataset`, `split`, `rows` by table,
      `first_event` and `last_event` in seconds since 1970, `None` without times), `code`, `seed`
      and `config`.
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
    }


def _named(model: Artifact) -> dict[str, Any]:
    return {"id": model.id, "uri": model.uri, "run_id": model.get_string_custom_property(RUN)}
