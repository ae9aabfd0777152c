"""`tessera prune`: runs, artifacts and versions that nothing needs any more."""

import datetime
import shutil
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from pipeline.lineage import read_lineage, read_only_store
from pipeline.root import STAMP, machine_faults_typed, one_run, read_json
from schemas.errors import InputError
from serving.model_config import versions

_DAY = 86_400
_BLESSED = 2  # of each pipeline: the next run compares its model with the newest other one
_PAST = "tessera.DataProfile"  # small, and what the next run compares its data with
_DATASET = "dataset"  # custom property of such a profile
_TRAINED = "training"  # in the metrics of a run that made a model, blessed or not
_RUN = "pipeline_run"
_ARTIFACTS = "artifacts"
_MOMENT = len("20260102-030405")


@dataclass(frozen=True)
class Plan:
    """What is to be deleted.

    Attributes:
      folders: Folders of runs, artifacts and versions, and files of encoders' vectors.
      kept: Ids of the runs that are kept, in order.
    """

    folders: tuple[Path, ...]
    kept: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for folder in self.folders
                   for path in (folder, *folder.rglob("*"))
                   if path.is_file() and not path.is_symlink())


def plan(root: Path, keep: int, days: float | None, keep_versions: int | None, now: float,
         max_age: float | None = None) -> Plan:
    """Finds what nothing needs: runs that are neither new nor in use, and what they alone made.

    A run is in use where its model is a kept version of a pushed model, or is one of the two newest
    blessed ones of its dataset, recipe and seed.

    Args:
      root: The folder of all results.
      keep: So many of the newest runs are kept.
      days: Runs that are younger are kept, too; `None` for none.
      keep_versions: So many of the newest versions of each pushed model are kept; all where `None`.
      now: Seconds since 1970.
      max_age: Nothing keeps a run that began so many days ago or longer, nor the version that it
        pushed, but that it is the newest of its dataset, or the newest version of its model.

    Raises:
      InputError: There are no metadata under the root.
    """
    runs = sorted((path for path in (root / "runs").glob("*")
                   if path.is_dir() and not path.is_symlink()), key=_age)
    served, old_versions = _versions(root, keep_versions)
    kept = {run.name for run in runs[-keep:]} | served | _blessed(runs)
    if days is not None:
        # NaN keeps them all.
        kept |= {run.name for run in runs if not now - run.stat().st_mtime >= days * _DAY}
    profiles = keep
    if max_age is not None:
        old = {run.name for run in runs if now - _age(run)[0] >= max_age * _DAY}
        kept -= old - _newest(runs)
        old_versions, profiles = sorted({*old_versions, *_versions_of_others(root, kept)}), 0
    folders = [run for run in runs if run.name not in kept]
    return Plan((*folders, *_artifacts(root, kept, profiles), *old_versions,
                 *_old_vectors(root, [run for run in runs if run.name in kept])),
                tuple(run.name for run in runs if run.name in kept))


def delete(root: Path, planned: Plan) -> None:
    """Deletes what was planned, while no run is under way.

    TFX computes anew what is gone, where a run asks for it.

    Raises:
      InputError: A run is under way, or a folder may not be deleted.
    """
    with machine_faults_typed(root), ExitStack() as locks:
        for lock in sorted(root.glob(".*.lock")):
            locks.enter_context(one_run(root, lock.name[1:-len(".lock")]))
        for folder in planned.folders:
            if folder.is_file():
                folder.unlink()
            else:
                shutil.rmtree(folder)


def _age(run: Path) -> tuple[float, int, str]:
    """Returns what runs are sorted by, the oldest first.

    A run's id says when it began; on a cluster the id is Kubeflow's, and the folder's time says so.
    """
    try:
        began = datetime.datetime.strptime(f"{run.name[:_MOMENT]} +0000", f"{STAMP} %z")
    except ValueError:
        return run.stat().st_mtime, 0, run.name
    return began.timestamp(), len(run.name), run.name  # the second one of a moment ends with -2


def _versions(root: Path, keep: int | None) -> tuple[set[str], list[Path]]:
    """Returns the runs whose models are kept versions, and the versions that are not kept."""
    runs, old = set(), []
    for model in sorted((root / "serving").glob("*")):
        newest = list(versions(model).values())
        for folder in newest[:keep]:
            if record := read_lineage(folder):
                runs |= {record["run_id"], record["model"]["run_id"]}
        old += [folder for folder in newest[keep:] if not folder.is_symlink()] if keep else []
    return runs, old


