"""The table of signatures in docs/serving.md, made of a model that `tessera demo` has pushed.

    python -m docs.signatures tessera-runs/serving/demo-flagship-1/VERSION
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.model_check import checked_signatures
from serving.signature import DEFAULT_SIGNATURE, histories
from serving.tensors import dtype_name

PAGE = Path(__file__).with_name("serving.md")
_BEGIN, _END = "<!-- signatures -->\n", "<!-- end of signatures -->\n"
_USER = ("user_id", "timestamp")


def signatures_table(version: Path) -> str:
    """Returns a table of a model's signatures; B is the batch, a `?` any other size.

    Args:
      version: The folder of the model.
    """
    signatures = checked_signatures(version)
    asked = signatures[DEFAULT_SIGNATURE].inputs
    user = {*histories(asked), *(name for name in _USER if name in asked)}
    lines = ["| signature | inputs | outputs |", "|---|---|---|"]
    for name in sorted(signatures):
        inputs, outputs = dict(signatures[name].inputs), signatures[name].outputs
        parts = []
        if user <= set(inputs):
            parts = ["the user's"]
            inputs = {key: info for key, info in inputs.items() if key not in user}
        cells = " · ".join([*parts, *_described(inputs)]), " · ".join(_described(outputs))
        lines.append(f"| `{name}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def with_table(page: str, table: str) -> str:
    """Returns a page with the table between its marks replaced."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table}{_END}{after}"


def _described(tensors: Mapping[str, Any]) -> list[str]:
    """Returns tensors by what they are, such as `` `scores`, `rating` float32 (B, ?) ``."""
    named: dict[str, list[str]] = {}
    for name, info in sorted(tensors.items()):
        sizes = ["B"] + ["?"] * (len(info.tensor_shape.dim) - 1)
        kind = f"{dtype_name(info.dtype)} ({', '.join(sizes)})"
        named.setdefault(kind, []).append(f"`{name}`")
    return [f"{', '.join(names)} {kind}" for kind, names in named.items()]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"),
                               signatures_table(Path(sys.argv[1]))), encoding="utf-8")
