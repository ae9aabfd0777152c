"""The versions of one model: which are loaded, and which one a request gets."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schemas.errors import InputError
from serving.model_config import ModelConfig, fingerprint, versions
from serving.served_version import ServedVersion
from serving.worker import LoadStoppedError

_DRAIN_SECONDS = 30.0  # what runs may go on for so long
_log = logging.getLogger(__name__)


class NotServedError(InputError):
    """There is no such model, version or label on this server."""


@dataclass(frozen=True)
class VersionState:
    """The state of one version, in TensorFlow Serving's words.

    Attributes:
      state: `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
      error: Why it is not served, or empty.
    """

    state: str
    error: str = ""


class Versions:
    """Loads the versions of a model and lets go of those that are wanted no longer.

    Beside the wanted versions those of labels are loaded, whatever the policy, and the one before
    the wanted ones stays, so that a way back is there at once.

    Args:
      config: The model.
      load: Loads a version's folder, given whether another version is served meanwhile.
      on_load: Is called with the model's name and whether a load succeeded.
      on_unload: Is called with the model's name and a version that is served no longer.

    Attributes:
      config: The model.
      labels: Versions by label; the configuration's as soon as all of their versions are loaded.
      closed: Whether nothing is loaded any more.
    """

    def __init__(self, config: ModelConfig, load: Callable[[Path, bool], ServedVersion],
                 on_load: Callable[[str, bool], None] = lambda model, loaded: None,
                 on_unload: Callable[[str, int], None] = lambda model, version: None) -> None:
        self.config = config
        self.labels = dict(config.labels)
        self._load_folder, self._on_load, self._on_unload = load, on_load, on_unload
        self._lock = threading.Condition()
        self._refreshing = threading.Lock()
        self._loaded: dict[int, ServedVersion] = {}
        self._users: Counter[ServedVersion] = Counter()
        self._chosen: list[int] = []
        self._seen: dict[int, tuple] = {}
        self._failed: dict[int, tuple] = {}
        self._states: dict[int, VersionState] = {}
        self.closed = False
        self._drains = True

    @property
    def refreshing(self) -> bool:
        """Whether it looks at its folder now, or loads a version."""
        return self._refreshing.locked()

    @property
    def current(self) -> ServedVersion | None:
        """The version for requests that name none."""
        with self._lock:
            return self._current()

    @property
    def loaded(self) -> Mapping[int, ServedVersion]:
        """The versions in memory."""
        with self._lock:
            return dict(self._loaded)

    @property
    def states(self) -> dict[int, VersionState]:
        """All versions that were tried, the newest first."""
        with self._lock:
            return dict(sorted(self._states.items(), reverse=True))

    @contextmanager
    def borrowed(self, spec: Any) -> Iterator[ServedVersion]:
        """Lends the version that a `ModelSpec` asks for; it stays until it is given back.

        Raises:
          NotServedError: If it is not served.
        """
        with self._lock:
            version = self._asked(spec)
            self._users[version] += 1
        try:
            yield version
        finally:
            with self._lock:
                self._users -= Counter([version])  # which forgets what is at 0
                self._lock.notify_all()

    def follow(self, config: ModelConfig) -> bool:
        """Takes another configuration; its labels count at once if their versions are loaded.

        Returns:
          Whether `refresh` has something to load or to let go of.
        """
        with self._lock:
            others = replace(self.config, labels={}) != replace(config, labels={})
            self.config = config
            missing = self._set_labels()
        return others or not missing.isdisjoint(versions(config.base_path))

    def require_labels(self) -> None:
        """Refuses labels of versions that are not loaded.

        Raises:
          NotServedError: If there are such; the labels are as they were before.
        """
        with self._lock:
            if missing := self._set_labels():
                listing = ", ".join(f"{label} (version {v})"
                                    for label, v in self.config.labels.items() if v in missing)
                raise NotServedError(
                    "label-of-absent-version",
                    f"These labels are of versions of {self.config.name} that are not served: "
                    f"{listing}. Served: {self._served()}."
                )

    def refresh(self) -> None:
        """Loads what is wanted by now and lets go of the rest; does nothing once closed.

        Raises:
          LoadStoppedError: If it is closed meanwhile.
          OSError: If a folder vanishes while it is read.
        """
        with self._refreshing:
            if self.closed:
                return
            present = versions(self.config.base_path)
            self._drop_dead()
            chosen, labelled = self._load_wanted(present)
            with self._lock:
                self._chosen = chosen
                self._set_labels()
                keep = {*chosen, *labelled, *self.labels.values()} & set(present)
                spare = [v for v in self._loaded if chosen and v < min(chosen) and v in present]
                keep |= {*sorted(spare)[-1:]}
                if not chosen:  # nothing of what is there can be loaded: better old than nothing
                    keep |= set(self._loaded)
                gone = [self._loaded.pop(v) for v in [*self._loaded] if v not in keep]
            for version in gone:
                self._unload(version)

    def close(self, drain: bool = True) -> None:
        """Ends all versions, also one that loads meanwhile, and loads no other.

        Args:
          drain: Whether what runs may go on for a while.
        """
        with self._lock:
            self.closed, self._drains = True, drain
            self._lock.notify_all()
        with self._refreshing:
            with self._lock:
                gone, self._loaded = list(self._loaded.values()), {}
            for version in gone:
                self._unload(version)

    def _set_labels(self) -> set[int]:
        """Sets the configuration's labels, or returns which of their versions are not loaded."""
        missing = set(self.config.labels.values()) - self._loaded.keys()
        if not missing:
            self.labels = dict(self.config.labels)
        return missing

    def _current(self) -> ServedVersion | None:
        alive = {v: one for v, one in self._loaded.items() if one.alive} or self._loaded
        wanted = [v for v in self._chosen if v in alive] or [*alive]
        return alive[max(wanted)] if wanted else None

    def _served(self) -> str:
        return ", ".join(map(str, sorted(self._loaded, reverse=True))) or "none"

    def _asked(self, spec: Any) -> ServedVersion:
        choice = spec.WhichOneof("version_choice")
        version: ServedVersion | None
        if choice is None:
            version, description = self._current(), "The newest version"
        elif choice == "version":
            version = self._loaded.get(spec.version.value)
            description = f"Version {spec.version.value}"
        else:
            version = self._loaded.get(self.labels.get(spec.version_label, -1))
            description = f"Version label {spec.version_label[:50]!r}"
        if version is None:
            labels = ", ".join(f"{label} is {v}" for label, v in sorted(self.labels.items()))
            raise NotServedError(
                "version-not-served",
                f"{description} of {spec.name} is not served. Served: {self._served()}."
                + (f" Labels: {labels}." if labels else "")
            )
        return version

    def _drop_dead(self) -> None:
        with self._lock:
            dead = [v for v, one in self._loaded.items() if not one.alive]
            gone = [self._loaded.pop(v) for v in dead]
            for v in dead:
                self._states[v] = VersionState("END", "Its process ended; it is started anew.")
        for version in gone:
            _log.warning("The process of %s version %d ended; it is started anew.",
                         self.config.name, version.version)
            version.close()

    def _load_wanted(self, present: Mapping[int, Path]) -> tuple[list[int], set[int]]:
        """Returns the versions that are wanted and loaded, by the policy and by labels."""
        chosen: list[int] = []
        starting, config = not self.loaded, self.config
        for version in config.wanted(present):
            if self.closed:
                break
            if version in self.loaded or self._try(version, present[version], starting):
                chosen.append(version)
            if config.newest and not config.specific and len(chosen) == config.newest:
                break
        labelled = {*config.labels.values(), *self.labels.values()} & present.keys()
        for version in sorted(labelled - self.loaded.keys()):
            if not self.closed and (chosen or not starting):  # a label alone starts no model
                self._try(version, present[version], starting)
        return chosen, labelled

    def _try(self, version: int, path: Path, starting: bool) -> bool:
        files = fingerprint(path)
        # While a version is served there is time to wait until another is wholly copied.
        settled = starting or self._seen.get(version) == files
        self._seen[version] = files
        if not settled or self._failed.get(version) == files:
            return False
        self._set_state(version, VersionState("LOADING"))
        try:
            loaded = self._load_folder(path, bool(self.loaded))
            if fault := self._lost_signatures(loaded):
                loaded.close()
                raise InputError("signatures-lost", fault)
        except LoadStoppedError:
            raise
        except Exception as error:
            known = isinstance(error, InputError)
            if known:  # by its files; else it is tried again, for this machine is at fault
                self._failed[version] = files
            self._set_state(version, VersionState("END", str(error) or type(error).__name__))
            self._on_load(self.config.name, False)
            _log.warning("Version %d of %s is not served: %s", version, self.config.name, error,
                         exc_info=not known)
            return False
        with self._lock:
            self._loaded[version] = loaded
            self._states[version] = VersionState("AVAILABLE")
        self._on_load(self.config.name, True)
        return True

    def _lost_signatures(self, loaded: ServedVersion) -> str | None:
        current = self.current
        if current is None or current.version > loaded.version:
            return None
        lost = sorted(set(current.signatures) - set(loaded.signatures))
        return (f"It lacks signatures of version {current.version}: {', '.join(lost)}. "
                "Export it again.") if lost else None

    def _set_state(self, version: int, state: VersionState) -> None:
        with self._lock:
            self._states[version] = state

    def _unload(self, version: ServedVersion) -> None:
        self._set_state(version.version, VersionState("UNLOADING"))
        with self._lock:
            self._lock.wait_for(lambda: not (self._drains and self._users[version]),
                                timeout=_DRAIN_SECONDS)
        version.close()
        self._set_state(version.version, VersionState("END"))
        self._on_unload(self.config.name, version.version)

