import json
from types import SimpleNamespace

import pytest
import yaml
from refusals import refuses

from pipeline import backfill
from pipeline.config import load_config
from schemas.errors import DataAnomalyError

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-23")


@pytest.fixture
def shop(tmp_path, monkeypatch, console):
    """A backfill of four days whose runs only note their span, and end as `ends` says."""
    for day in DAYS:
        (tmp_path / "data" / day).mkdir(parents=True)
    ran, ends, number = [], {}, iter(range(99)).__next__

    def run(config, quiet):
        day = config.spans.until
        ran.append(day)
        end = ends.get(day, 0)
        if isinstance(end, Exception):
            raise end
        folder = config.root / "runs" / f"{day}-{end}-{number()}"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({
            "work": config.work(config.spec()), "spans": config.spans.model_dump(),
            "blessed": not end, "not_blessed_because": ["it is bad"] if end else []}))
        link = config.root / "runs" / "latest"
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name)
        return end

    monkeypatch.setattr(backfill, "run", run)
    forgotten = []  # no model: to search all of TensorFlow's objects for one takes seconds
    monkeypatch.setattr(backfill, "forget_model", lambda: forgotten.append(ran[-1]))

    def carry_out(first=DAYS[0], last=DAYS[-1], **given):
        config = load_config(None, dataset="demo", data_dir=tmp_path / "data",
                             root=tmp_path / "root", **given)
        ran.clear()
        return backfill.backfill(config, first, last, console)

    return SimpleNamespace(carry_out=carry_out, ran=ran, ends=ends, forgotten=forgotten,
                           printed=console.file.getvalue)


def test_spans_run_in_order_once(shop):
    assert shop.carry_out("2026-11-20", "2026-11-30") == 0
    assert shop.ran == ["2026-11-20", "2026-11-21", "2026-11-23"] == shop.forgotten
    assert shop.carry_out() == 0
    assert shop.ran == ["2026-11-19"], "the others are there"
    assert len(shop.printed().splitlines()) == 3 + 4, "one line a span"


def test_another_seed_and_a_recipe_file_that_changed_are_other_work(shop, tmp_path):
    recipe = {"description": "d", "tasks": {"find": {"head": "retrieval", "label": "like"}}}
    path = tmp_path / "mine.yaml"
    for changed, seed in (({}, 1), ({}, 2), ({"model": {"dim": 8}}, 2)):
        path.write_text(yaml.safe_dump(recipe | changed))
        shop.carry_out(recipe=str(path), seed=seed)
        assert shop.ran == list(DAYS)
    shop.carry_out(recipe=str(path), seed=2)
    assert shop.ran == []


def test_it_stops_where_a_model_is_refused_and_goes_on_there(shop):
    shop.ends["2026-11-21"] = 4
    assert shop.carry_out() == 4
    assert shop.ran == list(DAYS[:3])
    assert "2026-11-21" in shop.printed() and "not blessed: it is bad" in shop.printed()
    shop.ends.clear()
    assert shop.carry_out() == 0
    assert shop.ran == list(DAYS[2:])


def test_it_stops_where_data_must_not_be_trained_on(shop):
    shop.ends["2026-11-20"] = DataAnomalyError("data-anomalies", "No.")
    with pytest.raises(DataAnomalyError):
        shop.carry_out()
    assert shop.ran == list(DAYS[:2])


def test_days_that_are_none_or_have_no_span(shop):
    with refuses("backfill-day", "--to", "tomorrow"):
        shop.carry_out(last="tomorrow")
    with refuses("backfill-without-spans", "2027-01-01", *DAYS):
        shop.carry_out("2027-01-01", "2027-02-01")


def test_spans_of_a_configuration(tmp_path):
    (tmp_path / "my.yaml").write_text("dataset: demo\nspans: {last: 7, until: 2026-11-20}\n")
    config = load_config(tmp_path / "my.yaml")
    assert (config.spans.last, config.spans.until) == (7, "2026-11-20")
    assert load_config(tmp_path / "my.yaml", span="2026-11-19").spans.last == 7
    for until in ("2026-11-32", "soon"):
        (tmp_path / "my.yaml").write_text(yaml.safe_dump({
            "dataset": "demo", "spans": {"until": until}}))
        with refuses("bad-configuration", "spans.until"):
            load_config(tmp_path / "my.yaml")


def test_a_pinned_configuration_keeps_its_span(tmp_path):
    for day in DAYS[:2]:
        (tmp_path / day).mkdir()
    config = load_config(None, dataset="demo", data_dir=tmp_path).pinned()
    (tmp_path / DAYS[2]).mkdir()
    assert config.pinned().spans.until == DAYS[1]
    assert config.read_from == str(tmp_path / DAYS[1])
