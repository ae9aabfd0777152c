"""Whether a SavedModel may be loaded, judged by its files before any of it runs.

A graph is a program: it can write files, run Python or read what is no part of it. So a model is
served only if all that a server would run of it is in a list of operations that do none of this.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from schemas.errors import InputError
from serving import wire
from serving.model_files import OF_LOADING, TABLE_OF_FILE, allowed_operations, require_manifest
from serving.tensors import DTYPES, dtype_name

_ASSETS, _INIT = "saved_model_assets", "__saved_model_init_op"
_OF_VARIABLES = ("AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp")
_PREDICT = "tensorflow/serving/predict"


def forbidden_operations(meta: meta_graph_pb2.MetaGraphDef) -> list[str]:
    """Finds what a server would run of a graph and must not.

    Args:
      meta: The graph with its signatures.

    Returns:
      Names of operations in order. What reads a file is among them unless the file is an asset or
      the variables of the model.
    """
    graph = _Graph(meta)
    allowed = allowed_operations() | set(graph.functions)
    served = graph.reached(_served_roots(meta))
    restored = graph.reached([meta.saver_def.restore_op_name])
    bad = {node.op for _, node in served} - allowed - TABLE_OF_FILE
    bad |= {node.op for _, node in restored} - allowed - OF_LOADING
    # The place of the file's name among the inputs, and what a loader feeds such names to.
    files = {**dict.fromkeys(TABLE_OF_FILE, (1, graph.only_fed(_assets(meta)))),
             "RestoreV2": (0, {_node(meta.saver_def.filename_tensor_name)})}
    for where, node in (*served, *restored):
        if node.op in files:
            place, fed = files[node.op]
            if not graph.leads_to(where, node.input[place], fed):
                bad.add(node.op)
    return sorted(bad)


def checked_signatures(path: Path) -> dict[str, Any]:
    """Judges a version's folder.

    Args:
      path: The folder; nothing of it is loaded.

    Returns:
      The `SignatureDef`s that can be asked, by name.

    Raises:
      InputError: A file is not what was exported, the file is no SavedModel with one graph for
        serving, a link or an asset leads out, an operation is forbidden, or there is no signature
        of known dtypes with rows.
    """
    _require_within(path)
    require_manifest(path)
    meta = _served_graph(path)
    _require_assets(path, meta)
    if bad := forbidden_operations(meta):
        raise InputError(
            "forbidden-operation",
            f"{path} has operations that no served model may have, since they touch files, run "
            f"Python or are unknown to a stock server: {', '.join(bad[:10])}."
        )
    signatures = {
        name: wire.message("SignatureDef").FromString(signature.SerializeToString())
        for name, signature in meta.signature_def.items() if name != _INIT
    }
    if not signatures:
        raise InputError("no-signature", f"{path} has no signature. Export the model again.")
    for name, signature in signatures.items():
        if fault := _signature_fault(signature):
            raise InputError("bad-signature", f"Signature {name!r} of {path}: {fault}.")
    return signatures


def _require_within(path: Path) -> None:
    base = path.parent.resolve()
    for one in (path, *path.rglob("*")):
        if not one.is_symlink() and not one.is_dir() and not one.is_file():
            raise InputError("special-file", f"{one} is neither a file nor a folder. A pipe, for "
                             "example, would be read for ever; take it away.")
        if one.is_symlink() and not one.resolve().is_relative_to(base):
            raise InputError(
                "link-leads-out",
                f"{one} is a link to {one.resolve()}, outside of {base}. Copy the file instead."
            )


def _served_graph(path: Path) -> meta_graph_pb2.MetaGraphDef:
    """Returns the only graph that a loader can take."""
    file = path / "saved_model.pb"
    try:
        saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except Exception as error:  # protobuf's errors differ from one implementation to the other
        raise InputError("bad-saved-model",
                         f"{file} is no SavedModel: {error}. Export the model again.") from error
    served = [meta for meta in saved.meta_graphs if set(meta.meta_info_def.tags) == {"serve"}]
    if len(served) != 1:
        raise InputError("no-serving-graph", f"{path} must have one graph with the tag 'serve' and "
                         f"no other tag; it has {len(served)}. Export the model again.")
    return served[0]


def _require_assets(path: Path, meta: meta_graph_pb2.MetaGraphDef) -> None:
    """Refuses a graph that a loader would give the path of a file that is no asset of it."""
    folder = path.resolve() / "assets"
    for asset in _assets(meta):
        file = folder / asset.filename
        # A loader may take '..' away before links are followed, or after.
        if not all(Path(resolved(file)).is_relative_to(folder)
                   for resolved in (os.path.normpath, os.path.realpath)):
            raise InputError("asset-leads-out",
                             f"{path} names the asset {asset.filename[:100]!r}, which is not in "
                             "its folder 'assets'. Export the model again.")


def _assets(meta: meta_graph_pb2.MetaGraphDef) -> list[meta_graph_pb2.AssetFileDef]:
    """Returns the assets by either of the ways to name them."""
    assets = list(meta.asset_file_def)
    if _ASSETS in meta.collection_def:
        for packed in meta.collection_def[_ASSETS].any_list.value:
            assets.append(meta_graph_pb2.AssetFileDef.FromString(packed.value))
    return assets


def _node(tensor: str) -> str:
    return tensor.partition(":")[0]


def _signature_fault(signature: Any) -> str | None:
    if signature.method_name != _PREDICT:
        return f"its method is {signature.method_name!r}, expected {_PREDICT!r}"
    for name, info in (*signature.inputs.items(), *signature.outputs.items()):
        if info.dtype not in DTYPES:
            return f"{name} is of {dtype_name(info.dtype)}, which no request has"
        if info.tensor_shape.unknown_rank or not info.tensor_shape.dim:
            return f"{name} has no rows: the first dimension of each tensor must be the batch"
    return None if signature.outputs else "it has no output"


def _served_roots(meta: meta_graph_pb2.MetaGraphDef) -> list[str]:
    roots = [info.name for signature in meta.signature_def.values()
             for info in (*signature.inputs.values(), *signature.outputs.values())]
    for key in ("saved_model_main_op", "legacy_init_op", _ASSETS):
        if key in meta.collection_def:
            roots += meta.collection_def[key].node_list.value
    return roots


class _Graph:
    """The nodes of a graph and of its functions; `''` names the graph itself."""

    def __init__(self, meta: meta_graph_pb2.MetaGraphDef) -> None:
        self._nodes = {node.name: node for node in meta.graph_def.node}
        self.functions = {one.signature.name: one for one in meta.graph_def.library.function}
        self._calls: dict[str, list[tuple[str, Any]]] = {}

    def reached(self, roots: Iterable[str]) -> list[tuple[str, Any]]:
        """Returns all nodes that roots need, each with the function it is in."""
        nodes: list[tuple[str, Any]] = []
        names, waiting, functions = set(), [*roots], set()
        while waiting:
            name = _node(waiting.pop().removeprefix("^"))
            if name in names or name not in self._nodes:
                continue
            names.add(name)
            node = self._nodes[name]
            waiting += node.input
            nodes.append(("", node))
        fresh = [*nodes]
        while fresh:
            where, node = fresh.pop()
            for called in _called(node, self.functions):
                self._calls.setdefault(called, []).append((where, node))
                if called not in functions:
                    functions.add(called)
                    inner = [(called, one) for one in self.functions[called].node_def]
                    nodes += inner
                    fresh += inner
        return nodes

    def only_fed(self, assets: Iterable[meta_graph_pb2.AssetFileDef]) -> set[str]:
        """Returns the nodes that have an asset's path and never a value of their own."""
        names = {_node(asset.tensor_info.name) for asset in assets}
        return {name for name in names & set(self._nodes) if self._nodes[name].op == "Placeholder"}

    def leads_to(self, where: str, name: str, wanted: set[str], depth: int = 8) -> bool:
        """Returns whether a value comes from one of some nodes of the graph, and from nowhere else.

        Args:
          where: The function that the value is used in.
          name: The value's name there.
          wanted: Names of nodes of the graph.
          depth: How many calls and copies are followed.
        """
        name = _node(name)
        if not depth:
            return False
        if not where:
            sources = self._sources(name)
            return name in wanted or (bool(sources) and all(
                self.leads_to(where, one, wanted, depth - 1) for one in sources))
        arguments = [one.name for one in self.functions[where].signature.input_arg]
        if name in arguments:
            place = arguments.index(name)
            return all(self.leads_to(caller, node.input[place], wanted, depth - 1)
                       for caller, node in self._calls[where])
        copy = next((node for node in self.functions[where].node_def
                     if node.name == name and node.op == "Identity"), None)
        return copy is not None and self.leads_to(where, copy.input[0], wanted, depth - 1)

    def _sources(self, name: str) -> list[str]:
        """Returns what a copy, or a variable that no function sees, has its value from."""
        node = self._nodes.get(name)
        if node is None or node.op not in ("Identity", "ReadVariableOp"):
            return []
        if node.op == "Identity":
            return [node.input[0]]
        users = [one for one in self._nodes.values() if node.input[0] in one.input]
        if any(one.op not in _OF_VARIABLES for one in users):
            return []
        return [one.input[1] for one in users if one.op == "AssignVariableOp"]


def _called(node: Any, functions: dict[str, Any]) -> Iterator[str]:
    if node.op in functions:
        yield node.op
    for value in node.attr.values():
        for function in (value.func, *value.list.func):
            if function.name in functions:
                yield function.name
