"""TFX's stock Trainer executor, with all three tables in its arguments."""

from typing import Any

from tfx.components.trainer import executor as stock
from tfx.components.trainer import fn_args_utils
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from schemas import SIDES


class Executor(stock.GenericExecutor):
    """Tells the run function of `tables`, `transforms`, `encodings`, code and where to write."""

    def _GetFnArgs(  # noqa: N802  (the stock executor's name)
        self, input_dict: dict[str, Any], output_dict: dict[str, Any],
        exec_properties: dict[str, Any],
    ) -> fn_args_utils.FnArgs:
        # The stock arguments describe one table; ours is the interactions.
        stock_inputs = {
            "examples": input_dict["interactions"],
            "transform_graph": input_dict["interactions_graph"],
        }
        fn_args = super()._GetFnArgs(stock_inputs, output_dict, exec_properties)
        fn_args.tables = {side: _files(input_dict[side]) for side in SIDES}
        fn_args.transforms = {
            side: artifact_utils.get_single_uri(input_dict[f"{side}_graph"]) for side in SIDES
        }
        encodings = input_dict.get("encodings")
        fn_args.encodings = artifact_utils.get_single_uri(encodings) if encodings else None
        for name in ("answers", "scores"):
            written = output_dict.get(name)
            setattr(fn_args, f"{name}_dir",
                    artifact_utils.get_single_uri(written) if written else None)
        fn_args.code_digest = exec_properties["code_digest"]
        return fn_args


def _files(examples: list[Any]) -> dict[str, list[str]]:
    artifact = artifact_utils.get_single_instance(examples)
    return {
        split: sorted(fileio.glob(f"{artifact_utils.get_split_uri([artifact], split)}/*"))
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }
