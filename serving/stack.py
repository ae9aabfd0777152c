"""What differs between the stacks of TFX 1.16 and TFX 1.21; no other module asks for a version.

It is here since every room but schemas may import this one."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec

_TENSORFLOW = tuple(map(int, version("tensorflow").split(".")[:2]))


def quiet_tensorflow() -> None:
    """Makes the import of TensorFlow silent, whenever it comes.

    2.21 writes four lines, that there is no CUDA, before its log is set up, so that no log level
    holds them back. They are shown if the import fails. 2.16 writes none.
    """
    if _TENSORFLOW >= (2, 21) and "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _QuietTensorFlow())


class _QuietTensorFlow(MetaPathFinder):
    """Finds TensorFlow as Python does, once, with a loader that writes nothing."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        """Returns the spec of TensorFlow, and of nothing else."""
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module) -> None:
            with _stderr_aside():
                execute(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextmanager
def _stderr_aside() -> Iterator[None]:
    """Keeps what is written to stderr, and writes it if an error ends the block."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except BaseException:
            written.seek(0)
            os.write(terminal, written.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
