import os
import shutil

import pytest
import tensorflow as tf
from refusals import refuses
from tensorflow.core.protobuf import saved_model_pb2

from serving.model_check import checked_signatures
from serving.model_config import versions
from serving.model_files import OF_LOADING, allowed_operations
from serving.servable import Servable


def saved(path, function, *captured):
    """Saves a model of one signature, a string of each row to a string."""
    model = tf.Module()
    model.kept = captured
    model.f = tf.function(function, input_signature=[tf.TensorSpec([None], tf.string, "x")])
    tf.saved_model.save(model, str(path), signatures=model.f)
    return path


def test_the_tiny_model_may_be_loaded_and_its_tables_too(model_base_path, tmp_path):
    assert set(checked_signatures(model_base_path / "3")) == {"recommend", "serving_default"}
    (tmp_path / "words.txt").write_text("a\nb\n")
    table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
        str(tmp_path / "words.txt"), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER), -1)
    path = saved(tmp_path / "1", lambda x: {"y": tf.as_string(table[x])}, table)
    (tmp_path / "words.txt").unlink()
    result = Servable(path).run("serving_default", {"x": tf.constant(["b", "c"]).numpy()}, ["y"])
    assert result["y"].tolist() == [b"1", b"-1"]


def prints(x):
    tf.print(x, output_stream="file:///tmp/never")
    return {"y": x}


@pytest.mark.parametrize(("function", "operation"), [
    (lambda x: {"y": tf.map_fn(tf.io.read_file, x)}, "ReadFile"),
    (prints, "PrintV2"),
    (lambda x: {"y": tf.numpy_function(lambda y: y, [x], tf.string)}, "PyFunc"),
])
def test_a_graph_that_touches_files_or_runs_python_is_refused(tmp_path, function, operation):
    with refuses("forbidden-operation", operation):
        checked_signatures(saved(tmp_path / "1", function))


def test_a_table_of_a_file_that_is_no_asset_is_refused(tmp_path):
    def reads(x):
        table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
        tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=table, filename="/etc/hostname", key_index=-2, value_index=-1)
        return {"y": x}

    with refuses("forbidden-operation", "InitializeTableFromTextFileV2"):
        checked_signatures(saved(tmp_path / "1", reads))


@pytest.mark.parametrize("what", ["version", "file"])
def test_a_link_out_of_the_folder_is_refused(model_base_path, tmp_path, what):
    path = tmp_path / "served" / "1"
    if what == "version":
        path.parent.mkdir()
        path.symlink_to(model_base_path / "3")
    else:
        shutil.copytree(model_base_path / "3", path)
        (path / "assets" / "words.txt").symlink_to("/etc/hostname")
    with refuses("link-leads-out", "outside of"):
        checked_signatures(path)


@pytest.mark.parametrize("where", ["saved_model.pb", "variables/variables.index"])
def test_a_pipe_among_the_files_is_refused_and_not_waited_for(tmp_path, where):
    version = tmp_path / "1"
    (version / "variables").mkdir(parents=True)
    (version / "saved_model.pb").touch()
    (version / where).unlink(missing_ok=True)
    os.mkfifo(version / where)
    assert list(versions(tmp_path)) == ([] if where == "saved_model.pb" else [1])
    with refuses("special-file", where):
        checked_signatures(version)


def changed(version, path, change):
    """Copies a version and changes its graph."""
    shutil.copytree(version, path)
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model.meta_graphs[0])
    file.write_bytes(model.SerializeToString())
    return path


def add_node(graph, name, op, inputs=(), value=None):
    """Adds an operation, or a constant."""
    node = graph.node.add(name=name, op=op, input=inputs)
    if value is not None:
        node.attr["dtype"].type = tf.constant(value).dtype.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def saves_when_restored(meta):
    for name, value in (("p", "/tmp/never"), ("n", ["x"]), ("s", [""]), ("v", [1.0])):
        add_node(meta.graph_def, name, "Const", value=value)
    save = add_node(meta.graph_def, "save", "SaveV2", ["p", "n", "s", "v"])
    save.attr["dtypes"].list.type.append(1)
    restore = meta.saver_def.restore_op_name
    next(one for one in meta.graph_def.node if one.name == restore).input.append("^save")


def restores_another_file(meta):
    add_node(meta.graph_def, "other", "Const", value="/tmp/other")
    (restore,) = [one for one in meta.graph_def.node if one.name == meta.saver_def.restore_op_name]
    restore.input[0] = "other"


@pytest.mark.parametrize(("operation", "change"), [
    ("SaveV2", saves_when_restored), ("RestoreV2", restores_another_file)])
