"""The second step of ingest: one bucket of users, with all of their events."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.catalog_gen.buckets import Bucket
from components.catalog_gen.catalogue import Catalogue, read_catalogue
from components.catalog_gen.examples import Encoder
from components.catalog_gen.faults import FaultWriter, Origin
from components.catalog_gen.histories import Histories, Row
from components.catalog_gen.shards import Spilled, read_rows
from components.catalog_gen.splits import SPLITS, split_fault, splitter
from components.catalog_gen.tables import TableWriter
from components.catalog_gen.unseen import Unseen
from schemas import FeatureSpec


@dataclass(frozen=True)
class BucketDone:
    """What became of a bucket.

    Attributes:
      users: Number of users kept.
      users_left_out: Number of rows of users left out, for their id had a row already.
      events_left_out: Number of events left out.
      splits: Number of events kept, by split.
      item_events: File with the number of training events of each item of the catalogue, `None`
        where the schema does not ask for it.
      faults: Sorted files of what was left out.
    """

    users: int
    users_left_out: int
    events_left_out: int
    splits: dict[str, int]
    item_events: str | None
    faults: tuple[str, ...]


class UserBuckets:
    """Works on buckets of users; it travels to Beam's workers."""

    def __init__(
        self, spec: FeatureSpec, protocol: str, has_users: bool, tables: dict[str, str],
        scratch: str,
    ):
        """Tells what all buckets share.

        Args:
          spec: The dataset's spec.
          protocol: How events are split.
          has_users: Whether the dataset has a table of users.
          tables: Output folder of each table.
          scratch: Folder for files in between.
        """
        self._spec, self._protocol, self._has_users = spec, protocol, has_users
        self._tables, self._scratch = tables, scratch

    def times(self, bucket: Bucket, spilled: Iterable[Spilled], catalogue: str) -> str:
        """Writes the times of a bucket's kept events.

        Args:
          bucket: Which one.
          spilled: All shards of all tables.
          catalogue: File of all items.

        Returns:
          The file, an array `(events,)` int64, ascending.
        """
        time = self._spec.role("timestamp").name
        stem = f"{self._scratch}/times-{bucket.number:05d}"
        faults = FaultWriter(stem)  # `write` finds the same ones again and tells them
        users = self._joined(bucket, spilled, read_catalogue(catalogue), faults, faults)
        times = [row[time][0] for _, _, events in users for row in events]
        np.save(f"{stem}.npy", np.sort(np.array(times, np.int64)))
        return f"{stem}.npy"

    def write(
        self, bucket: Bucket, spilled: Iterable[Spilled], catalogue: str,
        thresholds: tuple[int, int] | None,
    ) -> BucketDone:
        """Splits a bucket's events, adds what ingest builds and writes the Examples.

        Args:
          bucket: Which one.
          spilled: All shards of all tables.
          catalogue: File of all items.
          thresholds: For `"t80"`, the times at which the split changes.
        """
        spec, known = self._spec, read_catalogue(catalogue)
        stem = f"{self._scratch}/bucket-{bucket.number:05d}"
        user_faults, event_faults = FaultWriter(f"{stem}-users"), FaultWriter(f"{stem}-events")
        split, histories = splitter(spec, self._protocol, thresholds), Histories(spec)
        unseen = Unseen(spec, known.ids)
        user_encoder, event_encoder = Encoder(spec, "users"), Encoder(spec, "interactions")
        item, counted = spec.role("item_id").name, spec.event_count("users")
        trained: list[Any] = []
        users, counts = 0, dict.fromkeys(SPLITS, 0)
        with ExitStack() as stack:
            writers = {name: stack.enter_context(
                TableWriter(self._tables["interactions"], name, bucket)) for name in SPLITS}
            user_writer = stack.enter_context(TableWriter(self._tables["users"], "all", bucket))
            for _, user, events in self._joined(bucket, spilled, known, user_faults, event_faults):
                splits = split(events)
                histories.add(events, splits)
                unseen.add(events, splits)
                for row, name in zip(events, splits, strict=True):
                    writers[name].write(event_encoder.encode(row))
                    counts[name] += 1
                    if name == "train":
                        trained.append(row[item][0])
                if counted:
                    user[counted.name] = [splits.count("train")]
                user_writer.write(user_encoder.encode(user))
                users += 1
        for faults in (user_faults, event_faults):
            faults.close()
        return BucketDone(users, user_faults.rows, event_faults.rows, counts,
                          self._count_items(trained, known, f"{stem}.npy"),
                          (*user_faults.paths, *event_faults.paths))

    def _count_items(self, trained: list[Any], known: Catalogue, path: str) -> str | None:
        if self._spec.event_count("items") is None:
            return None
        places = [known.positions[identity] for identity in trained]
        np.save(path, np.bincount(np.array(places, np.int64), minlength=len(known.ids)))
        return path

    def _joined(
        self, bucket: Bucket, spilled: Iterable[Spilled], known: Catalogue,
        user_faults: FaultWriter, event_faults: FaultWriter,
    ) -> Iterator[tuple[Any, Row, list[Row]]]:
        """Yields each user's id, row and kept events, by user id."""
        spec, parts = self._spec, bucket.parts
        user_column = spec.role("user_id").name
        by_user: dict[Any, list[tuple[Origin, Row]]] = {}
        for origin, row in read_rows(spilled, spec, "interactions", parts):
            by_user.setdefault(row[user_column][0], []).append((origin, row))
        key = spec.id_key("users").name
        if self._has_users:
            rows = read_rows(spilled, spec, "users", parts)
            users = unique(rows, key, "users", user_faults)
        else:
            users = {identity: {key: [identity]} for identity in by_user}
        events = _EventRules(spec, self._protocol, known, event_faults)
        for identity in sorted(users.keys() | by_user.keys()):
            met = by_user.pop(identity, [])
            if identity in users:
                yield identity, users.pop(identity), events.keep(met)
            else:
                for origin, _ in met:
                    reason = f"{user_column} {shown(identity)} is not in the table of users"
                    event_faults.add("interactions", origin, "row", reason)


