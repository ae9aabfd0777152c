"""The digest follows the code that runs: what is reached by an import, and nothing else."""


import pytest

from components import code_digest as module
from components.code_digest import code_digest

FILES = {
    "trainer/__init__.py": "",
    "trainer/training/fit.py": "import json\nfrom trainer.network.model import build\n",
    "trainer/network/model.py": "def build():\n    from schemas import spec\n    return spec\n",
    "trainer/other.py": "x = 1\n",
    "schemas/__init__.py": "",
    "schemas/spec.py": "import trainer.training.fit\n",  # a circle is no trouble
    "json/__init__.py": "",  # stands beside the project, as in site-packages, and is no part of it
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["trainer/training/fit.py", "trainer/network/model.py", "schemas/spec.py"])
def test_an_edit_of_what_is_reached_changes_the_digest(root, name):
    before = code_digest("trainer.training.fit")
    (root / name).write_text(FILES[name] + "edited = True\n")
    assert code_digest("trainer.training.fit") != before


def test_comments_docstrings_and_the_layout_change_nothing(root):
    text = "class A:\n    def b(self):\n        return 'c'\n"
    (root / "trainer/training/fit.py").write_text(text)
    before = code_digest("trainer.training.fit")
    (root / "trainer/training/fit.py").write_text(
        '"""Said."""\n\n\nclass A:  # said\n    """Said."""\n\n    def b(self):\n'
        '        """Said."""\n        return ("c")\n')
    assert code_digest("trainer.training.fit") == before
    (root / "trainer/training/fit.py").write_text(text.replace("'c'", "'d'"))
    assert code_digest("trainer.training.fit") != before


@pytest.mark.parametrize("name", ["trainer/other.py", "json/__init__.py"])
def test_an_edit_elsewhere_does_not(root, name):
    before = code_digest("trainer.training.fit")
    (root / name).write_text("x = 2\n")
    assert code_digest("trainer.training.fit") == before
    (root / "trainer/training/fit.py").write_text(
        "import trainer.other\n" + FILES["trainer/training/fit.py"])
    assert code_digest("trainer.training.fit") != before


def test_the_place_and_the_order_do_not_matter(root, tmp_path, monkeypatch):
    (root / "trainer/network/model.py").write_text("raise SystemExit('nothing is run')\n")
    before = code_digest("trainer.training.fit", "trainer.other")
    (tmp_path / "moved").mkdir()
    for folder in ("trainer", "schemas"):
        (root / folder).rename(tmp_path / "moved" / folder)
    monkeypatch.setattr(module, "_ROOT", tmp_path / "moved")
    assert code_digest("trainer.other", "trainer.training.fit") == before


def test_a_name_that_is_no_module_is_refused(root):
    with pytest.raises(ModuleNotFoundError, match="'trainer.fti' is no module under"):
        code_digest("trainer.fti")
    with pytest.raises(ModuleNotFoundError, match="'json' is no module under"):
        code_digest("json")


def test_ingest_depends_on_its_own_modules_and_on_no_model(monkeypatch):
    read: list[str] = []
    find = module._file
    monkeypatch.setattr(module, "_file", lambda name: read.append(name) or find(name))
    code_digest("components.catalog_gen.component")
    reached = {name for name in read if find(name)}
    assert {"components.catalog_gen.splits", "schemas.values.times", "components.media"} < reached
    assert not [name for name in reached if name.startswith(("trainer", "pipeline", "serving"))]


def test_what_an_extension_imports_from_beside_itself_is_followed(tmp_path, monkeypatch):
    (tmp_path / "kiosk").mkdir()
    for name, text in (("__init__", ""), ("extension", "from .heads import head\n"),
                       ("heads", "from . import sizes\nhead = 1\n"), ("sizes", "large = 1\n")):
        (tmp_path / "kiosk" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "LOADED", ["kiosk.extension"])
    before = code_digest("schemas.spec")
    (tmp_path / "kiosk" / "sizes.py").write_text("large = 2\n")
    assert code_digest("schemas.spec") != before
