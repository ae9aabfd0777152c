"""What the stacks differ in is not seen from outside."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tensorflow_is_imported_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pipeline.process, tensorflow; print('loaded')"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "loaded\n", "")
