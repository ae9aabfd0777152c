"""Loads a pretrained network: a module of TF-Hub, a SavedModel or a Keras model."""

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from schemas import InputError
from serving.model_files import OF_LOADING, OF_SAVING, allowed_operations
from trainer.modalities.options import KERAS, Encoder


def foreign_operations(folder: Path) -> tuple[str, ...]:
    """Finds operations that no server may run: not TensorFlow's own, or with files or Python.

    Args:
      folder: The folder of a SavedModel; it is not loaded.

    Returns:
      Their names in order; empty for a model that runs in any TensorFlow server.
    """
    content = (folder / "saved_model.pb").read_bytes()
    operations: set[str] = set()
    for meta in saved_model_pb2.SavedModel.FromString(content).meta_graphs:
        functions = meta.graph_def.library.function
        used = {node.op for node in meta.graph_def.node}
        used |= {node.op for function in functions for node in function.node_def}
        operations |= used - {function.signature.name for function in functions}
    return tuple(sorted(operations - allowed_operations() - OF_LOADING - OF_SAVING))


_OP_LIBRARY = "tensorflow_text"
_SIGNATURES = ("serving_default", "default")


@dataclass(frozen=True)
class Module:
    """A loaded network.

    Attributes:
      call: Maps one tensor to the network's output.
      takes: The tensor that it takes.
      owner: What holds its variables and tables.
      foreign: Operations in it that a stock TensorFlow server lacks.
      tail: The layers behind it that are trained further; `None` without fine-tuning.
    """

    call: Callable[[tf.Tensor], Any]
    takes: tf.TensorSpec
    owner: Any
    foreign: tuple[str, ...] = ()
    tail: keras.Model | None = None


def resolve(modality: str, handle: str) -> Path:
    """Finds an encoder on this machine; a module of TF-Hub is fetched, unless it is kept already.

    Args:
      modality: What it encodes, for the message.
      handle: The handle as `trainer.modalities.options` describes it.

    Returns:
      The folder of a SavedModel, or a `.keras` file.

    Raises:
      InputError: There is none.
    """
    key = f"modalities.{modality}.encoder.handle is {handle!r}"
    if "://" not in handle:
        path = Path(handle)
        if not (path / "saved_model.pb").is_file() and not (
                path.suffix == KERAS and path.is_file()):
            raise InputError(
                "no-encoder-there",
                f"{key}, which is neither a folder with a saved_model.pb nor a {KERAS} file. Give "
                "the path of one, from the recipe's file on, or a TF-Hub handle, which begins "
                "with 'https://'.")
        return path
    import tensorflow_hub

    try:
        return Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # of the many kinds that a network and an archive have
        raise InputError(
            "encoder-not-fetched",
            f"{key}, which cannot be fetched ({_first_line(error)}). Without a network, give the "
            "path of a folder with a saved_model.pb, or set TFHUB_CACHE_DIR to a folder in which "
            "TF-Hub has kept this handle.") from error


