"""What a built wheel holds: every file of the packages, and nothing that needs the checkout."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from source_trees import MODULES, PACKAGES, ROOT, imports, relative

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def tracked():
    """The packages' files that are part of the project, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def wheel(tracked, tmp_path_factory):
    """The files of a wheel, built from a copy: setuptools writes beside what it builds."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    described = [path.name for name in ("setup.py", "pyproject.toml", "requirements*.in")
                 for path in ROOT.glob(name)]
    for name in (*tracked, *described):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-c", BUILD, str(out)], cwd=copy, check=True,
                   capture_output=True)
    (built,) = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_a_wheel_holds_every_file_of_the_packages(tracked, wheel):
    assert any(name.endswith(".html.j2") for name in tracked)
    assert sorted(tracked - wheel) == []
    assert sorted(wheel - tracked) == []


def test_the_packages_import_nothing_that_only_the_checkout_has():
    beside = {path.stem for folder in (ROOT, ROOT / "tests") for path in folder.iterdir()}
    absent = beside - {*PACKAGES}
    assert {"deploy", "tests", "setup", "tiny_shop"} <= absent
    result = [f"{relative(path)} imports {name}" for path in MODULES for name in imports(path)
              if name.partition(".")[0] in absent]
    assert result == []
