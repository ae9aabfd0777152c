"""Takes a user out of an exported model without training: the id, the history, the rows.

The export names the variables that have a row a user (`user_rows` in its graph of objects). The
user's rows become those of the unknown user, and the id another that nobody has. What the model
learned of all users together stays as it is.
"""

import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import InputError
from serving import wire
from serving.model_files import WARM_UP, write_manifest

_DECLARED = "user_rows"
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_USER_ID = "user_id"
_WHOLE = re.compile(rb"-?[0-9]{1,19}")
Tensors = dict[str, np.ndarray]


def without_user(version: Path, user: str, folder: Path) -> None:
    """Writes a version of a model without a user.

    Args:
      version: The folder of the version, which stays as it is.
      user: The user's id as the model has it, a pseudonym perhaps.
      folder: The folder to fill, which is not there yet.

    Raises:
      InputError: The model does not know the user, or is of a version of Tessera that did not name
        what it holds of users.
    """
    shutil.copytree(version, folder)
    graph = _objects(folder)
    ids = folder / "assets" / _ids_file(graph, version)
    written = ids.read_bytes()
    known = written.decode("utf-8").removesuffix("\n").split("\n")
    if user not in known:
        raise InputError("user-not-in-model",
                         f"{version} knows no user of the id that was given, among "
                         f"{len(known):,}. Give the id as the model has it: with pseudonyms what "
                         "`tessera privacy pseudonym` prints.")
    place = known.index(user)
    known[place] = f"forgotten-{secrets.token_hex(8)}"
    # Each table that looks ids up has a copy of the file.
    for file in ids.parent.iterdir():
        if file.is_file() and file.read_bytes() == written:
            file.write_bytes("".join(f"{one}\n" for one in known).encode())
    _rewrite(folder / "variables", place + 1)
    _rewrite_warm_up(folder / WARM_UP, user)
    write_manifest(folder)


def _objects(version: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    try:
        return saved_model_pb2.SavedModel.FromString(
            (version / "saved_model.pb").read_bytes()).meta_graphs[0]
    except (DecodeError, IndexError) as error:
        raise InputError("model-not-readable",
                         "saved_model.pb of the newest version is no SavedModel, or damaged. Push "
                         "a model again.") from error


def _ids_file(graph: Any, version: Path) -> str:
    nodes = graph.object_graph_def.nodes
    declared = _children(nodes, 0).get(_DECLARED)
    if declared is None:
        raise InputError("model-without-user-rows",
                         f"{version} does not say what it holds of each user: an older version of "
                         "Tessera exported it. Put the user on 'privacy.deletion_list' and run "
                         "again.")
    asset = nodes[_children(nodes, declared)["ids"]].asset
    return graph.asset_file_def[asset.asset_file_def_index].filename


def _children(nodes: Any, place: int) -> dict[str, int]:
    return {one.local_name: one.node_id for one in nodes[place].children}


def _rewrite(folder: Path, user: int) -> None:
    """Writes the variables anew, without those of a user's index."""
    import tensorflow as tf
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    reader = tf.train.load_checkpoint(str(folder / "variables"))
    tensors: Tensors = {name: reader.get_tensor(name)
                        for name in reader.get_variable_to_shape_map()}
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(tensors[_GRAPH])
    _forget(tensors, _declared(graph.nodes), user)
    names = sorted(tensors)
    types = reader.get_variable_to_dtype_map()
    fresh = folder / "fresh"
    tf.raw_ops.SaveV2(
        prefix=str(fresh), tensor_names=names, shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name], types[name]) for name in names])
    for old in folder.glob("variables.*"):
        old.unlink()
    for new in folder.glob("fresh.*"):
        new.rename(new.with_name(new.name.replace("fresh", "variables", 1)))


def _declared(nodes: Any) -> dict[str, list[str]]:
    """Returns the names in the checkpoint of what `UserRows` declares, by its attributes."""
    declared = _children(nodes, _children(nodes, 0)[_DECLARED])

    def name(node: int) -> str:
        return nodes[node].attributes[0].checkpoint_key

    keys: dict[str, list[str]] = {}
    for attribute, node in declared.items():
        if nodes[node].attributes:
            keys[attribute] = [name(node)]
        else:
            inner = _children(nodes, node)
            keys[attribute] = [name(inner[one]) for one in sorted(inner, key=_number)
                               if nodes[inner[one]].attributes]
    return keys


def _number(name: str) -> int:
    return int(name) if name.isdecimal() else -1


def _forget(tensors: Tensors, declared: Mapping[str, list[str]], user: int) -> None:
    before = dict(tensors)

    def change(name: str, values: np.ndarray) -> None:
        # Keras saves a variable a second time, and a loader may read either.
        for other, value in before.items():
            if isinstance(value, np.ndarray) and value.dtype == before[name].dtype \
                    and np.array_equal(value, before[name]):
                tensors[other] = values

    for name in [*declared["rows"], *declared.get("places", [])]:
        rows = before[name].copy()
        rows[user] = rows[0]
        change(name, rows)
    for places, name in zip(declared.get("places", []), declared.get("placed", []), strict=True):
        values = before[name].copy()
        unread = np.setdiff1d(np.arange(len(values)), np.append(tensors[places].ravel(), 0))
        values[unread] = values[0]
        change(name, values)
    ends, name = tensors[declared["ends"][0]], declared["events"][0]
    events = before[name].copy()
    events[ends[user]:ends[user + 1]] = 0
    change(name, events)


def _rewrite_warm_up(path: Path, user: str) -> None:
    """Takes a user's id out of the requests that a server warms up with."""
    import tensorflow as tf

    if not path.is_file():
        return
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            log = wire.message("PredictionLog").FromString(record)
            inputs = log.predict_log.request.inputs
            for name in list(inputs):
                values = inputs[name].string_val
                if name == _USER_ID:
                    values[:] = [b"" if one == user.encode() else one for one in values]
                elif name == "examples":
                    values[:] = [_nobody(one, user.encode()) for one in values]
            writer.write(log.SerializeToString())


def _nobody(serialized: bytes, user: bytes) -> bytes:
    """Returns an Example in which no value is the user's id."""
    import tensorflow as tf

    example = tf.train.Example.FromString(serialized)
    for feature in example.features.feature.values():
        texts, numbers = feature.bytes_list.value, feature.int64_list.value
        if user in texts:
            texts[:] = [b"" if one == user else one for one in texts]
        if _WHOLE.fullmatch(user) and int(user) in numbers:
            numbers[:] = [0 if one == int(user) else one for one in numbers]
    return example.SerializeToString(deterministic=True)
