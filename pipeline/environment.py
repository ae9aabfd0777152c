"""What must be true of a process before TensorFlow or TFX is imported in it."""

import logging
import os
import warnings

import absl.logging

from schemas import progress
from serving.stack import quiet_tensorflow


def prepare() -> None:
    """Fixes what `tf.keras` means and silences the messages that we understand.

    `TF_USE_LEGACY_KERAS` makes `tf.keras` inside TFT, TFMA and TFRS mean the package tf_keras.
    TFT sets it silently when imported, so that without this its meaning would depend on the order
    of imports. `import keras` is Keras 3 either way.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Beam, TFX and TFMA announce each step and each default; a user reads our lines instead.
    for name in ("tensorflow", "tfx", "googleapiclient", "google", "root"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # A failed step raises; here Beam would write its stack trace before.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    # TFX, TFT and TFMA log through absl; a failed node raises, and the raiser reports it.
    absl.logging.set_verbosity(absl.logging.FATAL)
    progress.show()
    for module in ("tfx", "apache_beam", "tensorflow_transform", "google", "kfp", "pkg_resources",
                   "tensorflow_data_validation", "tensorflow_hub",
                   "tensorflow_model_analysis", "keras", "jupyter_client"):
        warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
    quiet_tensorflow()


prepare()
