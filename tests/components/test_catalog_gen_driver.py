import json
from pathlib import Path

import pytest
from worlds import column, small_spec

from components.catalog_gen.component import CatalogGen, fingerprint
from components.privacy.options import Privacy
from components.sources import DemoSource, open_source
from components.sources.demo import DemoSizes, write_demo
from schemas import read_spec


@pytest.fixture
def shop(tmp_path):
    write_demo(tmp_path / "shop", DemoSizes(users=3, items=10, events=12))
    return tmp_path / "shop"


def digest(shop: Path) -> str:
    return fingerprint(DemoSource(str(shop)))


@pytest.mark.parametrize("name", ["items.csv", "media"])
def test_one_changed_byte_changes_the_fingerprint(shop, name):
    before = digest(shop)
    path = next((shop / "media/photos").glob("*.png")) if name == "media" else shop / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    assert digest(shop) != before
    content[-2] ^= 1
    path.write_bytes(content)
    assert digest(shop) == before


def test_an_added_and_a_renamed_file_change_it_but_not_the_place(shop):
    before = digest(shop)
    moved = shop.rename(shop.parent / "elsewhere")
    assert digest(moved) == before
    path = next((moved / "media/photos").glob("*.png"))
    path.rename(path.with_name("other.png"))
    renamed = digest(moved)
    (moved / "media/photos/empty.png").touch()
    assert len({before, renamed, digest(moved)}) == 3


def test_how_figures_are_told_is_nothing_that_ingest_depends_on(shop):
    def key(**asked):
        made = CatalogGen({"name": "demo", "data_dir": str(shop)}, read_spec("demo"), "u80",
                          Privacy(**asked))
        return dict(made.exec_properties)

    assert key(fewest_users=9) == key() != key(scrub=True)


def test_a_renamed_folder_and_a_link_that_leads_elsewhere_change_it(tmp_path):
    """A row names its picture by a path: with the folder gone, the picture is."""
    for folder in ("covers", "other"):
        (tmp_path / "media" / folder).mkdir(parents=True)
        (tmp_path / "media" / folder / "a.png").write_bytes(folder.encode())
    (tmp_path / "media/now").symlink_to("covers")
    (tmp_path / "events.csv").write_text("who,what\nann,a\n")
    (tmp_path / "items.csv").write_text("what,cover\na,now/a.png\n")

    def taken() -> str:
        return fingerprint(open_source("csv", str(tmp_path), {
            "spec": json.loads(small_spec(items=column("cover", "BYTES", "image")).to_json()),
            "options": {"interactions": {"files": "events.csv"}, "items": {"files": "items.csv"},
                        "media_dir": "media"}}))

    seen = [taken()]
    (tmp_path / "media/now").unlink()
    (tmp_path / "media/now").symlink_to("other")
    seen.append(taken())
    (tmp_path / "media/covers").rename(tmp_path / "media/scans")
    seen.append(taken())
    assert len(set(seen)) == 3 and taken() == seen[-1]
    # A run that begins in the data's folder has its results there, which are no media of the next.
    results = tmp_path / "media/tessera-runs"
    for file in ("metadata.sqlite", "runs/index.html", "artifacts/demo/CatalogGen/items/1/part"):
        (results / file).parent.mkdir(parents=True, exist_ok=True)
        (results / file).touch()
    assert taken() == seen[-1]
