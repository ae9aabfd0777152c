"""The models of a server, kept at what its configuration and its folders say."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from schemas.errors import InputError, TesseraError
from serving.metrics import Metrics
from serving.model_config import MOST_MODELS, ModelConfig, read_model_config, require_versions
from serving.served_version import ServedVersion
from serving.versions import NotServedError, Versions
from serving.worker import LoadStoppedError

_log = logging.getLogger(__name__)


class Models:
    """Loads models and looks for other versions of them.

    Args:
      configs: The models.
      poll_seconds: Time between two looks at the folders and at the file.
      metrics: What is counted.
      joined: Whether requests that wait are run together.
      config_file: The `models.config` that `configs` come from; followed when it changes.

    Raises:
      InputError: If a folder holds no version that loads.
    """

    def __init__(self, configs: Sequence[ModelConfig], poll_seconds: float, metrics: Metrics,
                 joined: bool = True, config_file: Path | None = None) -> None:
        self._poll_seconds = poll_seconds
        self._metrics = metrics
        self._joined = joined
        self._config_file = config_file
        self._config_text = config_file.read_bytes() if config_file else b""
        self._config_fault = ""
        self._folders = {os.path.realpath(config.base_path) for config in configs}
        self._reloading = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="model-versions", daemon=True)
        # One for each model: what one waits for, a load of minutes perhaps, delays no other.
        self._refreshes = ThreadPoolExecutor(MOST_MODELS, "model-refresh")
        self._models: dict[str, Versions] = {}
        try:
            for config in configs:
                require_versions(config.base_path)
                self._models[config.name] = model = self._versions(config)
                _require_loaded(model)
        except BaseException:
            self._close()
            raise

    @property
    def ready(self) -> bool:
        """Whether each model has a version that runs."""
        return all(one.current and one.current.alive for one in self._models.values())

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return sum(version.waiting for model in self._models.values()
                   for version in model.loaded.values())

    def versions(self, name: str) -> Versions:
        """Returns the versions of a model.

        Raises:
          NotServedError: If there is no such model.
        """
        if name not in self._models:
            known = ", ".join(repr(one) for one in sorted(self._models))
            raise NotServedError(
                "model-not-served",
                f"There is no model {name[:100]!r}. This server serves {known}."
            )
        return self._models[name]

    def reload(self, configs: Sequence[ModelConfig], wait: bool = True) -> None:
        """Serves other models, versions and labels from now on.

        Labels come first, since they are the way back: nothing that loads delays them.

        Args:
          configs: The models; of the folders that the server was started with.
          wait: Whether to wait for other versions of a model that is served; else they come with
            the next look at its folder.

        Raises:
          InputError: If a folder is another one, or a model cannot be loaded; others are followed.
          NotServedError: If a label's version is not served: labels of that model stay until it is.
        """
        for config in configs:
            if os.path.realpath(config.base_path) not in self._folders:
                raise InputError(
                    "unknown-base-path",
                    f"Model {config.name!r} is of {config.base_path}, which this server was not "
                    "started with. Start it with a models.config that has it."
                )
        behind = [model for config in configs
                  if (model := self._of(config)) is not None and model.follow(config)]
        faults: list[InputError] = []
        with self._reloading:
            for config in configs:
                if self._of(config) is None:
                    _collect(faults, self._add, config)
            self._drop_others({config.name for config in configs})
        for model in behind if wait else ():
            model.refresh()
        for config in configs:
            if (model := self._of(config)) is not None:
                _collect(faults, model.require_labels)
        if len(faults) > 1:
            listing = " ".join(map(str, faults))
            if all(isinstance(one, NotServedError) for one in faults):
                raise NotServedError("several-labels-refused",
                                     f"Labels of several models are not set. {listing}")
            raise InputError("several-models-refused",
                             f"Several models are not wholly followed. {listing}")
        if faults:
            raise faults[0]

    def _of(self, config: ModelConfig) -> Versions | None:
        """Returns the versions of a model, if they are of the same folder."""
        model = self._models.get(config.name)
        return model if model is not None and _same_folder(model.config, config) else None

    def _add(self, config: ModelConfig) -> None:
        model = self._versions(config)
        _require_loaded(model)
        before = self._models.get(config.name)
        self._models = {**self._models, config.name: model}
        if before is not None:
            before.close()

    def _drop_others(self, names: set[str]) -> None:
        gone = [model for name, model in self._models.items() if name not in names]
        self._models = {name: one for name, one in self._models.items() if name in names}
        for model in gone:
            model.close()
            self._metrics.drop(model.config.name)

    def start(self) -> None:
        """Begins to look for other versions."""
        self._thread.start()

    def end_loads(self) -> None:
        """Ends what loads, and loads nothing any more."""
        self._stopping.set()

    def stop(self) -> None:
        """Stops looking for other versions and ends all, whatever runs."""
        self.end_loads()
        if self._thread.is_alive():
            self._thread.join()
        self._close()

    def refresh(self) -> None:
        """Has each model look at its folder, but for those that do so already."""
        for model in list(self._models.values()):
            if not model.refreshing:
                self._refreshes.submit(self._refresh, model)

    def _refresh(self, model: Versions) -> None:
        try:
            model.refresh()
        except LoadStoppedError:
            pass  # as it must be
        except OSError as error:  # a folder that vanishes while it is read
            _log.warning("Cannot read %s: %s", model.config.base_path, error)
        except Exception:
            _log.exception("A look at the versions of %s failed; the next one is in %g s.",
                           model.config.name, self._poll_seconds)

    def _versions(self, config: ModelConfig) -> Versions:
        def load(path: Path, beside: bool) -> ServedVersion:
            return ServedVersion(path, self._joined, self._metrics.batch, beside,
                                 lambda: not (self._stopping.is_set() or model.closed))

        self._metrics.add(config.name)
        model = Versions(config, load, self._metrics.load, self._metrics.unload)
        model.refresh()
        return model

    def _close(self) -> None:
        for model in self._models.values():
            model.close(drain=False)
        self._refreshes.shutdown()

    def _poll(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self._follow_file()
                self.refresh()
            except Exception:  # without this thread no version would come or go any more
                _log.exception("A look at the models failed; the next one is in %g s.",
                               self._poll_seconds)

    def _follow_file(self) -> None:
        if self._config_file is None:
            return
        text = self._config_text
        try:
            text = self._config_file.read_bytes()
            if text == self._config_text:
                return
            # The looks at the folders load what is new, not this one thread.
            self.reload(read_model_config(self._config_file), wait=False)
            _log.info("%s has changed and is followed.", self._config_file)
            fault = ""
        except (OSError, TesseraError) as error:
            fault = str(error)
            if fault != self._config_fault:
                _log.warning("%s is not wholly followed: %s", self._config_file, error)
        self._config_text, self._config_fault = text, fault


def _collect(faults: list[InputError], do: Callable[..., None], *given: ModelConfig) -> None:
    try:
        do(*given)
    except InputError as error:
        faults.append(error)


def _same_folder(one: ModelConfig, other: ModelConfig) -> bool:
    return os.path.realpath(one.base_path) == os.path.realpath(other.base_path)


def _require_loaded(model: Versions) -> None:
    if model.current is None:
        reasons = "; ".join(f"version {v}: {s.error}" for v, s in model.states.items()) or (
            f"the versions {', '.join(map(str, model.config.specific))} are not there")
        raise InputError(
            "model-not-loadable",
            f"No model version under {model.config.base_path} can be loaded ({reasons}). "
            "Export it again."
        )


