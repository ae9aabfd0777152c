"""What every process of a model needs, imported once before the first one is made."""

import logging
import warnings

from serving.stack import quiet_tensorflow

warnings.simplefilter("ignore", FutureWarning)
quiet_tensorflow()
from serving import servable  # noqa: E402, F401

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # the loader is called deprecated