def _versions_of_others(root: Path, kept: set[str]) -> list[Path]:
    """Returns the versions of pushed models, but the newest of each, whose runs are not kept."""
    return [folder for model in sorted((root / "serving").glob("*"))
            for folder in list(versions(model).values())[1:]
            if not folder.is_symlink() and (record := read_lineage(folder))
            and not {record["run_id"], record["model"]["run_id"]} & kept]


def _newest(runs: list[Path]) -> set[str]:
    """Returns the newest run of each dataset that made a model; where none did, the newest."""
    newest: dict[tuple[str, bool], str] = {}
    for run in runs:
        metrics = _metrics(run)
        newest[str(metrics.get("dataset")), _TRAINED in metrics] = run.name
    return {name for (dataset, whole), name in newest.items()
            if whole or (dataset, True) not in newest}


def _old_vectors(root: Path, kept: list[Path]) -> list[Path]:
    """Returns the files of encoders' vectors that were made before the oldest kept run began."""
    began = min((_age(run)[0] for run in kept), default=0.0)
    return sorted(path for path in (root / "encodings").glob("*/*")
                  if path.is_file() and not path.is_symlink() and path.stat().st_mtime < began)


def _blessed(runs: list[Path]) -> set[str]:
    newest: dict[tuple, list[str]] = defaultdict(list)
    for run in runs:
        metrics = _metrics(run)
        if metrics.get("blessed"):
            key = tuple(str(metrics.get(name)) for name in ("dataset", "recipe", "seed"))
            newest[key].append(run.name)
    return {name for names in newest.values() for name in names[-_BLESSED:]}


def _metrics(run: Path) -> dict[str, Any]:
    path = run / "metrics.json"
    return read_json(path) if path.is_file() else {}


def _artifacts(root: Path, kept: set[str], profiles: int) -> list[Path]:
    """Returns the folders of artifacts that no kept run made or took from the cache.

    So many of the newest profiles of each dataset stay beside those of the kept runs.

    An attempt that failed leaves no record. What it wrote after its end, as a job on a cluster may,
    is in a folder that the metadata do not have.
    """
    metadata = root / "metadata.sqlite"
    if not metadata.is_file():
        raise InputError("no-metadata-to-prune",
                         f"No metadata at {metadata}, which have what each run made. Give the root "
                         "of the runs with --root.")
    store = read_only_store(metadata)
    types = {one.id: one.name for one in store.get_artifact_types()}
    inside = (root / _ARTIFACTS).resolve()
    needed = {_folder(artifact.uri, inside) for name in kept for artifact in _of_run(store, name)}
    needed |= {_folder(artifact.uri, inside) for artifact in _profiles(store, types, profiles)}
    recorded = {_folder(artifact.uri, inside): artifact for artifact in store.get_artifacts()}
    folders = {folder for folder, artifact in recorded.items()
               if folder not in needed and folder.is_dir() and folder.is_relative_to(inside)}
    # TFX's layout: pipeline, node, output, execution.
    folders |= {folder for folder in inside.glob("*/*/*/*")
                if folder.name.isdigit() and not folder.is_symlink()
                and folder.is_dir() and folder not in recorded}
    return sorted(folders)


def _profiles(store: mlmd.MetadataStore, types: dict[int, str], count: int
              ) -> list[metadata_store_pb2.Artifact]:
    """Returns so many of the newest profiles of each dataset."""
    of_dataset: dict[str, list[metadata_store_pb2.Artifact]] = defaultdict(list)
    for one in sorted(store.get_artifacts(), key=lambda artifact: artifact.id):
        if types[one.type_id] == _PAST:
            dataset = one.custom_properties[_DATASET].string_value \
                if _DATASET in one.custom_properties else ""
            of_dataset[dataset].append(one)
    return [one for profiles in of_dataset.values() for one in profiles[::-1][:count]]


def _folder(uri: str, inside: Path) -> Path:
    """Returns where an artifact is, also under a root that was moved or is mounted elsewhere."""
    path = Path(uri).resolve()
    if path.is_relative_to(inside) or _ARTIFACTS not in path.parts:
        return path
    after = path.parts[::-1].index(_ARTIFACTS)
    return inside.joinpath(*path.parts[len(path.parts) - after:])


def _of_run(store: mlmd.MetadataStore, name: str) -> list[metadata_store_pb2.Artifact]:
    context = store.get_context_by_type_and_name(_RUN, name)
    if context is None:
        return []
    executions = [one.id for one in store.get_executions_by_context(context.id)]
    events = store.get_events_by_execution_ids(executions) if executions else []
    return store.get_artifacts_by_id(sorted({event.artifact_id for event in events}))
