"""The real thing: MovieLens-100K with posters and plots, from raw files to a pushed model."""

import io
import json
import math

import pytest
from rich.console import Console

from pipeline.config import load_config
from pipeline.run import run
from serving.client import Client
from serving.launch import running_server
from serving.model_config import versions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(movielens_dir, tmp_path_factory):
    return load_config(None, dataset="movielens-100k", data_dir=movielens_dir,
                       root=tmp_path_factory.mktemp("movielens"))


@pytest.fixture(scope="module")
def code(config):
    return run(config, Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def metrics(config, code):
    return json.loads((config.root / "runs" / "latest" / "metrics.json").read_text("utf-8"))


def test_the_model_is_pushed(config, code):
    assert code == 0
    assert len(versions(config.root / "serving" / config.pipeline_name)) == 1


def test_the_protocol_s_users_and_rows(metrics):
    assert metrics["split"] == "u80"
    for figures in (metrics["ranking"], *metrics["baselines"].values()):
        assert (figures["users"], figures["relevant"]) == (841, 4727)


def test_it_ranks_well_above_popularity(metrics):
    popularity = metrics["baselines"]["popularity"]["ndcg@10"]
    assert metrics["ranking"]["ndcg@10"] >= 1.4 * popularity > 0


def test_its_ratings_are_near(metrics):
    assert 0 < metrics["tasks"]["rating"]["rmse"] <= 0.99


def test_the_server_answers_as_the_trained_model(metrics):
    assert metrics["serving"]["max_abs_diff"] <= 1e-4
    assert math.isfinite(metrics["serving"]["p99_ms"])


def test_a_user_is_recommended_unseen_films(config, code, movielens_dir):
    lines = next(movielens_dir.rglob("u.data")).read_text().splitlines()
    seen = {line.split("\t")[1] for line in lines if line.startswith("196\t")}
    folder = config.root / "serving" / config.pipeline_name
    with running_server(folder) as address, Client(*address) as client:
        (response,) = client.recommend(["196"], k=10)
    assert len({one.item_id for one in response}) == 10
    assert not {one.item_id for one in response} & seen


def test_once_more_everything_comes_from_the_cache(config, metrics):
    assert run(config, Console(file=io.StringIO())) == 0
    again = json.loads((config.root / "runs" / "latest" / "metrics.json").read_text("utf-8"))
    assert [n for n, cached in again["cached"].items() if not cached] == [
        "past_data", "baseline_model"]
    assert again["ranking"] == metrics["ranking"]
