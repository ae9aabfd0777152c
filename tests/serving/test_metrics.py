import re
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from refusals import refuses

from schemas.errors import InputError
from serving import wire
from serving.metrics import Metrics
from serving.services import PredictionService
from serving.versions import NotServedError


class Models:
    """One model of one version, which calls `during` while it responds."""

    def __init__(self):
        self.during = lambda: None

    def versions(self, name):
        if name != "tessera":
            raise NotServedError("model-not-served", "There is no such model.")
        return self

    @contextmanager
    def borrowed(self, spec):
        if spec.version_label:
            raise NotServedError("version-not-served", "There is no such label.")
        yield SimpleNamespace(version=3, signatures={"recommend"}, predict=self.predict,
                              logged_histories=frozenset())

    def predict(self, name, *given):
        if name != "recommend":
            raise InputError("unknown-signature", "There is no such signature.")
        self.during()
        return wire.message("PredictResponse")()


@pytest.fixture
def models():
    return Models()


def asked(name="tessera", **spec):
    request = wire.message("PredictRequest")()
    request.model_spec.name = name
    for field, value in spec.items():
        setattr(request.model_spec, field, value)
    return request


def counted(metrics):
    return {tuple(re.findall('"(.*?)"', labels)): float(count) for labels, count in re.findall(
        r"^tessera_requests_total\{(.*)\} (.*)$", metrics.page().decode(), re.MULTILINE)}


def test_names_that_clients_make_up_are_counted_as_none(models):
    metrics = Metrics()
    service = PredictionService(models, metrics, most=4)
    for place in range(3):
        for spec in ({"name": f"model {place}"}, {"signature_name": f"signature {place}"},
                     {"version_label": f"label {place}"}):
            with pytest.raises(InputError):
                service.respond(asked(**spec))
        service.respond(asked(signature_name="recommend"))
    assert counted(metrics) == {
        ("NOT_FOUND", "", "", "0"): 3, ("NOT_FOUND", "tessera", "", "0"): 3,
        ("INVALID_ARGUMENT", "tessera", "", "3"): 3, ("OK", "tessera", "recommend", "3"): 3}


def test_requests_beyond_the_most_are_counted_too(models):
    metrics = Metrics()
    service = PredictionService(models, metrics, most=1)

    def another():
        models.during = lambda: None
        with refuses("server-busy", "1 requests under way"):
            service.respond(asked(signature_name="recommend"))

    models.during = another
    service.respond(asked(signature_name="recommend"))
    assert counted(metrics) == {("UNAVAILABLE", "tessera", "", "0"): 1,
                                ("OK", "tessera", "recommend", "3"): 1}


def test_the_end_waits_for_what_runs_and_takes_nothing_more(models):
    service, running, end = PredictionService(models, Metrics(), most=3), threading.Event(), \
        threading.Event()
    models.during = lambda: running.set() or end.wait(20)
    request = threading.Thread(target=service.respond, args=(asked(signature_name="recommend"),))
    request.start()
    assert running.wait(20)
    drained = threading.Thread(target=service.drain, args=(20,))
    drained.start()
    drained.join(0.05)
    assert drained.is_alive()
    end.set()
    drained.join(20)
    assert not drained.is_alive()
    with refuses("server-busy"):
        service.respond(asked(signature_name="recommend"))
    service.drain(0)  # which does not wait for ever
    request.join()


def test_what_is_served_no_longer_is_taken_from_the_page():
    metrics = Metrics()
    for model, version in (("shop", 1), ("shop", 2), ("films", 1)):
        metrics.request(model, version, "recommend", "OK", 0.1)
        metrics.load(model, loaded=True)
    metrics.unload("shop", 1)
    metrics.drop("films")
    page = metrics.page().decode()
    assert 'version="1"' not in page and "films" not in page
    assert 'model="shop",signature="recommend",version="2"' in page
    assert 'tessera_loads_total{model="shop",outcome="loaded"} 2.0' in page