def digest(path: Path) -> str:
    """Digests a file, or the names and contents of all files of a folder; 32 digits."""
    checksum = hashlib.blake2b(digest_size=16)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        checksum.update(f"{file.relative_to(path)}/{file.stat().st_size}\n".encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                checksum.update(block)
    return checksum.hexdigest()


def load(modality: str, options: Encoder) -> Module:
    """Loads an encoder.

    Args:
      modality: What it encodes.
      options: The recipe's options.

    Returns:
      The network; with `fine_tune` its frozen part, and the rest as `tail`.

    Raises:
      InputError: It cannot be found or loaded, or takes more than one tensor.
    """
    path = resolve(modality, options.handle)
    key = f"modalities.{modality}.encoder.handle is {options.handle!r}"
    try:
        if path.is_dir():
            foreign = foreign_operations(path)
            if foreign:
                _register(key, foreign)
            return _saved_model(key, tf.saved_model.load(str(path)), foreign)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except InputError:
        raise
    except Exception as error:  # a file of another kind or version fails in many ways
        raise InputError("encoder-not-loadable",
                         f"{key}, which cannot be loaded ({_first_line(error)}). Give a SavedModel "
                         f"of TensorFlow 2 or a {KERAS} file of Keras 3.") from error
    return _keras_model(key, model, getattr(options, "fine_tune", 0))


def _register(key: str, operations: tuple[str, ...]) -> None:
    try:
        importlib.import_module(_OP_LIBRARY)  # registers its operations
    except ImportError as error:
        raise InputError(
            "encoder-operations-missing",
            f"{key}, which needs operations that TensorFlow lacks: {', '.join(operations)}. "
            f"Install tensorflow-text of TensorFlow's version ({tf.__version__}), or give an "
            "encoder of stock operations.") from error


def _saved_model(key: str, loaded: Any, foreign: tuple[str, ...]) -> Module:
    name = next((n for n in _SIGNATURES if n in loaded.signatures), None)
    if name is None:
        return _callable(key, loaded, foreign)
    function = loaded.signatures[name]
    inputs = function.structured_input_signature[1]
    _require_one(key, len(inputs))
    (argument, takes), = inputs.items()
    return Module(lambda given: function(**{argument: given}), takes, loaded, foreign)


def _callable(key: str, loaded: Any, foreign: tuple[str, ...]) -> Module:
    """A module that is called itself, as TF-Hub's reusable ones are."""
    functions = getattr(getattr(loaded, "__call__", None), "concrete_functions", [])  # noqa: B004
    if not functions:
        raise InputError("encoder-without-signature",
                         f"{key}, a SavedModel that has neither a signature 'serving_default' nor "
                         "a function to call. Save one with either.")
    takes = functions[0].structured_input_signature[0][0]
    flat = tf.nest.flatten(takes)
    _require_one(key, len(flat))
    return Module(lambda given: loaded(tf.nest.pack_sequence_as(takes, [given])), flat[0], loaded,
                  foreign)


def _keras_model(key: str, model: keras.Model, trained: int) -> Module:
    _require_one(key, len(model.inputs))
    takes = tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype)
    tail = None
    if trained:
        model, tail = _split(key, model, trained)
    return Module(lambda given: model(given, training=False), takes, model, tail=tail)


def _split(key: str, model: keras.Model, trained: int) -> tuple[keras.Model, keras.Model]:
    """Cuts a model before its last layers."""
    layers = [one for one in model.layers if not isinstance(one, keras.layers.InputLayer)]
    if trained >= len(layers):
        raise InputError("too-many-layers-to-tune",
                         f"{key}, a model of {len(layers)} layers, of which fine_tune trains "
                         f"{trained}: allowed are 1 to {len(layers) - 1}.")
    if len(model.outputs) != 1:
        raise InputError("encoder-of-many-outputs",
                         f"{key}, a model of {len(model.outputs)} outputs: fine_tune needs one.")
    if isinstance(model, keras.Sequential):  # whose layers' tensors need not be of one graph
        given = keras.Input(model.input_shape[1:], dtype=model.inputs[0].dtype)
        trunk = keras.Sequential([given, *layers[:-trained]])
        tail = keras.Sequential([keras.Input(trunk.output_shape[1:]), *layers[-trained:]])
        return trunk, tail
    cut = layers[-trained - 1].output
    try:
        trunk, tail = keras.Model(model.inputs[0], cut), keras.Model(cut, model.outputs[0])
    except ValueError as error:
        names = ", ".join(one.name for one in layers[-trained:])
        raise InputError("encoder-cannot-be-cut",
                         f"{key}, which cannot be cut before its last {trained} layers ({names}): "
                         "they read more than the layer before them. Give another number as "
                         "fine_tune.") from error
    return trunk, tail


def _require_one(key: str, number: int) -> None:
    if number != 1:
        raise InputError("encoder-of-many-inputs",
                         f"{key}, which takes {number} tensors; an encoder takes one.")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300].rstrip(".")
