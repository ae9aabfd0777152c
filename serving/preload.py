"""What every process of a model needs, imported once before the first one is made."""

import logging
import os
import warnings

from serving.memory import return_large_blocks
from serving.stack import quiet_tensorflow

return_large_blocks()
warnings.simplefilter("ignore", FutureWarning)
# To prepare oneDNN's kernels takes longer than to run them on the few rows of a request.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
quiet_tensorflow()
from serving import servable  # noqa: E402, F401

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # the loader is called deprecated
