"""The Beam pipeline of ingest: read, check, join, split in time, add histories, write."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from components.catalog_gen.check import check
from components.catalog_gen.examples import encode
from components.catalog_gen.histories import Row, add_histories
from components.catalog_gen.splits import SPLITS, split_fault, split_rows, time_thresholds
from components.sources.base import Record, Source
from schemas import SIDES, FeatureSpec

Origin = tuple[str, int]


def ingest(
    pipeline: beam.Pipeline,
    source: Source,
    spec: FeatureSpec,
    protocol: str,
    tables: dict[str, str],
    quarantine: str,
) -> None:
    """Builds the ingest pipeline.

    Args:
      pipeline: The pipeline to add to.
      source: Where the records come from.
      spec: The dataset's spec.
      protocol: `"u80"`, `"t80"`, or the name of a column that holds each row's split.
      tables: Output folder of each table.
      quarantine: Output folder of what was left out.
    """
    checked = {
        side: _checked(pipeline, source, spec, side) for side in SIDES if source.has_table(side)
    }
    events = checked["interactions"]
    parts = {
        side: _unique(checked[side], spec, side) if side in checked
        else _met(pipeline, events.kept, spec, side)
        for side in ("users", "items")
    }
    joined = events.kept | "Join" >> beam.ParDo(
        _Join(spec, protocol), *(_ids(parts[side].kept, side) for side in ("users", "items"))
    ).with_outputs("faults", main="kept")
    parts["interactions"] = events.then(joined.kept, joined.faults, "interactions")
    counts = [pair for part in parts.values() for pair in part.counts]
    rows = _split(parts["interactions"].kept, spec, protocol)
    for split in SPLITS:
        chosen = rows | f"Only/{split}" >> beam.Filter(lambda row, split: row[0] == split, split)
        counts.append(_count(chosen, f"splits/{split}"))
        encoded = chosen | f"Encode/{split}" >> beam.Map(
            lambda row: encode(row[1], spec, "interactions")
        )
        _write(encoded, tables["interactions"], split)
    for side in ("users", "items"):
        _write(_with_event_counts(parts[side].kept, rows, spec, side), tables[side], "all")
    faults = [some for part in parts.values() for some in part.faults]
    _write_quarantine(faults, counts, protocol, quarantine)


@dataclass(frozen=True)
class _Part:
    """One table on its way through ingest: rows kept, faults found, counts so far."""

    kept: beam.PCollection
    faults: list[beam.PCollection]
    counts: list[beam.PCollection]

    def then(self, kept: beam.PCollection, faults: beam.PCollection, side: str) -> "_Part":
        """Returns the part after a last step that kept some rows and faulted the others."""
        counts = [_count(kept, f"{side}/kept"), _count(faults, f"{side}/quarantined", "later")]
        return _Part(kept, [*self.faults, faults], [*self.counts, *counts])


def _checked(pipeline: beam.Pipeline, source: Source, spec: FeatureSpec, side: str) -> _Part:
    """Reads a table and applies the hard rules: (origin, row)."""
    records = _read(pipeline, source, side)
    checked = records | f"Check/{side}" >> beam.ParDo(_Check(spec, side)).with_outputs(
        "faults", main="kept")
    faulty = checked.faults | f"Rows/{side}" >> beam.Filter(_is_row)
    return _Part(checked.kept, [checked.faults], [
        _count(records, f"{side}/read"), _count(faulty, f"{side}/quarantined", "first")])


def _unique(part: _Part, spec: FeatureSpec, side: str) -> _Part:
    """Keeps one row an id: (id, row)."""
    unique = (
        part.kept
        | f"ById/{side}" >> beam.Map(_by_id, spec.id_key(side).name)
        | f"SameId/{side}" >> beam.GroupByKey()
        | f"Unique/{side}" >> beam.ParDo(_Unique(spec, side)).with_outputs("faults", main="kept")
    )
    return part.then(unique.kept, unique.faults, side)


def _met(pipeline: beam.Pipeline, interactions: beam.PCollection, spec: FeatureSpec,
         side: str) -> _Part:
    """Makes (id, row) of the users or items that interactions name, for want of a table."""
    key = spec.id_key(side)
    column = spec.role(str(key.role)).name
    kept = (
        interactions
        | f"Met/{side}" >> beam.Map(lambda row: row[1][column][0])
        | f"Distinct/{side}" >> beam.Distinct()
        | f"Row/{side}" >> beam.Map(lambda identity: (identity, {key.name: [identity]}))
    )
    none = pipeline | f"None/{side}" >> beam.Create([])
    return _Part(kept, [], [_count(kept, f"{side}/read"), _count(kept, f"{side}/kept"),
                            _count(none, f"{side}/quarantined")])


def _read(pipeline: beam.Pipeline, source: Source, side: str) -> beam.PCollection:
    return (
        pipeline
        | f"Shards/{side}" >> beam.Create(source.shards(side))
        | f"Spread/{side}" >> beam.Reshuffle()
        | f"Read/{side}" >> beam.FlatMap(lambda shard: source.records(side, shard))
    )


def _fault(table: str, origin: Origin, kind: str, reason: str) -> dict[str, Any]:
    return {"table": table, "source": origin[0], "line": origin[1], "kind": kind, "reason": reason}


def _is_row(fault: dict[str, Any]) -> bool:
    return fault["kind"] == "row"


def _by_id(row: tuple[Origin, Row], key: str) -> tuple[Any, tuple[Origin, Row]]:
    return row[1][key][0], row


def _ids(unique: beam.PCollection, side: str) -> beam.pvalue.AsSingleton:
    return beam.pvalue.AsSingleton(
        unique
        | f"Ids/{side}" >> beam.Keys()
        | f"IdList/{side}" >> beam.combiners.ToList()
        | f"IdSet/{side}" >> beam.Map(frozenset)
    )


class _Check(beam.DoFn):
    """Applies the hard rules to each record: (origin, row) or a fault."""

    def __init__(self, spec: FeatureSpec, side: str):
        self._spec, self._side = spec, side

    def process(self, record: Record) -> Iterator[Any]:
        checked = check(record, self._spec, self._side)
        origin = (record.source, record.line)
        if checked.row_fault is not None:
            yield beam.pvalue.TaggedOutput(
                "faults", _fault(self._side, origin, "row", checked.row_fault)
            )
            return
        for reason in checked.value_faults:
            yield beam.pvalue.TaggedOutput("faults", _fault(self._side, origin, "value", reason))
        yield origin, checked.values


class _Unique(beam.DoFn):
    """Keeps the first row of an id, by file and line: (id, row) or a fault for each other."""

    def __init__(self, spec: FeatureSpec, side: str):
        self._key, self._side = spec.id_key(side).name, side

    def process(self, group: tuple[Any, Iterable[tuple[Origin, Row]]]) -> Iterator[Any]:
        identity, rows = group
        (first, row), *others = sorted(rows, key=lambda pair: pair[0])
        yield identity, row
        for origin, _ in others:
            reason = f"{self._key} {_shown(identity)} stands already in {first[0]}, line {first[1]}"
            yield beam.pvalue.TaggedOutput("faults", _fault(self._side, origin, "row", reason))


class _Join(beam.DoFn):
    """Keeps the interactions that have a known user, item and split: (user id, row) or a fault."""

    def __init__(self, spec: FeatureSpec, protocol: str):
        self._protocol = protocol
        self._user = spec.role("user_id").name
        self._item = spec.role("item_id").name

    def process(
        self, row: tuple[Origin, Row], users: frozenset, items: frozenset
    ) -> Iterator[Any]:
        origin, values = row
        reason = split_fault(values, self._protocol)
        for column, known, table in ((self._user, users, "users"), (self._item, items, "items")):
            if values[column][0] not in known:
                reason = f"{column} {_shown(values[column][0])} is not in the table of {table}"
        if reason:
            yield beam.pvalue.TaggedOutput("faults", _fault("interactions", origin, "row", reason))
        else:
            yield values[self._user][0], values


def _shown(identity: Any) -> str:
    return repr(identity.decode("utf-8", "replace") if isinstance(identity, bytes) else identity)


def _split(kept: beam.PCollection, spec: FeatureSpec, protocol: str) -> beam.PCollection:
    """Returns (split, row with histories) of every interaction."""
    thresholds = None
    if protocol == "t80":
        time = spec.role("timestamp").name
        thresholds = beam.pvalue.AsSingleton(
            kept
            | "Times" >> beam.Map(lambda row: row[1][time][0])
            | "AllTimes" >> beam.combiners.ToList()
            | "Thresholds" >> beam.Map(time_thresholds)
        )

    def per_user(group: tuple[Any, Iterable[Row]], limits: Any) -> Iterator[tuple[str, Row]]:
        rows = list(group[1])
        splits = split_rows(rows, spec, protocol, limits)
        add_histories(rows, splits, spec)
        yield from zip(splits, rows, strict=True)

    return kept | "ByUser" >> beam.GroupByKey() | "Histories" >> beam.FlatMap(per_user, thresholds)


def _with_event_counts(
    kept: beam.PCollection, rows: beam.PCollection, spec: FeatureSpec, side: str
) -> beam.PCollection:
    """Returns serialized rows of the users or items table, with their training events counted."""
    identity, column = spec.id_key(side), spec.event_count(side)
    role = spec.role(str(identity.role)).name
    events = (
        rows
        | f"Train/{side}" >> beam.Filter(lambda row: row[0] == "train")
        | f"EventId/{side}" >> beam.Map(lambda row: row[1][role][0])
        | f"Events/{side}" >> beam.combiners.Count.PerElement()
    )

    def finish(group: tuple[Any, dict[str, Any]]) -> bytes:
        row = dict(next(iter(group[1]["row"])))
        if column:
            row[column.name] = [sum(group[1]["events"])]
        return encode(row, spec, side)

    joined = {"row": kept, "events": events} | f"Counted/{side}" >> beam.CoGroupByKey()
    return joined | f"Encode/{side}" >> beam.Map(finish)


def _count(collection: beam.PCollection, name: str, suffix: str = "") -> beam.PCollection:
    """Returns one (name, number) pair."""
    label = f"{name}{suffix}"
    return (
        collection
        | f"Count/{label}" >> beam.combiners.Count.Globally()
        | f"Name/{label}" >> beam.Map(lambda number: (name, number))
    )


def _write(encoded: beam.PCollection, folder: str, split: str) -> None:
    _ = encoded | f"Write/{folder}/{split}" >> beam.io.WriteToTFRecord(
        f"{folder}/Split-{split}/data_tfrecord", file_name_suffix=".gz"
    )


def _write_quarantine(
    faults: list[beam.PCollection], counts: list[beam.PCollection], protocol: str, folder: str
) -> None:
    # One key brings all faults to one place, in order; there are few, or the run stops.
    _ = (
        faults
        | "AllFaults" >> beam.Flatten()
        | "OneKey" >> beam.Map(lambda fault: (0, fault))
        | "Together" >> beam.GroupByKey()
        | "Ordered" >> beam.FlatMap(lambda group: sorted(
            group[1], key=lambda f: (f["table"], f["source"], f["line"], f["reason"])))
        | "Lines" >> beam.Map(lambda fault: json.dumps(fault, ensure_ascii=False))
        | "WriteFaults" >> beam.io.WriteToText(
            f"{folder}/quarantine.jsonl", num_shards=1, shard_name_template="")
    )

    def summary(pairs: list[tuple[str, int]]) -> str:
        result: dict[str, Any] = {"split": protocol}
        for name, number in pairs:
            group, key = name.split("/")
            inner = result.setdefault(group, {})
            inner[key] = inner.get(key, 0) + number
        return json.dumps(result, indent=1)

    _ = (
        counts
        | "AllCounts" >> beam.Flatten()
        | "CountList" >> beam.combiners.ToList()
        | "Summary" >> beam.Map(summary)
        | "WriteCounts" >> beam.io.WriteToText(
            f"{folder}/counts.json", num_shards=1, shard_name_template="")
    )