def test_what_restores_the_variables_reads_them_and_does_nothing_else(
        model_base_path, tmp_path, operation, change):
    with refuses("forbidden-operation", operation):
        checked_signatures(changed(model_base_path / "3", tmp_path / "1", change))


@pytest.mark.parametrize("tags", [["serve", "gpu"], ["serve"], ["serve", "serve"]])
def test_the_graph_that_is_judged_is_the_one_that_is_loaded(model_base_path, tmp_path, tags):
    path = tmp_path / "1"
    shutil.copytree(model_base_path / "3", path)
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    model.meta_graphs.add().CopyFrom(model.meta_graphs[0])
    del model.meta_graphs[0].meta_info_def.tags[:]
    model.meta_graphs[0].meta_info_def.tags.extend(tags)
    add_node(model.meta_graphs[1].graph_def, "text", "Const", value="written by a graph")
    add_node(model.meta_graphs[1].graph_def, "write", "WriteFile", ["text", "text"])
    for node in model.meta_graphs[1].graph_def.node:
        if node.op == "StatefulPartitionedCall":
            node.input.append("^write")
    file.write_bytes(model.SerializeToString())
    if "gpu" in tags:
        with refuses("forbidden-operation", "WriteFile"):
            checked_signatures(path)
    else:
        with refuses("no-serving-graph"):
            checked_signatures(path)


@pytest.fixture(scope="module")
def with_table(tmp_path_factory):
    """A version with a table that is read from an asset."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "words.txt").write_text("a\nb\n")
    table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
        str(folder / "words.txt"), tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE), "")
    return saved(folder / "1", lambda x: {"y": table[tf.strings.to_number(x, tf.int64)]}, table)


@pytest.mark.parametrize("way", ["field", "collection"])
@pytest.mark.parametrize("name", [
    "../../../../../../../../etc/passwd", "/etc/passwd", "../saved_model.pb", "sub/../../x"])
def test_an_asset_that_is_none_is_refused(with_table, tmp_path, way, name):
    def change(meta):
        meta.asset_file_def[0].filename = name
        if way == "collection":
            meta.collection_def["saved_model_assets"].any_list.value.add().Pack(
                meta.asset_file_def[0])
            del meta.asset_file_def[:]

    with refuses("asset-leads-out", "assets"):
        checked_signatures(changed(with_table, tmp_path / "1", change))


def test_an_asset_that_is_a_link_to_another_file_is_refused(with_table, tmp_path):
    path = tmp_path / "1"
    shutil.copytree(with_table, path)
    (path / "assets" / "words.txt").unlink()
    (path / "assets" / "words.txt").symlink_to("../saved_model.pb")
    with refuses("asset-leads-out"):
        checked_signatures(path)


def test_an_assets_path_is_never_a_value_of_the_graph(with_table, tmp_path):
    """It is fed when the model is loaded; a constant there would be read with each request."""
    def change(meta):
        name = meta.asset_file_def[0].tensor_info.name.partition(":")[0]
        (node,) = [one for one in meta.graph_def.node if one.name == name]
        node.Clear()
        graph = type(meta.graph_def)()
        node.CopyFrom(add_node(graph, name, "Const", value="/etc/passwd"))

    with refuses("forbidden-operation", "InitializeTableFromTextFileV2"):
        checked_signatures(changed(with_table, tmp_path / "1", change))


@pytest.mark.parametrize(("code", "change"), [
    ("no-serving-graph", lambda meta: meta.meta_info_def.ClearField("tags")),
    ("no-serving-graph", lambda meta: meta.meta_info_def.tags.append("gpu")),
    ("no-signature", lambda meta: meta.ClearField("signature_def")),
    ("bad-signature", lambda meta: setattr(
        meta.signature_def["recommend"], "method_name", "tensorflow/serving/classify")),
    ("bad-signature", lambda meta: setattr(
        meta.signature_def["recommend"].inputs["k"], "dtype", tf.complex64.as_datatype_enum)),
    ("bad-signature", lambda meta: setattr(
        meta.signature_def["recommend"].inputs["k"].tensor_shape, "unknown_rank", True)),
])
def test_a_signature_that_cannot_be_asked_is_refused(model_base_path, tmp_path, code, change):
    with refuses(code):
        checked_signatures(changed(model_base_path / "3", tmp_path / "1", change))


def test_the_list_has_no_operation_that_is_known_to_touch_files_or_run_python():
    known = allowed_operations()
    assert {"MatMul", "ParseExampleV2", "DecodeImage"} <= known <= set(dir(tf.raw_ops))
    words = ("File", "PyFunc", "Save", "Restore", "Print", "Debug", "Rpc", "Checkpoint")
    assert not {name for name in known if any(word in name for word in words)} - OF_LOADING


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"no model")
    with refuses("bad-saved-model"):
        checked_signatures(tmp_path / "1")
