"""Recommendations for many users, in parts that a stopped job does not lose."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow_hotfix  # noqa: F401  (what a Parquet file brings along must not run)

from schemas.errors import InputError
from schemas.log import Progress
from schemas.values.text import as_text, normal_identity
from serving.client import Client
from serving.recommendations import Recommendation

USER_ID = "user_id"
_PART_USERS, _REQUEST_USERS = 1024, 128
_JOB = "job.json"


def version_to_ask(client: Client, output: Path) -> int:
    """Returns the version that a stopped job began with if it is still served, else the newest.

    Args:
      client: A client of the server.
      output: The Parquet file that is to be written.

    Raises:
      InputError: The server does not know the model, or the notes of a job cannot be read.
      ServerUnavailableError: If no server responds.
    """
    begun = _begun(_parts_of(output)).get("version")
    served = {one.version for one in client.status() if one.state == "AVAILABLE"}
    return begun if begun in served else client.served_version


def score(client: Client, users: Path, output: Path, k: int) -> int:
    """Asks for the recommendations of all users of a file and writes them to another.

    Each part of 1,024 users is a file of its own until all are there. The same call goes on after
    the last whole part.

    Args:
      client: A client of one version, for a list is of one model.
      users: A Parquet file with a column `user_id`.
      output: The Parquet file to write: `user_id`, `rank` from 1 on, `item_id`, `score` and each
        task, one row a recommended item.
      k: Items for each user.

    Returns:
      The number of users.

    Raises:
      InputError: The users cannot be read, the output is a folder or the users' own file, or parts
        of another job are beside it.
      ServerUnavailableError: If no server responds.
    """
    ids = read_user_ids(users)
    if output.is_dir():  # else seen when all users are served
        raise InputError("scores-into-folder",
                         f"{output} is a folder. Give the name of a Parquet file with -o.")
    if output.exists() and output.samefile(users):
        raise InputError("scores-onto-users",
                         f"{output} is the file of the users, which would be lost. Give another "
                         "one with -o.")
    parts = _parts_of(output)
    digest = hashlib.sha256(json.dumps(ids).encode()).hexdigest()
    _require_same_job(parts, {"users": digest, "k": k, "version": client.served_version})
    progress = Progress("Users with recommendations", len(ids))
    files = []
    for number, start in enumerate(range(0, len(ids), _PART_USERS)):
        files.append(parts / f"{number:06d}.parquet")
        some = ids[start : start + _PART_USERS]
        if not files[-1].exists():
            _write(files[-1], pa.Table.from_pylist([*_rows(client, some, k)], _schema(client)))
        progress.add(len(some))
    _join(files, output, _schema(client))
    shutil.rmtree(parts)
    return len(ids)


def read_user_ids(file: Path) -> list[str]:
    """Returns the ids of the users of a Parquet file, `""` where one is absent.

    They are written as ingest writes them, for a model knows them so: a number without `.0`, text
    in its composed form, and bytes as UTF-8.

    Raises:
      InputError: The file is none, has no column of ids, or brings pickled objects along.
    """
    try:
        column = pq.read_table(file, columns=[USER_ID]).column(USER_ID)
    except (OSError, pa.ArrowException, KeyError, RuntimeError) as error:  # the last by the guard
        raise InputError("bad-users-file",
                         f"{file} must be a Parquet file with a column {USER_ID!r}: {error}."
                         ) from error
    return ["" if value is None or value != value else normal_identity(as_text(value))
            for value in column.to_pylist()]


def _parts_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.parts")


def _begun(parts: Path) -> dict[str, Any]:
    """Returns what is noted of the job whose parts are in a folder; nothing of none."""
    file = parts / _JOB
    if not file.is_file():
        return {}
    try:
        begun = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        begun = None
    if not isinstance(begun, dict):
        raise InputError("bad-scoring-job",
                         f"{file} does not say which job the parts beside it are of. Delete "
                         f"{parts}, and the job begins again.")
    return begun


def _require_same_job(parts: Path, job: dict[str, Any]) -> None:
    file = parts / _JOB
    begun = _begun(parts)
    if not begun:
        parts.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(job), encoding="utf-8")
        partial.replace(file)
        return
    if other := sorted(name for name in job if begun.get(name) != job[name]):
        raise InputError(
            "other-scoring-job",
            f"{parts} has parts of a job that differs in {', '.join(other)}. Finish that one, or "
            "delete the folder."
        )


def _rows(client: Client, users: Sequence[str], k: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(users), _REQUEST_USERS):
        some = users[start : start + _REQUEST_USERS]
        for user, items in zip(some, client.recommend(some, k), strict=True):
            for rank, item in enumerate(items, start=1):
                yield _row(user, rank, item)


def _row(user: str, rank: int, item: Recommendation) -> dict[str, Any]:
    return {USER_ID: user, "rank": rank, "item_id": item.item_id, "score": item.score,
            **item.tasks}


def _schema(client: Client) -> pa.Schema:
    """Returns the columns; a task with several classes is a list."""
    fields = [(USER_ID, pa.string()), ("rank", pa.int32()), ("item_id", pa.string()),
              ("score", pa.float32())]
    for name, dims in client.tasks().items():
        fields.append((name, pa.float32() if dims == 2 else pa.list_(pa.float32())))
    return pa.schema(fields)


def _write(file: Path, table: pa.Table) -> None:
    partial = file.with_suffix(".partial")
    pq.write_table(table, partial)
    partial.replace(file)  # a stopped job leaves no half part


def _join(files: Sequence[Path], output: Path, schema: pa.Schema) -> None:
    partial = output.with_name(f"{output.name}.partial")
    with pq.ParquetWriter(partial, schema) as writer:
        for file in files:
            writer.write_table(pq.read_table(file))
    partial.replace(output)
