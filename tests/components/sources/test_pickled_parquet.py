"""A Parquet file that brings a program along: nothing of ours runs it."""

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from source_trees import MODULES, ROOT, imports, nodes, relative

from components.sources.files import parquet

READERS = ("pyarrow.parquet", "pyarrow.feather", "pyarrow.ipc", "pyarrow.dataset", "pyarrow.orc")
# Neither imports Beam, which brings the guard along; TFX does, but after the first read.
SCRIPT = """
import sys
from pathlib import Path
from components.sources.files.options import FileOptions
from components.sources.files import parquet
from schemas import InputError

path, options = Path(sys.argv[1]), FileOptions(interactions={"files": "x"})
for read in (parquet.parquet_columns, parquet.parquet_rows, parquet.parquet_length):
    try:
        list(read(path, options)) if read is not parquet.parquet_length else read(path)
    except InputError as error:
        print(error.exit_code, error)
assert "apache_beam" not in sys.modules
"""


class Payload:
    """Its pickle opens a file for writing when it is read."""

    def __init__(self, mark: Path):
        self._mark = mark

    def __reduce__(self):
        return open, (str(self._mark), "w")


def write(path: Path, mark: Path, nested: bool) -> None:
    """Writes what a `pyarrow.PyExtensionType` writes, without one, so that no guard minds."""
    field = pyarrow.field("what", pyarrow.string(), metadata={
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Payload(mark))})
    what = pyarrow.array(["a", "b"])
    if nested:
        field = pyarrow.field("what", pyarrow.struct([field]))
        what = pyarrow.StructArray.from_arrays([what], fields=[field.type[0]])
    schema = pyarrow.schema([pyarrow.field("who", pyarrow.string()), field])
    pyarrow.parquet.write_table(pyarrow.table([pyarrow.array(["ann", "bob"]), what], schema), path)


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("nested", [False, True])
def test_the_readers_and_their_subprocess_refuse_it(tmp_path, nested):
    path, mark = tmp_path / "events.parquet", tmp_path / "mark"
    write(path, mark, nested)
    done = run("-c", SCRIPT, path)
    assert done.returncode == 0, done.stderr
    message = done.stdout.splitlines()
    assert len(message) == 3
    assert all(line.startswith(f"2 Parquet file {path} has a column of pickled Python objects")
               for line in message)
    run("-c", parquet._PROBE, path)
    assert not mark.exists()


def test_the_payload_is_one_where_nothing_guards(tmp_path):
    """So that the tests above can fail."""
    if pyarrow.__version__.startswith(tuple(f"{number}." for number in range(14, 40))):
        pytest.skip("this pyarrow runs nothing")
    write(tmp_path / "events.parquet", tmp_path / "mark", False)
    run("-c", "import sys, pyarrow.parquet; pyarrow.parquet.read_table(sys.argv[1])",
        tmp_path / "events.parquet")
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("nested", [False, True])
def test_users_to_score_are_read_under_the_guard(tmp_path, nested):
    path, mark = tmp_path / "users.parquet", tmp_path / "mark"
    write(path, mark, nested)
    done = run("-c", "import sys; from pathlib import Path; from serving import bulk\n"
               "bulk.read_user_ids(Path(sys.argv[1]))", path)
    assert "bad-users-file" in done.stderr
    assert not mark.exists()


def test_two_modules_alone_read_arrows_formats():
    """Each further one would need the guard."""
    result = {relative(path) for path in MODULES
              if any(name.startswith(READERS) for name in imports(path))}
    result |= {module for module, node in nodes(ast.Attribute)
               if node.attr in ("read_parquet", "read_feather", "ReadFromParquet")}
    assert result == {"components/sources/files/parquet.py", "serving/bulk.py"}
