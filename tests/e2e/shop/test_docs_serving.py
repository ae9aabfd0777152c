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


def test_the_stock_client_needs_nothing_of_tessera():
    roots = set()
    for node in ast.walk(ast.parse(block("stock client"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).split(".")[0])
    assert roots == {"grpc", "tensorflow", "tensorflow_serving"}


def test_the_page_s_clients_get_the_same_recommendations(server, project):
    out = printed("client", server.port)
    ours = [line.split(" ", 2) for line in out.splitlines()[:5]]
    theirs = [line.split() for line in printed("stock client", server.port).splitlines()]
    for (item, score, tasks), (same, stock_score, rating) in zip(ours, theirs, strict=True):
        assert re.fullmatch(r"p\d{4}", item) and item == same
        assert float(score) == pytest.approx(float(stock_score), rel=1e-5, abs=1e-5)
        predictions = ast.literal_eval(tasks)
        assert predictions.keys() == {"rating", "like"} and 1 <= predictions["rating"] <= 5
        assert predictions["rating"] == pytest.approx(float(rating), rel=1e-5, abs=1e-5)
    (cold,) = re.findall(r"^\[\[.*\]\]$", out, re.MULTILINE)
    items = re.findall(r"Recommendation\(item_id='(p\d{4})'", cold)
    assert len(set(items)) == 3 and not {"p0271", "p0040"} & set(items), "it was in the history"
    names = {"array": np.array, "float32": np.float32}
    scored, unseen = (eval(text, names)  # what numpy prints is Python
                      for text in re.findall(r"^{'.*?}$", out, re.DOTALL | re.MULTILINE))
    for task in ("retrieval", "rating", "like"):
        assert scored[task].shape == (1, 2) and unseen[task].shape == (1,)
        assert np.isfinite(scored[task]).all() and np.isfinite(unseen[task]).all()
    assert out.splitlines()[-1] == (
        f"[VersionStatus(version={project.pushed()[0]}, state='AVAILABLE', error='')]")
