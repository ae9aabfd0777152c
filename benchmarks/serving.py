"""The figures of the model server, each with PASS or FAIL.

    python -m benchmarks.serving --model tessera-runs/serving/demo-flagship-1
    python -m benchmarks.serving --scale 0.1 --only swaps rollback

Clients run in another process on the same machine. Without a model the demo shop's is measured,
which is trained first where the code or the data are others than the last time.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    serving_corrupt,
    serving_hostile,
    serving_responses,
    serving_soak,
    serving_speed,
    serving_swaps,
)
from benchmarks.machine import machine
from benchmarks.serving_bench import Bench
from pipeline.lineage import Provenance
from pipeline.pushed import serving_folder
from schemas.errors import InputError
from serving.model_config import versions

_OUTPUT = Path(__file__).with_name("serving.json")
_ROOT = Path(".cache/bench-serving")
STEPS: dict[str, Callable[[Bench], None]] = {
    "first-request": serving_speed.first_request, "lone-client": serving_speed.lone_client,
    "batching": serving_speed.batching, "swaps": serving_swaps.swaps,
    "corrupt": serving_corrupt.corrupt, "rollback": serving_swaps.rollback,
    "malformed": serving_hostile.malformed_requests, "hostile": serving_hostile.hostile_load,
    "responses": serving_responses.responses, "soak": serving_soak.soak,
}


def measured(step: Callable[[Bench], None], bench: Bench) -> dict[str, dict[str, Any]]:
    """Runs a step; returns its figures, of which one fails if it ended before its end.

    Args:
      step: One of `STEPS`.
      bench: The model, without figures.
    """
    fault = ""
    try:
        step(bench)
    except Exception as error:  # the other steps are measured all the same
        fault = f"{type(error).__name__}: {error}"
        print(f"      {fault}")
    if fault or not bench.figures:
        bench.most(f"ended early, {fault or 'without a figure'}", 1, 0, "faults")
    return bench.figures


def pushed_version(model: Path | None, root: Path | None) -> tuple[Path, Path]:
    """Returns the version to measure and the root of its run.

    Args:
      model: A folder of versions; the demo's by default, which is run.
      root: The root; by default the one that the folder is in.

    Raises:
      InputError: The root does not know the version.
    """
    if model is None:
        root = root or _ROOT
        subprocess.run([Path(sys.executable).with_name("tessera"), "run", "--dataset", "demo",
                        "--root", str(root)], check=True)
        model = serving_folder(root)
    root = root or model.resolve().parents[1]
    folders = versions(model)
    if not folders:
        raise InputError("bench-without-model", f"{model} has no version. Give another --model.")
    version = folders[max(folders)]
    Provenance(root, version)
    return version, root


def main() -> None:
    """Measures and writes `benchmarks/serving.json`; steps that are not run stay in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a folder of versions; else the demo's")
    parser.add_argument("--root", type=Path, help="of the run that pushed the model; by default "
                        "the folder that its serving/ is in, and of the demo .cache/bench-serving")
    parser.add_argument("--scale", type=float, default=1.0, help="of all times and counts")
    parser.add_argument("--only", choices=STEPS, nargs="*", help="these steps")
    given = parser.parse_args()
    try:
        version, root = pushed_version(given.model, given.root)
    except InputError as error:
        parser.error(str(error))
    seen = json.loads(_OUTPUT.read_text()) if _OUTPUT.exists() else {}
    failed = False
    for name in given.only or STEPS:
        figures = measured(STEPS[name], Bench(version, root, given.scale))
        seen[name] = {"scale": given.scale, "machine": machine(), "figures": figures}
        _OUTPUT.write_text(json.dumps(seen, indent=2) + "\n")
        failed |= any(one["verdict"] == "FAIL" for one in figures.values())
    sys.exit(failed)


if __name__ == "__main__":
    main()
