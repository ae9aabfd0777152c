"""What a run refuses before anything is read."""

import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from worlds import id_columns

from pipeline import run as module
from pipeline.config import load_config
from pipeline.run import run
from schemas import InputError

IDS = "".join(id_columns())


@pytest.fixture
def refused(tmp_path: Path, console):
    """Runs on two events with a schema of the interactions; returns the message."""

    def refused(interactions: str, **values) -> str:
        (tmp_path / "schemas").mkdir(exist_ok=True)
        (tmp_path / "schemas" / "interactions.pbtxt").write_text(interactions)
        (tmp_path / "events.csv").write_text("who,what,stars\nann,tea,4\nbob,cup,2\n")
        (tmp_path / "my.yaml").write_text(yaml.safe_dump({
            "dataset": "csv", "schemas": "schemas", "root": str(tmp_path / "root"),
            "source": {"interactions": {"files": "events.csv"}}, **values}))
        with pytest.raises(InputError) as caught:
            run(load_config(tmp_path / "my.yaml"), console)
        return str(caught.value)

    return refused


def test_a_recipe_whose_label_the_data_lack(refused) -> None:
    message = refused(IDS, split="random")
    assert "Recipe 'flagship', task 'retrieval', key 'label': needs the label 'like'" in message
    assert "; dataset 'schemas' has: none" in message
    assert "'label:like'" in message and "'implicit' needs events alone" in message


def test_a_click_head_without_unseen_items(refused) -> None:
    message = refused(IDS, split="random", recipe="implicit")
    assert "Recipe 'implicit', task 'click'" in message
    assert "tag 'unseen'" in message and "value_count { min: 2 max: 2 }" in message


def _clock(monkeypatch, moment: str) -> None:
    now = datetime.datetime.fromisoformat(moment)
    monkeypatch.setattr(module, "datetime", SimpleNamespace(
        datetime=SimpleNamespace(now=lambda zone=now.tzinfo: now.astimezone(zone)),
        UTC=datetime.UTC))


def test_ids_of_runs_sort_by_age_where_the_clock_is_put_back(tmp_path, monkeypatch) -> None:
    (tmp_path / "runs").mkdir()
    names = []
    for moment in ("2026-10-25T02:40+02:00", "2026-10-25T02:10+01:00"):  # the same night
        _clock(monkeypatch, moment)
        names.append(module._run_folder(tmp_path).name)
    assert names == ["20261025-004000", "20261025-011000"]


def test_two_runs_that_begin_in_one_second_have_folders_of_their_own(tmp_path, monkeypatch) -> None:
    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(Path, "exists", lambda _: False)  # the other one comes just after the look
    _clock(monkeypatch, "2026-11-21T09:05+00:00")
    names = [module._run_folder(tmp_path).name for _ in range(3)]
    assert names == ["20261121-090500", "20261121-090500-2", "20261121-090500-3"]
