"""Three datasets that differ in everything, run by configuration and schema alone."""

import io
import json
import os
import random
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
import yaml
from ingested import run_ingest
from own_movielens import write_movielens_as_csv
from rich.console import Console
from worlds import column, history, json_lines, small_spec, unseen

from components.sources import open_source
from pipeline.config import RunConfig, load_config
from pipeline.run import check_recipe, run
from schemas import SIDES
from serving.client import Client
from serving.launch import running_server

HERE = Path(__file__).parent
LENIENT = {"max_error_ratio": 9, "min_auc_above_chance": -0.5, "max_p99_ms": 60_000}


def finished(config: RunConfig) -> tuple[int, dict, str]:
    """Runs; returns the exit code, the metrics and what was told."""
    console = Console(file=io.StringIO(), width=200)
    code = run(config, console)
    metrics = json.loads((config.root / "runs" / "latest" / "metrics.json").read_text("utf-8"))
    return code, metrics, console.file.getvalue()


def counts(config: RunConfig) -> dict:
    """Returns the rows of each table as the report counts them."""
    report = json.loads((config.root / "runs" / "latest" / "data_report.json").read_text("utf-8"))
    return report["counts"]["counts"]


TEAS = ["龙井", "铁观音", "普洱", "毛峰", "碧螺春", "白毫银针", "大红袍", "寿眉"]
POTS = ["紫砂壶", "青花瓷碗", "盖碗", "公道杯", "茶盘", "建盏", "竹茶匙", "银壶"]
GOODS = {f"{size}{name}": kind for kind, names in (("茶", TEAS), ("器", POTS))
         for name in names for size in ("小", "大")}
NAMES = [f"{family}{given}{city}" for city in ("北京", "上海", "西安", "成都")
         for family in "李王张刘陈杨" for given in "雷梅"]
SPEC = small_spec(
    items=column("title", "BYTES", "text") + column("kind", "BYTES", "categorical"),
    events=unseen("others", "BYTES") + history("bought", "item_id", "BYTES", most=10)
    + history("times", "timestamp", most=10),
    user="BYTES buyer", item="BYTES product", time="when", one=True)


def purchases() -> list[dict]:
    """Every other customer buys tea, the others what tea is made in."""
    choice, moment, rows = random.Random(4), 1_700_000_000, []
    for place, name in enumerate(NAMES):
        wanted = [title for title, kind in GOODS.items() if (kind == "茶") == bool(place % 2)]
        for title in [*choice.sample(wanted, 14), *choice.sample(sorted(GOODS), 2)]:
            moment += choice.randint(60, 9000)
            rows.append({"谁": name, "什么": title, "何时": moment * 1000})
    return rows


@pytest.fixture(scope="module")
def tea_house(tmp_path_factory):
    """A folder with purchases alone: no users table, Chinese titles, a config and a recipe."""
    folder = tmp_path_factory.mktemp("teahouse")
    goods = [{"货号": title, "品名": f"{title}，\n清香“一等”", "类": kind}
             for title, kind in GOODS.items()]
    for name, rows in (("goods", goods), ("orders", purchases())):
        json_lines(folder / f"{name}.jsonl", rows)
    (folder / "schemas").mkdir()
    for side in ("items", "interactions"):
        (folder / "schemas" / f"{side}.pbtxt").write_text(SPEC.texts[SIDES.index(side)])
    (folder / "tea.yaml").write_text(yaml.safe_dump({
        "dataset": "jsonl", "schemas": "schemas", "recipe": str(folder / "quick.yaml"),
        "root": str(folder / "runs"), "checks": LENIENT,
        "source": {
            "interactions": {"files": "orders.jsonl", "columns": {
                "buyer": "谁", "product": "什么", "when": "何时"}},
            "items": {"files": "goods.jsonl", "columns": {
                "product": "货号", "title": "品名", "kind": "类"}}},
    }, allow_unicode=True), encoding="utf-8")
    (folder / "quick.yaml").write_text(yaml.safe_dump({
        "description": "quick", "modalities": ["categorical", "text"], "model": {"dim": 16},
        "tasks": {"retrieval": {"head": "retrieval"}, "click": {"head": "click"}},
        "training": {"max_epochs": 12, "batch_size": 64, "learning_rate": 0.005},
    }), encoding="utf-8")
    return folder


