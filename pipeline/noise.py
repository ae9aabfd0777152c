"""What dependencies say that means nothing to a user: messages by logger and start, as patterns.

Everything else that they warn of is shown.
"""

import logging
import re
import warnings

import absl.logging

from schemas import log

# A failed step raises, and whoever runs it tells why; these tell it before, with a stack trace.
_TOLD_BY_THE_ERROR = (
    ("absl", "Execution %d failed."),
    ("absl", r"\[%s\] Input resolution error"),
    ("apache_beam.runners.common", ""),
    ("apache_beam.runners.direct.executor", ""),
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


class Known(logging.Filter):
    """Lets through what is not known."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a line is shown."""
        said = str(record.msg)
        return not any(record.name == name and re.match(start, said) for name, start in _KNOWN)


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
