"""The table of faults: what it seeds, and one fault from files to the verdict."""

import pytest

from benchmarks.faults.shop import Shop
from benchmarks.faults.table import FAULTS, Bench
from components.data_checks import CHECKS
from components.sources import open_source
from components.sources.demo import DemoSizes, write_demo
from schemas import SIDES, read_spec


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "shop"
    write_demo(folder, DemoSizes(40, 60, 1_200))
    return Shop.read(open_source("demo", str(folder)), read_spec("demo"))


def test_there_are_many_kinds_and_each_names_checks_that_there_are():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 45
    for fault in FAULTS:
        assert fault.checks <= {*CHECKS, "error"} and fault.severity in ("WARN", "FAIL")


def test_each_fault_changes_the_shop(shop, tmp_path):
    plain = shop.without_media()
    for place, fault in enumerate(FAULTS):
        if fault.media:
            continue
        spoiled = plain.copy(tmp_path / str(place))
        try:
            fault.seed(spoiled)
        except LookupError:  # so small a shop has no day of many users
            assert "busiest day" in fault.name
            continue
        files = list(spoiled.folder.glob("*.csv"))
        same = [spoiled.tables[side].equals(plain.tables[side]) for side in SIDES]
        assert files or not all(same), fault.name


def test_a_fault_is_found_and_a_clean_shop_is_not_suspected(shop, tmp_path):
    bench = Bench(shop, tmp_path)
    wanted = [fault for fault in FAULTS if "a currency before" in fault.name]
    assert [row.findings["lost_values"] for row in bench.faults(wanted)] == ["FAIL"]
    (resample, *_) = bench.clean(1)
    assert resample.findings == {}
