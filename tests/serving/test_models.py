"""Several models, their labels and their configuration, with stand-ins for what is loaded."""

import re
import threading
import time
from dataclasses import replace

import pytest
from refusals import refuses

from serving import models as models_module
from serving.metrics import Metrics
from serving.model_config import ModelConfig, read_model_config
from serving.models import Models
from serving.versions import NotServedError, VersionState
from serving.worker import LoadStoppedError

CONFIG = """model_config_list {{
  config {{ name: "shop" base_path: "shop" model_platform: "tensorflow"
           model_version_policy {{ latest {{ num_versions: 2 }} }}
           version_labels {{ key: "stable" value: {stable} }} }}
  config {{ name: "films" base_path: "films"
           model_version_policy {{ specific {{ versions: 1 }} }} }}
}}"""


class Version:
    waiting = 0

    def __init__(self, path, *_):
        self.version, self.signatures, self.alive = int(path.name), {"recommend": None}, True

    def close(self):
        self.alive = False


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(models_module, "ServedVersion", Version)
    for name, version in (("shop", 1), ("shop", 2), ("films", 1), ("films", 2)):
        folder = tmp_path / name / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").touch()
    file = tmp_path / "models.config"
    file.write_text(CONFIG.format(stable=2))
    return file


@pytest.fixture
def models(config):
    made = Models(read_model_config(config), 3600, Metrics(), config_file=config)
    yield made
    made.stop()


def test_each_model_has_its_versions_and_labels(models):
    assert models.ready
    assert list(models.versions("shop").states) == [2, 1]
    assert models.versions("films").current.version == 1
    assert models.versions("shop").labels == {"stable": 2}
    with refuses("model-not-served", "'mosaic'", "'films', 'shop'"):
        models.versions("mosaic")


def test_the_file_is_followed_and_a_bad_one_changes_nothing(models, config):
    config.write_text(CONFIG.format(stable=1))
    models._follow_file()
    assert models.versions("shop").labels == {"stable": 1}
    config.write_text("no config")
    models._follow_file()
    config.write_text(CONFIG.format(stable=7))
    models._follow_file()
    assert models.versions("shop").labels == {"stable": 1} and models.ready


def test_a_label_of_a_version_that_is_yet_to_be_loaded_is_set_as_soon_as_it_is(
        models, config, caplog):
    config.write_text(CONFIG.format(stable=3))
    for _ in range(3):
        models._follow_file()
    assert models.versions("shop").labels == {"stable": 2}
    assert len(caplog.records) == 1, "it is told once"
    _come(config.parent / "shop")
    for _ in range(2):  # a version that has just come is not settled
        models.versions("shop").refresh()
    models._follow_file()
    assert models.versions("shop").labels == {"stable": 3}


def test_a_fault_of_one_model_keeps_no_other_from_its_configuration(models, config):
    shop, films = read_model_config(config)
    shop, films = replace(shop, labels={"stable": 7}), replace(films, labels={"stable": 1})
    with pytest.raises(NotServedError, match="stable .version 7"):
        models.reload([shop, films])
    assert models.versions("shop").labels == {"stable": 2}
    assert models.versions("films").labels == {"stable": 1}
    elsewhere = replace(films, name="elsewhere", specific=(8,))
    with refuses("several-models-refused", "the versions 8 are not there", "version 7"):
        models.reload([elsewhere, shop, replace(films, specific=(2,), labels={})])
    models.versions("films").refresh()  # a version that was not looked at is not settled
    assert models.versions("films").current.version == 2


@pytest.mark.parametrize("by", ["reload", "file"])
def test_the_way_back_by_a_label_waits_for_nothing_that_loads(config, monkeypatch, by):
    loads, went_on = threading.Event(), threading.Event()

    class Slow(Version):
        def __init__(self, path, *given):
            super().__init__(path)
            if self.version == 3:
                loads.set()
                assert went_on.wait(20)

    monkeypatch.setattr(models_module, "ServedVersion", Slow)
    models = Models(read_model_config(config), 0.01, Metrics(), config_file=config)
    models.start()
    try:
        _come(config.parent / "shop")
        assert loads.wait(20)
        text = CONFIG.format(stable=1)
        # Another policy, of which a refresh is due, is no reason to wait either.
        config.write_text(text.replace("num_versions: 2", "num_versions: 3"))
        if by == "reload":
            models.reload([*read_model_config(config)], wait=False)
            config.write_text(text)
            models.reload([replace(one, newest=3) if one.newest == 2 else one
                           for one in read_model_config(config)])
        assert _until(lambda: models.versions("shop").labels == {"stable": 1})
        assert _state(models, "shop").state == "LOADING"
    finally:
        went_on.set()
        models.stop()


def test_a_specific_version_that_is_not_there_is_told(config):
    (shop,) = read_model_config(config)[:1]
    with refuses("model-not-loadable", "the versions 8, 9 are not there"):
        Models([replace(shop, specific=(8, 9))], 3600, Metrics())


