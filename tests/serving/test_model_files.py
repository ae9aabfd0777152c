import subprocess

import pytest
from refusals import refuses

from serving.model_files import FILE, require_manifest, write_manifest


@pytest.fixture
def version(tmp_path):
    folder = tmp_path / "3"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "of a model").write_bytes(bytes(range(256)))
    write_manifest(folder)
    return folder


def test_a_whole_copy_passes_and_so_does_one_without_sums(version):
    require_manifest(version)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", FILE], cwd=version, check=True)
    (version / FILE).unlink()
    (version / "saved_model.pb").write_bytes(b"another")
    require_manifest(version)


@pytest.mark.parametrize(("damage", "message"), [
    (lambda folder: (folder / "saved_model.pb").write_bytes(b"grapf"), "saved_model.pb differ"),
    (lambda folder: (folder / "variables" / "of a model").unlink(), "variables/of a model differ"),
    (lambda folder: (folder / "added").write_bytes(b""), "added differ"),
    (lambda folder: (folder / FILE).write_bytes(b"\xff no sums\n"), "saved_model.pb, variables"),
], ids=["changed", "missing", "added", "manifest"])
def test_a_damaged_copy_is_refused(version, damage, message):
    damage(version)
    with refuses("manifest-differs", message):
        require_manifest(version)
