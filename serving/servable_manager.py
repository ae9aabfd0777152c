"""Which version is served: the newest that loads, also when it appears later."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import InputError
from serving.model_directory import fingerprint, require_versions, versions
from serving.servable import Servable

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VersionState:
    """The state of one version, in TensorFlow Serving's words.

    Attributes:
      state: `LOADING`, `AVAILABLE` or `END`.
      error: Why loading failed, or empty.
    """

    state: str
    error: str = ""


class ServableManager:
    """Keeps one version in memory, and the next one beside it while that loads.

    Args:
      base_path: The folder of the versions.
      poll_seconds: Time between two looks at the folder.

    Raises:
      InputError: If the folder holds no version that loads.
    """

    def __init__(self, base_path: Path, poll_seconds: float) -> None:
        require_versions(base_path)
        self._base_path = base_path
        self._poll_seconds = poll_seconds
        self._current: Servable | None = None
        self._seen: dict[int, tuple] = {}
        self._failed: dict[int, tuple] = {}
        self._states: dict[int, VersionState] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="model-versions", daemon=True)
        self.refresh()
        if self._current is None:
            reasons = "; ".join(f"version {v}: {s.error}" for v, s in self._states.items())
            raise InputError(
                "model-not-loadable",
                f"No model version under {base_path} can be loaded ({reasons}). Export it again."
            )

    @property
    def current(self) -> Servable:
        """The version that is served."""
        assert self._current is not None  # the constructor saw to it
        return self._current

    @property
    def states(self) -> dict[int, VersionState]:
        """All versions that were tried, the newest first."""
        return dict(sorted(self._states.items(), reverse=True))

    def start(self) -> None:
        """Begins to look for other versions."""
        self._thread.start()

    def stop(self) -> None:
        """Stops looking for other versions."""
        self._stopping.set()
        self._thread.join()

    def refresh(self) -> None:
        """Loads the newest version; an older one only when the served one was taken away."""
        for version, path in versions(self._base_path).items():
            if self._current and version == self._current.version:
                return
            files = fingerprint(path)
            # While a version is served there is time to wait until another is wholly copied.
            settled = self._current is None or self._seen.get(version) == files
            self._seen[version] = files
            if not settled or self._failed.get(version) == files:
                continue
            if self._load(version, path):
                return
            self._failed[version] = files

    def _load(self, version: int, path: Path) -> bool:
        self._states[version] = VersionState("LOADING")
        try:
            servable = Servable(path)
            servable.warm_up()
        except Exception as error:  # a broken SavedModel raises nearly anything
            self._states[version] = VersionState("END", f"{type(error).__name__}: {error}")
            _log.warning("Version %d cannot be loaded: %s", version, error)
            return False
        previous, self._current = self._current, servable
        self._states[version] = VersionState("AVAILABLE")
        if previous:
            self._states[previous.version] = VersionState("END")
            _log.info("Version %d replaces version %d", version, previous.version)
        return True

    def _poll(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self.refresh()
            except OSError as error:  # a folder that vanishes while it is read
                _log.warning("Cannot read %s: %s", self._base_path, error)