class _EventRules:
    """Keeps the events that have a known item and split, each event once."""

    def __init__(
        self, spec: FeatureSpec, protocol: str, known: Catalogue, faults: FaultWriter
    ):
        self._protocol, self._known, self._faults = protocol, known.positions, faults
        self._item = spec.role("item_id").name
        # Without a time, a repeated row cannot be told from a repeated event.
        self._timed = spec.has_role("timestamp")
        self._same = [spec.role(role).name for role in ("item_id", "timestamp", "event_type")
                      if spec.has_role(role)]

    def keep(self, events: list[tuple[Origin, Row]]) -> list[Row]:
        """Returns the rows kept of one user's, in order; each of the others is told."""
        kept = []
        seen: dict[tuple, Origin] = {}
        for origin, row in events:
            if reason := self._fault(origin, row, seen):
                self._faults.add("interactions", origin, "row", reason)
            else:
                kept.append(row)
        return kept

    def _fault(self, origin: Origin, row: Row, seen: dict[tuple, Origin]) -> str | None:
        identity = row[self._item][0]
        if identity not in self._known:
            return f"{self._item} {shown(identity)} is not in the table of items"
        if reason := split_fault(row, self._protocol):
            return reason
        if not self._timed:
            return None
        event = tuple([value for column in self._same for value in row.get(column, ())])
        first = seen.setdefault(event, origin)
        if first is not origin:
            return f"the same event stands already in {first[0]}, line {first[1]}"
        return None


def unique(
    rows: Iterable[tuple[Origin, Row]], key: str, side: str, faults: FaultWriter
) -> dict[Any, Row]:
    """Keeps the first row of each id.

    Args:
      rows: Rows with their origin, in order.
      key: The column of the id.
      side: The table.
      faults: Takes the other rows.
    """
    kept: dict[Any, tuple[Origin, Row]] = {}
    for origin, row in rows:
        identity = row[key][0]
        first = kept.setdefault(identity, (origin, row))[0]
        if first is not origin:
            reason = f"{key} {shown(identity)} stands already in {first[0]}, line {first[1]}"
            faults.add(side, origin, "row", reason)
    return {identity: row for identity, (_, row) in kept.items()}


def shown(identity: Any) -> str:
    """Returns an id as messages quote it."""
    return repr(identity.decode("utf-8", "replace") if isinstance(identity, bytes) else identity)
