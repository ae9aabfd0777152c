"""What every process of a model needs, imported once before the first one is made."""

import gc
import logging
import os
import threading
import warnings

from serving.memory import return_large_blocks
from serving.stack import quiet_tensorflow

_WATCH_SECONDS = 0.2
_server, _imported = os.getppid(), threading.Event()


def _end_with_server() -> None:
    """Ends this process if the server ends meanwhile: the import takes seconds."""
    while not _imported.wait(_WATCH_SECONDS):
        if os.getppid() != _server:
            os._exit(0)


_watch = threading.Thread(target=_end_with_server)
_watch.start()
return_large_blocks()
warnings.simplefilter("ignore", FutureWarning)
# To prepare oneDNN's kernels takes longer than to run them on the few rows of a request.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
quiet_tensorflow()
gc.disable()  # an import makes many objects and no garbage
from serving import servable  # noqa: E402, F401

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # the loader is called deprecated
gc.freeze()
gc.enable()
_imported.set()
_watch.join()  # no thread may run while a process is copied
