"""Which operations of a SavedModel a stock TensorFlow server lacks."""

from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def foreign_operations(folder: Path) -> tuple[str, ...]:
    """Finds operations that TensorFlow itself does not register, or that run Python.

    Args:
      folder: The folder of a SavedModel; it is not loaded.

    Returns:
      Their names in order; empty for a model that runs in any TensorFlow server.
    """
    content = (folder / "saved_model.pb").read_bytes()
    found: set[str] = set()
    for meta in saved_model_pb2.SavedModel.FromString(content).meta_graphs:
        functions = meta.graph_def.library.function
        used = {node.op for node in meta.graph_def.node}
        used |= {node.op for function in functions for node in function.node_def}
        # `tf.raw_ops` lists what TensorFlow itself registers, whatever else was imported.
        found |= used - {function.signature.name for function in functions} - set(dir(tf.raw_ops))
        found |= {name for name in used if "PyFunc" in name}
    return tuple(sorted(found))