def test_purchases_alone_are_ingested_without_users_and_with_chinese_titles(tea_house, tmp_path):
    config = load_config(tea_house / "tea.yaml")
    spec = config.spec()
    source = open_source(**config.source_arguments(spec))
    ingested = run_ingest(source, spec, tmp_path / "ingested")
    assert (ingested.kept("users"), ingested.kept("items")) == (len(NAMES), len(GOODS))
    assert ingested.kept("interactions") == len(NAMES) * 16 and not ingested.faults
    titles = {title.split("，")[0] for title in (
        tf.train.Example.FromString(row).features.feature["title"].bytes_list.value[0].decode()
        for row in ingested.examples["items/Split-all"])}
    assert titles == {*GOODS}
    check_recipe(config, spec)


@pytest.mark.slow
def test_purchases_alone_are_learned(tea_house):
    config = load_config(tea_house / "tea.yaml")
    code, metrics, message = finished(config)
    assert code == 0, message
    assert counts(config)["users"] == {"read": 48, "kept": 48, "quarantined": 0}
    assert counts(config)["interactions"]["read"] == 48 * 16
    assert set(metrics["tasks"]) == {"click"} and metrics["tasks"]["click"]["auc"] > 0.6
    assert metrics["ranking"]["ndcg@10"] > metrics["baselines"]["popularity"]["ndcg@10"]
    folder = config.root / "serving" / config.pipeline_name
    with running_server(folder) as address, Client(*address) as client:
        (known,), (unknown,) = client.recommend([NAMES[1]], k=4), client.recommend(["新客"], k=4)
    assert len(known) == len(unknown) == 4
    assert all(one.item_id in GOODS for one in [*known, *unknown])
    assert all(0 < one.tasks["click"] < 1 for one in known)


@pytest.fixture(scope="module")
def emotify_dir():
    root = Path(os.environ.get("TESSERA_DATA", HERE.parents[1] / ".." / "shared" / "data"))
    if not (root / "emotify").is_dir():
        pytest.skip("Emotify is absent: set TESSERA_DATA to the folder that holds it.")
    return (root / "emotify").resolve()


@pytest.mark.slow
def test_sound_without_user_ids_or_times(emotify_dir, tmp_path):
    shutil.copytree(HERE / "emotify", tmp_path / "emotify")
    config = load_config(tmp_path / "emotify" / "emotify.yaml", data_dir=emotify_dir,
                         root=tmp_path / "root")
    code, metrics, message = finished(config)
    assert code in (0, 4), message
    if code:  # a model that is worse than popularity is an honest answer, a fault is not
        assert all("popularity" in reason for reason in metrics["not_blessed_because"]), message
    rows = counts(config)
    assert rows["interactions"]["read"] == 8407 == rows["interactions"]["kept"]
    assert rows["items"] == {"read": 400, "kept": 400, "quarantined": 0}
    assert rows["users"]["kept"] == 466
    assert metrics["split"] == rows["split"] == "random" and "random" in message
    assert set(metrics["tasks"]) == {"mood", "liked", "disliked", "feels"}
    feels = metrics["tasks"]["feels"]
    assert len(feels["auc_by_label"]) == 9 and feels["auc"] > 0.6
    assert feels["auc_by_label"]["calmness"] > 0.55  # what a track is tells how it feels
    report = (config.root / "runs" / "latest" / "data_report.html").read_text("utf-8")
    assert "split at random, not in time" in report


@pytest.mark.slow
def test_movielens_as_csv_is_ingested_as_by_its_adapter(movielens_dir, tmp_path):
    """Equal rows in equal splits and order: what follows cannot tell the two apart."""
    given = write_movielens_as_csv(movielens_dir, tmp_path)
    adapter, own_files = (given.ingested(config) for config in (given.adapter, given.own_files))
    assert adapter == own_files
    assert adapter["interactions/Split-train"] and adapter["items/Split-all"]
