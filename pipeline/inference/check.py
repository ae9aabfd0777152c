"""`tessera schema check`: what a schema says, and whether the data keep to it."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.catalog_gen.check import Checker
from components.catalog_gen.faults import shortened, together
from components.quarantine import lost_columns, notes
from components.sources import Source
from components.sources.base import Record
from pipeline.console import say
from schemas import ENTITIES, SIDES, DataAnomalyError, Feature, FeatureSpec
from schemas.inference.column import HISTORY_COLUMNS, unused

ROWS = 1_000  # of a table
_SHOWN = 3  # reasons
_ROLES = {
    "user_id": "who",
    "item_id": "what",
    "timestamp": "when",
    "event_type": "kind of event, its weight",
}


@dataclass
class Looked:
    """The result of the check of some rows.

    Attributes:
      rows: Rows looked at.
      faulty: Rows that ingest would quarantine.
      reasons: The first reasons for that, with file and line.
      values: Values that ingest would leave out.
      value_reasons: The first reasons for that.
      notes: What ingest would change or doubt, and columns that would lose every value.
    """

    rows: int = 0
    faulty: int = 0
    reasons: list[str] = field(default_factory=list)
    values: int = 0
    value_reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def describe(spec: FeatureSpec) -> Table:
    """Returns a table of every column and what it means for the model."""
    table = Table(title=escape(f"Schema {spec.name}"), title_justify="left")
    for heading in ("column", "table", "type", "is", "for the model"):
        table.add_column(heading, overflow="fold")
    kinds = {bytes: "text", int: "whole number", float: "number"}
    for side in SIDES:
        for feature in spec.table(side):
            kind = "bytes" if feature.media else kinds[feature.dtype]
            many = "" if feature.scalar else f", up to {feature.max_values or 'any number'}"
            cells = (feature.name, side, kind + many, ", ".join(_is(feature, spec)) or "-",
                     _means(feature, spec))
            table.add_row(*map(escape, cells))
    return table


def _is(feature: Feature, spec: FeatureSpec) -> Iterator[str]:
    """Yields role, modality, labels and flags of a column."""
    if feature.role:
        yield feature.role
    if feature.modality and not feature.derived:
        yield feature.modality
    for label in _labels(feature, spec):
        condition = (f">={label.threshold:g}" if label.threshold is not None
                     else f"={label.equals}" if label.equals is not None else "")
        yield f"label:{label.name}{condition}"
    if feature.treatment:
        yield feature.treatment.tag
    elif feature.pii:
        yield "pii"
    if feature.history:
        yield f"history:{feature.history}"
    if feature.counts_events:
        yield "events"
    if feature.unseen:
        yield "unseen"


def _labels(feature: Feature, spec: FeatureSpec) -> list:
    return [label for label in spec.labels_of(feature.side) if label.feature == feature.name]


def _means(feature: Feature, spec: FeatureSpec) -> str:
    if feature.history:
        return f"input: the user's last {feature.max_values}; built at ingest"
    if feature.counts_events:
        return "slices; built at ingest"
    if feature.unseen:
        return f"{feature.max_values} items not chosen; built at ingest"
    if feature.role:
        return _ROLES[feature.role] if feature.side == "interactions" else "key of the table"
    if _labels(feature, spec):
        return "to be learned"
    if feature.pii:
        return "kept out; masked in reports"
    if feature.raw and feature.side != "interactions":
        return f"input: {feature.raw.meaning}"
    return "not read; checked and reported"


def missed(spec: FeatureSpec) -> list[str]:
    """Returns what ingest could build of the data and no column asks for.

    Args:
      spec: The dataset's spec.

    Returns:
      Lines to show; none where nothing is missed.
    """
    absent = [what for what in ("item_id", "timestamp") if what not in spec.histories()]
    if not spec.has_role("timestamp") or not absent:
        return []
    kinds = {bytes: "BYTES", int: "INT", float: "FLOAT"}
    lines = [f"The interactions have times, and no column has the tag "
             f"{' or '.join(f'history:{what}' for what in absent)}: no model will know what a user "
             "did before. Ingest builds such columns. Add to interactions.pbtxt:"]
    lines += [_declared(spec, "interactions", HISTORY_COLUMNS[what],
                        f"{kinds[spec.role(what).dtype]} value_count {{ min: 0 max: 50 }}",
                        f'tag: "sequence" tag: "history:{what}"') for what in absent]
    for side in ENTITIES:
        if spec.event_count(side) is None:
            lines += [f"Figures by number of events need a column in {side}.pbtxt:",
                      _declared(spec, side, f"{side[:-1]}_events", "INT", 'tag: "events"')]
    return lines


def _declared(spec: FeatureSpec, side: str, name: str, kind: str, tags: str) -> str:
    free = unused(name, {f.name for f in spec.table(side)})
    return f'  feature {{ name: "{free}" type: {kind} annotation {{ {tags} }} }}'


def look(source: Source, spec: FeatureSpec, rows: int = ROWS) -> dict[str, Looked]:
    """Applies the hard rules to the first rows of each table.

    Args:
      source: The opened source.
      spec: Its spec.
      rows: Most rows of a table.

    Returns:
      What was found, for each table that there is. Rows that repeat an id, and ids that are in no
      table, show in a run only, which reads all rows.
    """
    return {
        side: _look(itertools.islice(_records(source, side), rows), spec, side)
        for side in SIDES if source.has_table(side)
    }


def _records(source: Source, side: str) -> Iterator[Record]:
    for shard in source.shards(side):
        yield from source.records(side, shard)


def _look(records: Iterable[Record], spec: FeatureSpec, side: str) -> Looked:
    result, checker = Looked(), Checker(spec, side)
    for record in records:
        result.rows += 1
        checked = checker.check(record)
        where = f"{record.source} line {record.line}: "
        if checked.row_fault is not None:
            result.faulty += 1
            reason = where + shortened(checked.row_fault)
            result.reasons += [reason][:_SHOWN - len(result.reasons)]
            continue
        result.values += len(checked.value_faults)
        room = _SHOWN - len(result.value_reasons)
        result.value_reasons += [where + shortened(fault.reason)
                                 for fault in checked.value_faults[:room]]
    counts = {"remarks": {side: together([checker.notes])}}
    result.notes = [*lost_columns(counts), *notes(counts)]
    return result


def report(results: dict[str, Looked], limit: float, console: Console) -> None:
    """Prints what the look at the data has shown.

    Args:
      results: By table.
      limit: Largest share of a table's rows that may be quarantined.
      console: Where it goes.

    Raises:
      DataAnomalyError: A table is above the limit, or has no row at all.
    """
    for side, looked in results.items():
        say(console, f"{side}: {looked.rows:,} rows looked at, {looked.faulty:,} would be "
                     f"quarantined, {looked.values:,} values left out")
        for kind, reasons in (("row", looked.reasons), ("value", looked.value_reasons)):
            for reason in reasons:
                say(console, f"  {kind}  {reason}")
        for note in looked.notes:
            say(console, f"  note  {note}")
    faults = [
        f"Table {side}: " + (f"{looked.faulty:,} of {looked.rows:,} rows would be quarantined, "
                             f"above the limit of {limit:.2%}: {looked.reasons[0]}"
                             if looked.rows else "it has no row")
        for side, looked in results.items()
        if not looked.rows or looked.faulty > limit * looked.rows
    ]
    if faults:
        raise DataAnomalyError("data-do-not-fit-schema",
                               f"{'; '.join(faults)}. Correct the data or the schema.")
