"""The second step of ingest: one bucket of users, with all of their events."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from components.catalog_gen.faults import FaultWriter
from components.catalog_gen.histories import Histories, Unseen
from components.catalog_gen.join import UserJoin, read_catalogue
from components.catalog_gen.shards import Bucket, Spilled
from components.catalog_gen.spill import own_path
from components.catalog_gen.splits import SPLITS, splitter
from components.catalog_gen.tables import Encoder, TableWriter
from schemas import FeatureSpec
from schemas.log import Progress


@dataclass(frozen=True)
class UsersDone:
    """What became of a bucket of users.

    Attributes:
      kept: Number of users written.
      splits: Number of events written, by split.
      item_events: File with the number of training events of each item of the catalogue.
      left_out: Number of rows left out, by table.
      faults: Sorted files of what was left out.
    """

    kept: int
    splits: dict[str, int]
    item_events: str
    left_out: dict[str, int]
    faults: tuple[str, ...]


class UserBuckets:
    """Works on buckets of users; it travels to Beam's workers."""

    def __init__(
        self, spec: FeatureSpec, protocol: str, has_users: bool, tables: dict[str, str],
        scratch: str,
    ):
        """Takes what all buckets share.

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
        path = own_path(self._scratch, f"times-{bucket.number:05d}")
        # What is left out here is left out by `write` again, and reported there.
        join = UserJoin(self._spec, self._protocol, self._has_users, spilled,
                        read_catalogue(catalogue), FaultWriter(path))
        times = [row[time][0] for _, events in join.read(bucket.parts) for row in events]
        np.save(f"{path}.npy", np.sort(np.array(times, np.int64)))
        return f"{path}.npy"

    def write(
        self, bucket: Bucket, spilled: Iterable[Spilled], catalogue: str,
        thresholds: tuple[int, int] | None,
    ) -> UsersDone:
        """Splits a bucket's events, adds what ingest builds and writes the Examples.

        Args:
          bucket: Which one.
          spilled: All shards of all tables.
          catalogue: File of all items.
          thresholds: For `"t80"`, the times at which the split changes.
        """
        spec, known = self._spec, read_catalogue(catalogue)
        path = own_path(self._scratch, f"users-bucket-{bucket.number:05d}")
        faults = FaultWriter(path)
        join = UserJoin(spec, self._protocol, self._has_users, spilled, known, faults)
        split, histories = splitter(spec, self._protocol, thresholds), Histories(spec)
        unseen = Unseen(spec, known.ids)
        user_encoder, event_encoder = Encoder(spec, "users"), Encoder(spec, "interactions")
        item, counted = spec.role("item_id").name, spec.event_count("users")
        item_events = np.zeros(len(known.ids), np.int64)
        users, counts = 0, dict.fromkeys(SPLITS, 0)
        with ExitStack() as stack:
            writers = {name: stack.enter_context(
                TableWriter(self._tables["interactions"], name, bucket, self._scratch))
                for name in SPLITS}
            user_writer = stack.enter_context(
                TableWriter(self._tables["users"], "all", bucket, self._scratch))
            progress = Progress(f"Ingest, users of bucket {bucket.number} written")
            for user, events in progress.over(join.read(bucket.parts)):
                splits = split(events)
                histories.add(events, splits)
                unseen.add(events, splits)
                for row, name in zip(events, splits, strict=True):
                    writers[name].write(event_encoder.encode(row))
                    counts[name] += 1
                    if name == "train":
                        item_events[known.positions[row[item][0]]] += 1
                if counted:
                    user[counted.name] = [splits.count("train")]
                user_writer.write(user_encoder.encode(user))
                users += 1
        faults.close()
        np.save(f"{path}.npy", item_events)
        return UsersDone(users, counts, f"{path}.npy", dict(faults.rows), tuple(faults.paths))
