"""From three pbtxt files to a `FeatureSpec`.

What a column is, beyond its type and domain, is in `annotation { tag: ... }`: `schemas/tags.py`
says what each tag means.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.consistency import check_numbers, check_table, check_together, check_treatment
from schemas.errors import InputError, unknown
from schemas.feature_tags import FeatureTags
from schemas.spec import ENTITIES, SIDES, Feature, FeatureSpec, Label

_ROOT = Path(__file__).parent
_DTYPES = {schema_pb2.BYTES: bytes, schema_pb2.INT: int, schema_pb2.FLOAT: float}
_FEWEST = 3  # rows that have a word which people wrote of themselves, or of others


def available() -> list[str]:
    """Returns the names of the schema folders that come with the project."""
    return sorted(p.name for p in _ROOT.iterdir() if (p / "interactions.pbtxt").exists())


def read_spec(dataset: str | Path) -> FeatureSpec:
    """Reads a dataset's schemas.

    Args:
      dataset: The name of a schema folder of the project, or a path to another one.

    Returns:
      The frozen spec.

    Raises:
      InputError: The folder or a file is missing, or a schema is malformed.

    Example:
      `read_spec("demo").label("rating").maximum` is the top of the rating scale.
    """
    # A name means the project's own folder, whatever the current folder holds.
    folder = _ROOT / dataset if dataset in available() else Path(dataset)
    if not folder.is_dir():
        raise unknown("schema", str(dataset), available())
    interactions = _read_text(folder / "interactions.pbtxt")
    tables = {side: folder / f"{side}.pbtxt" for side in ENTITIES}
    roles = {"users": "user_id", "items": "item_id"}
    texts = [
        _read_text(path) if path.exists() else _ids_only(interactions, roles[side], folder.name)
        for side, path in tables.items()
    ]
    return parse_spec(folder.name, [*texts, interactions])


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise InputError(
            "no-schema-file",
            f"Schema file {path} is missing. A dataset needs interactions.pbtxt, and users.pbtxt "
            "and items.pbtxt if it has such tables."
        )
    try:
        return path.read_text(encoding="utf-8-sig")  # Notepad begins a file with a mark
    except UnicodeDecodeError as error:
        raise InputError("schema-not-utf8",
                         f"Schema file {path} is not UTF-8 ({error}). Save it so.") from error


def _ids_only(interactions: str, role: str, name: str) -> str:
    """Returns the schema of a table that a dataset lacks: the ids of the interactions."""
    schema = _parse(interactions, f"Schema {name!r}, table 'interactions'")
    features = [f for f in schema.feature if role in f.annotation.tag]
    return text_format.MessageToString(schema_pb2.Schema(feature=features[:1]))


def _parse(text: str, where: str) -> schema_pb2.Schema:
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        message = str(error).rstrip(". ")  # its own words end with a full stop, or not
        raise InputError(
            "schema-syntax", f"{where}: {message}. Correct the file's syntax.") from error


def parse_spec(name: str, texts: list[str] | tuple[str, ...]) -> FeatureSpec:
    """Builds a spec from the text of its three schemas.

    Args:
      name: Name for messages.
      texts: Protobuf text of the tables, in the order of `SIDES`.

    Returns:
      The frozen spec.

    Raises:
      InputError: A schema does not parse, has an unknown or impossible tag, or two features of
        one role.
    """
    features: list[Feature] = []
    labels: list[Label] = []
    for side, text in zip(SIDES, texts, strict=True):
        where = f"Schema {name!r}, table {side!r}"
        schema = _parse(text, where)
        domains = {d.name: tuple(d.value) for d in schema.string_domain}
        for proto in schema.feature:
            feature, declared = _feature(proto, side, domains, f"{where}, feature {proto.name!r}")
            features.append(feature)
            labels.extend(declared)
        check_table(features, side, where)
    labels.sort(key=lambda label: label.side != "interactions")
    check_together(features, labels, f"Schema {name!r}")
    return FeatureSpec(name, (texts[0], texts[1], texts[2]), tuple(features), tuple(labels))


def _feature(
    proto: schema_pb2.Feature, side: str, domains: dict[str, tuple[str, ...]], where: str
) -> tuple[Feature, list[Label]]:
    if proto.type not in _DTYPES:
        raise InputError("bad-feature-type", f"{where}: type must be BYTES, INT or FLOAT.")
    check_numbers(proto, where)
    minimum, maximum = _bounds(proto)
    tags = FeatureTags.of(proto.annotation.tag, where)
    if proto.domain and proto.domain not in domains:
        raise unknown("string domain", proto.domain, domains)
    values = domains[proto.domain] if proto.domain else tuple(proto.string_domain.value)
    count = proto.value_count.max if proto.HasField("value_count") else 1
    feature = Feature(
        name=proto.name, side=side, dtype=_DTYPES[proto.type], role=tags.words.get("role"),
        modality=tags.words.get("modality"), pii="pii" in tags.flags,
        required=proto.presence.min_fraction == 1.0, max_values=count or None,
        minimum=minimum, maximum=maximum, values=values, history=tags.words.get("history"),
        counts_events="events" in tags.flags, unseen="unseen" in tags.flags,
        sound_of=tags.words.get("sound_of"),
        weights=tuple(tags.weights.items()),
        limits=tuple((*key, limit) for key, limit in tags.limits.items()),
        treatment=tags.treatments.get("treatment"),
    )
    usual = _FEWEST if feature.language and side != "items" else 1
    feature = replace(feature, fewest_rows=int(tags.words.get("fewest_rows", usual)))
    if feature.treatment is not None:
        feature = replace(feature, pii=feature.pii or not feature.treatment.kind.kept)
        check_treatment(feature, where)
    labels = [Label(name, proto.name, threshold, equals, minimum, maximum, side)
              for name, threshold, equals in tags.labels]
    return feature, [_with_classes(label, feature) for label in labels]


def _with_classes(label: Label, feature: Feature) -> Label:
    if feature.dtype is not bytes or label.equals is not None or label.threshold is not None:
        return label
    last = len(feature.values) - 1
    return replace(label, classes=feature.values, minimum=0.0, maximum=float(max(last, 0)))


def _bounds(proto: schema_pb2.Feature) -> tuple[float | None, float | None]:
    kind = proto.WhichOneof("domain_info")
    if kind not in ("int_domain", "float_domain"):
        return None, None
    domain = getattr(proto, kind)
    # A float_domain holds 32 bits: 0.1 is meant as it is written, not as 0.10000000149.
    written = [float(str(np.float32(bound))) if kind == "float_domain" else float(bound)
               for bound in (domain.min, domain.max)]
    low, high = (bound if domain.HasField(name) else None
                 for bound, name in zip(written, ("min", "max"), strict=True))
    return low, high
