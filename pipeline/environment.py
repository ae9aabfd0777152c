"""What must be true of a process before TensorFlow or TFX is imported in it."""

import os

from pipeline import noise
from schemas import log
from serving.stack import quiet_tensorflow


def prepare() -> None:
    """Fixes what `tf.keras` means and which lines of a log are shown.

    `TF_USE_LEGACY_KERAS` makes `tf.keras` inside TFT, TFMA and TFRS mean the package tf_keras.
    TFT sets it silently when imported, so that without this its meaning would depend on the order
    of imports. `import keras` is Keras 3 either way.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    log.show()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1" if log.verbose() else "3")
    noise.quiet()
    quiet_tensorflow()


prepare()
