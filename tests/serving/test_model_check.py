"""What is judged by its files and never loaded."""

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


def changed(model_base_path, path, change):
    shutil.copytree(model_base_path / "3", path)
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model.meta_graphs[0])
    file.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(("code", "change"), [
    ("no-serving-graph", lambda meta: meta.meta_info_def.ClearField("tags")),
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
        checked_signatures(changed(model_base_path, tmp_path / "1", change))


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
