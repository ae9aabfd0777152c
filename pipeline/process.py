"""The process of a run: what precedes TensorFlow, what is not logged, peak memory."""

import gc
import logging
import os
import re
import sys
import threading
import warnings

import absl.logging
import psutil

from schemas import log
from serving.stack import quiet_tensorflow

# A failed step raises, and whoever runs it logs why; these log it before, with a stack trace.
_TOLD_BY_THE_ERROR = (
    ("absl", "Execution %d failed."),
    ("absl", r"\[%s\] Input resolution error"),
    ("apache_beam.runners.common", ""),
    ("apache_beam.runners.direct.executor", ""),
    ("apache_beam.runners.portability.local_job_service", "Worker: %s"),
    ("apache_beam.runners.worker.data_plane", "Failed to read inputs"),
    ("apache_beam.runners.worker.sdk_worker", "Error processing instruction"),
)
_KNOWN = (
    *_TOLD_BY_THE_ERROR,
    # TFMA has said so since TensorFlow 2.0.
    ("absl", r"Tensorflow version \(%s\) found. Note that TFMA support for TF 2.0"),
    # `disable_statistics` was asked for.
    ("absl", "Using the in-place Transform"),
    ("absl", "Not using the in-place Transform"),
    # A node with one artifact of an output, as all of ours are.
    ("absl", "When there is one artifact to publish"),
    # A graph of Transform asks its vocabularies once a batch, or once in an exported model.
    ("absl", "Tables initialized inside a tf.function"),
    # Transform's own cache of analyses, which is not used.
    ("absl", r"Analyzer \(.*\) node's cache key varies"),
    # The layer around Transform's graph is saved as the graph alone.
    ("tensorflow", "Skipping full serialization of TF-Keras layer"),
    # TFX's libraries call what TensorFlow has renamed.
    ("tensorflow", "From %s: "),
    # TFMA tries a SavedModel as one of Keras first; ours holds signatures alone.
    ("tensorflow", "SavedModel saved prior to TF 2.5 detected"),
    # What is called once for each of several shapes is traced for each.
    ("tensorflow", r"\d+ out of the last \d+ calls to "),
    # Lambdas of one line with others are run as they are, which is right.
    ("tensorflow", "AutoGraph could not transform"),
    # A killed run's folder went with it.
    ("absl", "stateful_working_dir %s is not found"),
    ("absl", "execution_info.tmp_dir %s is not found"),
    # TFX asks for all artifacts of a channel, and looks at their properties afterwards.
    ("absl", "ArtifactQuery.property_predicate is not supported."),
    # They are tf.train.Examples, as it then takes them for.
    ("absl", "Examples artifact does not have %s custom property."),
    # A checksum in Python is a small part of ingest.
    ("apache_beam.io.tfrecordio", "Couldn't find python-snappy"),
    # Beam looks at the return value of functions that TFX and TFMA wrote.
    ("apache_beam.transforms.core", r"\W*No iterator is returned by the process method"),
)
# Their authors are meant, not whoever runs them.
_WARNING_PACKAGES = (
    "tfx", "apache_beam", "tensorflow_transform", "google", "kfp", "pkg_resources",
    "tensorflow_data_validation", "tensorflow_hub", "tensorflow_model_analysis", "keras",
    "jupyter_client", "httplib2",
)
# Objects until the youngest are looked at, and such looks until the older ones are, twice.
_OBJECTS = 100_000, 10, 2
_EVERY_S = 1.0  # a look is at all processes of the machine, 7 ms


class Known(logging.Filter):
    """Lets through what is not known."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a line is shown."""
        message = str(record.msg)
        return not _of_failed_job(record) and not any(
            record.name == name and re.match(start, message) for name, start in _KNOWN)


def _of_failed_job(record: logging.LogRecord) -> bool:
    """Returns whether Beam passes on a job service's error, which ends the job, too."""
    return (record.name == "root" and record.module == "portable_runner"
            and record.levelno >= logging.ERROR)


def quiet() -> None:
    """Shows the warnings and errors of dependencies but for the known ones; everything if asked."""
    root, everything = logging.getLogger(), log.verbose()
    if not any(isinstance(handler, log.StandardError) for handler in root.handlers):
        root.addHandler(log.StandardError())
    (handler,) = (one for one in root.handlers if isinstance(one, log.StandardError))
    handler.filters = [] if everything else [Known()]
    root.setLevel(logging.INFO if everything else max(log.level(), logging.WARNING))
    absl.logging.set_verbosity(absl.logging.INFO if everything else absl.logging.WARNING)
    if not everything:
        for package in _WARNING_PACKAGES:
            warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")


def prepare() -> None:
    """Fixes what `tf.keras` means and which lines of a log are shown.

    `TF_USE_LEGACY_KERAS` makes `tf.keras` inside TFT, TFMA and TFRS mean the package tf_keras.
    TFT sets it silently when imported, so that without this its meaning would depend on the order
    of imports. `import keras` is Keras 3 either way. No bytecode is written: autograph removes the
    sources that it makes in the folder for temporary files, and would leave their bytecode there.

    Cycles of objects are looked for less often than Python does, after each 700 objects: TensorFlow
    and Beam make millions of objects and few cycles, and it took a sixth of a run's time.
    """
    gc.set_threshold(*_OBJECTS)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    log.show()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1" if log.verbose() else "3")
    quiet()
    quiet_tensorflow()


prepare()


def forget_model() -> None:
    """Frees what Keras keeps of a model, or memory would grow with the number of runs."""
    import keras

    keras.backend.clear_session()
    gc.collect()


class PeakMemory:
    """Samples the resident memory of the process tree while it is entered.

    Attributes:
      megabytes: The largest sum seen.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        process = psutil.Process()
        while True:
            total = 0
            for one in [process, *process.children(recursive=True)]:
                try:
                    total += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.megabytes = max(self.megabytes, total / 2**20)
            if self._stop.wait(_EVERY_S):
                return
