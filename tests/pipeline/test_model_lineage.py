import json

import pytest
from refusals import refuses

from components.model_card import FOLDER, LINEAGE
from pipeline.lineage import lineage_of


@pytest.fixture
def root(tmp_path):
    """Model 7 came after 5, and 5 was first; 5 was pushed once more between; 2 has no lineage."""
    pushed = tmp_path / "serving" / "demo-some-1"
    for version, model, parent in ((2, None, None), (10, 5, None), (20, 6, 5), (30, 5, 6),
                                   (40, 7, 5)):
        folder = pushed / str(version)
        (folder / FOLDER).mkdir(parents=True)
        (folder / "saved_model.pb").touch()
        if model is not None:
            (folder / FOLDER / LINEAGE).write_text(json.dumps({
                "run_id": f"run-{version}", "model": {"id": model, "run_id": "some"},
                "parent": None if parent is None else {"id": parent}}))
    return tmp_path


@pytest.mark.parametrize(("version", "ancestors"), [
    ("latest", [30, 20, 10]), ("40", [30, 20, 10]), ("20", [10]), ("10", [])])
def test_it_lists_the_models_before(root, tessera, version, ancestors):
    result = lineage_of(root, version)
    folder = root / "serving" / "demo-some-1"
    assert result["ancestors"] == [str(folder / str(number)) for number in ancestors]
    number = 40 if version == "latest" else int(version)
    assert (result["version"], result["run_id"]) == (str(folder / str(number)), f"run-{number}")
    assert lineage_of(root / "elsewhere", str(folder / str(number))) == result
    printed = tessera("lineage", version, "--root", root)[1]
    assert json.loads(printed) == result


def test_what_is_not_there_is_told(root):
    with refuses("unknown-version", "'11'", "40, 30, 20, 10, 2"):
        lineage_of(root, "11")
    with refuses("version-without-lineage", "2"):
        lineage_of(root, "2")


@pytest.mark.parametrize(("content", "code"), [
    *((one, "damaged-result") for one in (b"", b"{", b"[]", b"null", b"\xff")),
    (b'{"model": {}, "parent": null}', "foreign-lineage"),
    (b'{"model": {"id": 5}}', "foreign-lineage")])
def test_a_damaged_lineage_is_told(root, content, code):
    file = root / "serving" / "demo-some-1" / "10" / FOLDER / LINEAGE
    file.write_bytes(content)
    with refuses(code, file):
        lineage_of(root, "10")
