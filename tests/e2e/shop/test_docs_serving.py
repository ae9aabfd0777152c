"""The clients that docs/serving.md shows, run word for word against a server on a pushed model."""

import ast
import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


def block(tag: str) -> str:
    """Returns the code that follows a tag in the page."""
    text = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"^<!-- {tag} -->\n```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return code


def printed(tag: str, port: int) -> str:
    """Runs a client word for word; only the port is another."""
    code = block(tag)
    assert code.count("8500") == 1
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(code.replace("8500", str(port)), tag, "exec"), {})
    return out.getvalue()


@pytest.fixture(scope="module")
def by_tessera(server) -> str:
    return printed("client", server.port)


def recommended(by_tessera: str) -> list[tuple[str, float, dict[str, float]]]:
    """Returns what the first loop of Tessera's client printed: item, score and the other tasks."""
    lines = [line.split(" ", 2) for line in by_tessera.splitlines()[:5]]
    return [(item, float(score), ast.literal_eval(tasks)) for item, score, tasks in lines]


def test_tessera_s_client_gets_recommendations(by_tessera):
    result = recommended(by_tessera)
    assert len({item for item, *_ in result}) == 5
    for item, score, tasks in result:
        assert re.fullmatch(r"p\d{4}", item) and np.isfinite(score)
        assert tasks.keys() == {"rating", "like"} and 1 <= tasks["rating"] <= 5
    (stranger,) = re.findall(r"^\[\[.*\]\]$", by_tessera, re.MULTILINE)
    items = re.findall(r"Recommendation\(item_id='(p\d{4})'", stranger)
    assert len(set(items)) == 3 and not {"p0271", "p0040"} & set(items), "it was in the history"


def test_tessera_s_client_scores_candidates_and_an_unseen_product(by_tessera):
    texts = re.findall(r"^{'.*?}$", by_tessera, re.DOTALL | re.MULTILINE)
    names = {"array": np.array, "float32": np.float32}
    scored, unseen = (eval(text, names) for text in texts)  # what numpy prints is Python
    assert scored["user_modality_weights"].sum() == pytest.approx(1, abs=1e-5)
    for task in ("retrieval", "rating", "like"):
        assert scored[task].shape == (1, 2) and unseen[task].shape == (1,)
        assert np.isfinite(scored[task]).all() and np.isfinite(unseen[task]).all()


def test_tessera_s_client_tells_the_version(by_tessera, project):
    version = project.pushed()[0]
    assert by_tessera.splitlines()[-1] == (
        f"[VersionStatus(version={version}, state='AVAILABLE', error='')]")


def test_the_stock_client_needs_nothing_of_tessera():
    roots = set()
    for node in ast.walk(ast.parse(block("stock client"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).split(".")[0])
    assert roots == {"grpc", "tensorflow", "tensorflow_serving"}


def test_the_stock_client_gets_the_same_recommendations(server, by_tessera):
    lines = [line.split() for line in printed("stock client", server.port).splitlines()]
    assert len(lines) == 5
    for (item, score, rating), (same, theirs, tasks) in zip(
            lines, recommended(by_tessera), strict=True):
        assert item == same
        assert float(score) == pytest.approx(theirs, rel=1e-5, abs=1e-5)
        assert float(rating) == pytest.approx(tasks["rating"], rel=1e-5, abs=1e-5)
