"""What differs between the stacks of TFX 1.16 and TFX 1.21; no other module asks for a version.

It is here since every room but schemas may import this one."""

import os
import sys
import tempfile
from importlib.metadata import version

_TENSORFLOW = tuple(map(int, version("tensorflow").split(".")[:2]))


def quiet_tensorflow() -> None:
    """Imports TensorFlow where importing it writes lines that no log level holds back.

    2.21 writes four, that there is no CUDA, before its log is set up; they are shown where the
    import fails. 2.16 writes none and is not imported before it is used.
    """
    if _TENSORFLOW < (2, 21) or "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            written.seek(0)
            os.write(terminal, written.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