def test_failed_loads_are_counted_from_0_on_for_the_first_is_no_increase_else(models, config):
    shop, films = read_model_config(config)
    for configs in ([shop, films], [shop], [shop, films]):
        models.reload(configs)
        page = models._metrics.page().decode()
        assert re.findall('loads_total{model="(.*)",outcome="failed"} (.*)', page) == [
            (one.name, "0.0") for one in configs]


def test_a_reload_may_drop_a_model_and_bring_it_back(models, config):
    shop, films = read_model_config(config)
    assert b'"films"' in models._metrics.page()
    models.reload([shop])
    assert b'"films"' not in models._metrics.page()
    with pytest.raises(NotServedError):
        models.versions("films")
    models.reload([shop, films])
    assert models.versions("films").current.alive


def test_a_model_that_takes_another_folder_leaves_no_process_behind(models, config):
    shop, films = read_model_config(config)
    before = models.versions("films").current
    models.reload([shop, replace(films, base_path=films.base_path / ".." / "films")])
    assert models.versions("films").current is before, "another spelling is no other folder"
    models.reload([shop, replace(films, base_path=shop.base_path)])
    assert models.versions("films").current is not before and not before.alive
    config.write_text(CONFIG.format(stable=1).replace('"films"', '"elsewhere"'))
    with refuses("unknown-base-path", "elsewhere"):
        models.reload(read_model_config(config))


def test_versions_come_after_a_look_that_failed(config, monkeypatch):
    models = Models(read_model_config(config), 0.01, Metrics(), config_file=config)
    looked = []

    def refresh():
        looked.append(True)
        raise ValueError("what nobody thought of")

    monkeypatch.setattr(models, "refresh", refresh)
    models.start()
    deadline = time.monotonic() + 20
    while len(looked) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    models.stop()
    assert len(looked) > 1


def _until(true):
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def _come(folder):
    (folder / "3").mkdir()
    (folder / "3" / "saved_model.pb").touch()


def _state(models, name):
    return models.versions(name).states.get(3)


def _is_served(models, name):
    return (_state(models, name) or ABSENT).state == "AVAILABLE"


ABSENT = VersionState("END")


def test_a_model_that_fails_or_waits_keeps_no_other_from_its_versions(config, monkeypatch):
    went_on = threading.Event()

    class Moody(Version):
        """Version 3 fails in one model, as no check foresees, and waits in another."""

        def __init__(self, path, *given):
            super().__init__(path)
            if (path.parent.name, self.version) == ("fails", 3):
                raise EOFError("unexpected EOF")
            if (path.parent.name, self.version) == ("waits", 3):
                went_on.wait(20)

    monkeypatch.setattr(models_module, "ServedVersion", Moody)
    folders = [config.parent / name for name in ("fails", "waits", "shop")]
    for folder in folders[:2]:
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "saved_model.pb").touch()
    models = Models([ModelConfig(one.name, one) for one in folders], 0.01, Metrics())
    models.start()
    try:
        for folder in folders:
            _come(folder)
        assert _until(lambda: _is_served(models, "shop"))
        assert _until(lambda: "unexpected EOF" in (_state(models, "fails") or ABSENT).error)
        assert _state(models, "waits").state == "LOADING"
        assert [models.versions(name).current.version for name in ("fails", "waits")] == [1, 1]
        # What is no fault of the files is tried again.
        monkeypatch.setattr(models_module, "ServedVersion", Version)
        assert _until(lambda: _is_served(models, "fails"))
    finally:
        went_on.set()
        models.stop()


def test_the_end_waits_for_no_load(config, monkeypatch):
    class Endless(Version):
        def __init__(self, path, joined, on_batch, beside, wanted):
            super().__init__(path)
            while self.version == 3 and wanted():
                time.sleep(0.005)
            if self.version == 3:
                raise LoadStoppedError("load-stopped", "The server ends.")

    monkeypatch.setattr(models_module, "ServedVersion", Endless)
    models = Models(read_model_config(config), 0.01, Metrics())
    models.start()
    _come(config.parent / "shop")
    assert _until(lambda: (_state(models, "shop") or ABSENT).state == "LOADING")
    current = models.versions("shop").current
    models.stop()
    assert not current.alive and models.versions("shop").current is None


@pytest.mark.parametrize(("text", "code"), [
    ("", "bad-model-list"),
    ("model_config_list {" + 33 * 'config { name: "a" base_path: "b" }' + "}", "too-many-models"),
    ("no config", "bad-models-config"),
    ('model_config_list { config { name: "a" base_path: "b" model_platform: "caffe" } }',
     "bad-model-entry"),
    ('model_config_list { config { base_path: "b" } }', "bad-model-list"),
    ('model_config_list { config { name: "a" base_path: "b\\000" } }', "bad-model-entry"),
    ('model_config_list { config { name: "a" base_path: "b" '
     'model_version_policy { specific { } } } }', "no-specific-version"),
])
def test_a_configuration_of_no_use_is_refused(tmp_path, text, code):
    (tmp_path / "models.config").write_text(text)
    with refuses(code):
        read_model_config(tmp_path / "models.config")
