import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from ingested import run_ingest
from refusals import refuses
from rich.console import Console
from worlds import json_lines, png

from components.sources import open_source
from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from pipeline.inference.check import look
from pipeline.inference.infer import infer
from pipeline.inference.sample import sample_tables
from pipeline.inference.tables import named_tables
from schemas import SIDES, read_spec

DOCS = Path(__file__).parents[3] / "docs" / "your-data"
DAY = 86_400
START = 1_700_000_000


def write_csv(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def inferred(folder, out=None, config=None, dataset=None, code=0, **given):
    """Infers into `out`; returns the spec, or the texts where a role is missing."""
    out = out or folder / "schemas"
    tables = named_tables(config, folder, dataset, **{
        key: [value] if key in SIDES else value for key, value in given.items()})
    console = Console(file=io.StringIO(), width=200)
    assert infer(tables, out, config is not None, False, console) == code
    if code:
        return console.file.getvalue(), {p.stem: p.read_text("utf-8") for p in out.iterdir()}
    return read_spec(out)


def meanings(spec, side):
    """Returns what each column of a table is: role, modality, pii or a label."""
    labels = {label.feature: label.name for label in reversed(spec.labels)}
    return {f.name: f.role or ("pii" if f.pii else None)
            or (labels.get(f.name) if side == "interactions" else None) or f.modality
            for f in spec.table(side) if not f.derived}


def ingested(config_file, folder):
    """Ingests the files of a configuration; returns the counts."""
    config = load_config(config_file, root=folder)
    spec = read_spec(config.schemas)
    source = open_source(**config.source_arguments(spec))
    return run_ingest(source, spec, folder, config.split).counts


def test_the_example_of_the_documentation_gets_its_roles(tmp_path):
    spec = inferred(DOCS, tmp_path / "schemas", interactions="events-*.csv", items="books.csv")
    assert meanings(spec, "users")["user"] == "user_id"
    assert {"isbn": "item_id", "title": "text", "genres": "categorical"}.items() <= (
        meanings(spec, "items").items())
    assert meanings(spec, "interactions") == {
        "user": "user_id", "book": "item_id", "at": "timestamp", "kind": "event_type",
        "library": "categorical", "stars": "rating"}
    own = read_spec(DOCS / "schemas")
    assert [(label.name, label.threshold, label.maximum) for label in spec.labels] == [
        (label.name, label.threshold, label.maximum) for label in own.labels]
    assert set(spec.histories()) == {"item_id", "timestamp", "stars", "event_type"}
    counts = ingested(tmp_path / "my.yaml", tmp_path)
    assert counts["interactions"]["read"] == 1193 and counts["interactions"]["quarantined"] < 12


def test_a_configuration_keeps_the_names_given_there(tmp_path):
    given = yaml.safe_load((DOCS / "my.yaml").read_text())
    given["source"]["interactions"]["columns"] = {
        "user_id": "user", "item_id": "book", "timestamp": "at"}
    given["source"]["items"]["columns"] = {"item_id": "isbn"}
    for name in ("events-2024.csv", "events-2025.csv", "books.csv", "tiny.yaml"):
        (tmp_path / name).write_bytes((DOCS / name).read_bytes())
    (tmp_path / "covers").mkdir()
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(given))
    spec = inferred(tmp_path, tmp_path / "schemas", config=tmp_path / "my.yaml")
    result = meanings(spec, "interactions")
    assert [result[role] for role in ("user_id", "item_id", "timestamp")] == [
        "user_id", "item_id", "timestamp"]
    assert yaml.safe_load((tmp_path / "my.yaml").read_text()) == given


def test_a_column_that_a_template_makes_is_drafted_like_any_other(tmp_path):
    write_csv(tmp_path / "events.csv", ["branch", "user", "item", "at"], [
        ["n" if i % 2 else "s", i % 5, i % 7, START + i * DAY] for i in range(70)])
    config = tmp_path / "my.yaml"
    config.write_text("dataset: csv\nsource: {interactions: {files: events.csv, "
                      "columns: {user_id: '{branch}-{user}', item_id: item}}}\n")
    tables = named_tables(config, None, None)
    cells = sample_tables(tables)["interactions"].cells
    assert cells["user_id"][:3] == ["s-0", "n-1", "s-2"]
    spec = inferred(tmp_path, config=config)
    assert spec.role("user_id").name == "user_id" and spec.role("user_id").dtype is not int
    assert "branch" not in meanings(spec, "interactions")


def test_the_demo_shop_as_files_gets_the_roles_of_its_own_schemas(tmp_path):
    shop = tmp_path / "shop"
    write_demo(shop, DemoSizes(users=30, items=60, events=600))
    spec = inferred(shop, tmp_path / "schemas", **{side: f"{side}.csv" for side in SIDES})
    own = read_spec("demo")
    for side in ("users", "items"):
        assert meanings(spec, side) == meanings(own, side)
    assert meanings(spec, "interactions") == {
        **meanings(own, "interactions"), "purchased": "purchased"}
    # Which text is a review, and worth a history, is for a person to say.
    assert set(spec.histories()) == set(own.histories()) - {"review"}
    files = {side: {"files": f"{side}.csv"} for side in SIDES}
    result, expected = (
        look(open_source("csv", str(shop), {"spec": json.loads(schema.to_json()),
                                            "options": files}), schema)
        for schema in (spec, own))
    assert result == expected and result["interactions"].rows > 100


def test_movielens_like_files_go_from_inference_to_ingest(tmp_path):
    write_csv(tmp_path / "ratings.csv", ["userId", "movieId", "rating", "timestamp"], [
        [1 + n % 9, 1 + (7 * n + n // 9) % 30, (1 + n % 10) / 2, START + 300 * n]
        for n in range(400)])
    write_csv(tmp_path / "movies.csv", ["movieId", "title", "genres"], [
        [n, f"The long story of {n} (19{60 + n})", ["Drama", "Comedy|War", "War|Drama"][n % 3]]
        for n in range(1, 31)])
    spec = inferred(tmp_path, interactions="ratings.csv", items="movies.csv")
    assert meanings(spec, "interactions") == {
        "userId": "user_id", "movieId": "item_id", "rating": "rating", "timestamp": "timestamp"}
    assert meanings(spec, "items") == {
        "movieId": "item_id", "title": "text", "genres": "categorical"}
    rating = next(f for f in spec.table("interactions") if f.name == "rating")
    assert (rating.minimum, rating.maximum, spec.label("like").threshold) == (0.5, 5.0, 4.0)
    assert spec.role("item_id").dtype is spec.role("user_id").dtype is int
    assert next(f for f in spec.table("items") if f.name == "genres").max_values == 5
    counts = ingested(tmp_path / "my.yaml", tmp_path / "root")
    assert [counts[side]["quarantined"] for side in SIDES] == [0, 0, 0]
    assert counts["interactions"]["kept"] == 400
    assert sum(counts["splits"].values()) == 400


def test_chinese_shop_in_json_lines(tmp_path):
    events = [{"用户": f"用户{n % 7}", "商品": f"商品{n % 5}", "时间": (START + n * DAY) * 1000,
               "行为": ["浏览", "购买"][n % 2]} for n in range(70)]
    goods = [{"编号": f"商品{n}", "书名": f"三国演义第{n}回", "标签": ["小说", "历史"][: n % 2 + 1]}
             for n in range(5)]
    json_lines(tmp_path / "events.jsonl", events)
    json_lines(tmp_path / "goods.jsonl", goods)
    spec = inferred(tmp_path, dataset="jsonl", interactions="events.jsonl", items="goods.jsonl")
    assert meanings(spec, "interactions") == {
        "user_id": "user_id", "item_id": "item_id", "timestamp": "timestamp",
        "column_4": "event_type"}
    assert list(meanings(spec, "items").values()) == ["item_id", "text", "categorical"]
    assert spec.event_weights() == {"浏览": 1.0, "购买": 1.0}
    assert spec.unseen() is not None
    assert_clean(tmp_path / "my.yaml")


def assert_clean(config_file):
    """Ingest's hard rules leave out no row and no value."""
    config = load_config(config_file)
    spec = read_spec(config.schemas)
    result = look(open_source(**config.source_arguments(spec)), spec)
    assert result["interactions"].rows >= 40 and result["items"].rows == 5
    assert all((table.faulty, table.values) == (0, 0) for table in result.values())


def test_pictures_as_paths_under_the_media_folder(tmp_path):
    write_csv(tmp_path / "buys.csv", ["customer", "sku", "date"], [
        [f"c{n % 6}", f"s{n % 4}", f"2024-05-{1 + n % 28:02}"] for n in range(60)])
    write_csv(tmp_path / "goods.csv", ["sku", "look", "page"], [
        [f"s{n}", f"{n}.png", f"https://x.org/{n}.png"] for n in range(4)])
    (tmp_path / "media").mkdir()
    for n in range(4):
        (tmp_path / "media" / f"{n}.png").write_bytes(png((200, 10, 10), 4, 4))
    given = {"interactions": "buys.csv", "items": "goods.csv"}
    spec = inferred(tmp_path, media_dir="media", **given)
    assert meanings(spec, "items") == {"sku": "item_id", "look": "image", "page": None}
    assert yaml.safe_load((tmp_path / "my.yaml").read_text())["source"]["media_dir"] == "media"
    spec = inferred(tmp_path, tmp_path / "elsewhere", **given)
    assert meanings(spec, "items")["look"] is None
    message = (tmp_path / "elsewhere" / "items.pbtxt").read_text()
    assert "image file 0.png is missing" in " ".join(message.replace("#", "").split())


@pytest.mark.parametrize("table", [True, False])
def test_ids_that_are_names_of_pictures(tmp_path, table):
    write_csv(tmp_path / "e.csv", ["user", "item"], [
        ["u1", "a.jpg"], ["u1", "b.jpg"], ["u2", "a.jpg"], ["u2", "c.jpg"]])
    write_csv(tmp_path / "i.csv", ["item", "colour"], [
        ["a.jpg", "red"], ["b.jpg", "blue"], ["c.jpg", "red"]])
    given = {"items": "i.csv"} if table else {}
    spec = inferred(tmp_path, interactions="e.csv", **given)
    assert meanings(spec, "interactions") == {"user": "user_id", "item": "item_id"}
    assert spec.id_key("items").modality is None
    message = (tmp_path / "schemas" / "interactions.pbtxt").read_text()
    assert 'what it is made of: "{item}"' in " ".join(message.replace("#", "").split())
    counts = ingested(tmp_path / "my.yaml", tmp_path / "root")
    assert (counts["interactions"]["kept"], counts["items"]["kept"]) == (4, 3)


def test_what_is_drafted_as_a_picture_can_be_ingested(tmp_path):
    """A link within the folder is followed, one that leads out of it is not: by both alike."""
    write_csv(tmp_path / "e.csv", ["user", "item"], [[f"u{n % 6}", f"i{n % 4}"] for n in range(60)])
    write_csv(tmp_path / "i.csv", ["item", "look"], [[f"i{n}", f"{n}.png"] for n in range(4)])
    (tmp_path / "media" / "deep").mkdir(parents=True)
    for folder in ("media/deep", "elsewhere"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for n in range(4):
            (tmp_path / folder / f"{n}.png").write_bytes(png((200, 10, 10), 4, 4))
    for target, expected in (("media/deep", "image"), ("elsewhere", None)):
        for n in range(4):
            (tmp_path / "media" / f"{n}.png").unlink(missing_ok=True)
            (tmp_path / "media" / f"{n}.png").symlink_to(tmp_path / target / f"{n}.png")
        out = tmp_path / target / "schemas"
        spec = inferred(tmp_path, out, interactions="e.csv", items="i.csv", media_dir="media")
        assert meanings(spec, "items")["look"] == expected
        config = load_config(out.parent / "my.yaml")
        result = look(open_source(**config.source_arguments(spec)), spec)
        assert (result["items"].values, result["items"].faulty) == (0, 0)
    assert "leaves the media folder" in (out / "items.pbtxt").read_text()


def test_a_role_given_by_hand_brings_histories_and_counts(tmp_path):
    write_csv(tmp_path / "e.csv", ["user", "x", "time"], [
        [f"u{n % 9}", f"thing {n % 7}", START + n * DAY] for n in range(100)])
    out = tmp_path / "schemas"
    message, texts = inferred(tmp_path, code=2, interactions="e.csv")
    assert "role item_id" in message and "with --force" in message
    assert "history:" not in texts["interactions"]
    assert "drafted when the ids are known" in texts["interactions"]
    path = out / "interactions.pbtxt"
    before, after = texts["interactions"].split('name: "x"')
    path.write_text(f'{before}name: "x"' + after.replace('tag: "', 'tag: "item_id" tag: "', 1))
    tables = named_tables(None, tmp_path, None, interactions=["e.csv"])
    assert infer(tables, out, False, True, Console(file=io.StringIO())) == 0
    spec = read_spec(out)
    assert spec.role("item_id").name == "x"
    assert set(spec.histories()) == {"item_id", "timestamp"}
    assert spec.event_count("items") and spec.event_count("users")


def test_json_keys_that_come_late_or_are_missing_from_a_file(tmp_path):
    rows = [{"user": f"u{n % 9}", "item": f"i{n % 7}", "time": START + n,
             **({"何": "ab"[n % 2]} if n > 1500 else {})} for n in range(2000)]
    json_lines(tmp_path / "a.jsonl", rows)
    json_lines(tmp_path / "b.jsonl", [{"user": "u1", "item": "i1", "time": START - 1}])
    spec = inferred(tmp_path, dataset="jsonl", interactions="*.jsonl")
    assert "column_4" in meanings(spec, "interactions")
    counts = ingested(tmp_path / "my.yaml", tmp_path / "root")
    assert (counts["interactions"]["read"], counts["interactions"]["quarantined"]) == (2001, 0)


def test_parquet_with_bytes_lists_and_moments(tmp_path):
    count = 40
    pq.write_table(pa.table({
        "user_id": pa.array([float(n % 8) for n in range(count)]),
        "item_id": pa.array([n % 5 for n in range(count)]),
        "seen": pa.array([(START + n) * 1_000_000 for n in range(count)], pa.timestamp("us")),
        "bought": pa.array([n % 3 == 0 for n in range(count)]),
    }), tmp_path / "events.parquet")
    pq.write_table(pa.table({
        "item_id": pa.array(range(5)), "photo": pa.array([png((9, 9, 9), 4, 4)] * 5, pa.binary()),
        "tags": pa.array([["a", "b"], ["a"], None, [], ["b"]])}), tmp_path / "items.parquet")
    spec = inferred(tmp_path, dataset="parquet", interactions="events.parquet",
                    items="items.parquet")
    assert meanings(spec, "interactions") == {
        "user_id": "user_id", "item_id": "item_id", "seen": "timestamp", "bought": "bought"}
    assert meanings(spec, "items") == {
        "item_id": "item_id", "photo": "image", "tags": "categorical"}
    assert spec.role("user_id").dtype is int and spec.label("bought").binary
    assert_clean(tmp_path / "my.yaml")


def test_an_export_with_backslashes_markers_and_zones(tmp_path):
    books = "".join(f'"{n:09d}X";"The \\"Big\\" book {n}";"{n % 3}"\n' for n in range(5))
    (tmp_path / "books.csv").write_text('"ISBN";"Book-Title";"Shelf"\n' + books)
    events = "".join(f'"{n % 4}.0";"{n % 5:09d}X";"{"NULL" if n % 7 == 3 else 1 + n % 5}";'
                     f'"2019-10-01 00:00:{n:02d} UTC"\n' for n in range(40))
    (tmp_path / "e.csv").write_text('"User-ID";"ISBN";"Book-Rating";"at"\n' + events)
    spec = inferred(tmp_path, interactions="e.csv", items="books.csv", delimiter=";",
                    quoting="backslash")
    assert meanings(spec, "interactions") == {
        "User_ID": "user_id", "ISBN": "item_id", "Book_Rating": "rating", "at": "timestamp"}
    label = spec.label("rating")
    assert (label.minimum, label.maximum) == (1, 5)
    assert_clean(tmp_path / "my.yaml")


def test_a_table_without_ids_is_told_and_written(tmp_path):
    write_csv(tmp_path / "e.csv", ["a", "b"], [["x", 1.5], ["y", 2.5]])
    out, texts = inferred(tmp_path, code=2, interactions="e.csv")
    assert "the role user_id" in out and "the role item_id" in out and "It has: a, b." in out
    assert set(texts) == {"interactions"} and "DECIDE: Table interactions" in texts["interactions"]
    with refuses("no-feature-of-role", "'user_id'"):
        read_spec(tmp_path / "schemas")


def test_only_the_first_rows_are_read_and_of_every_file(tmp_path):
    for part in "abc":
        write_csv(tmp_path / f"{part}.csv", ["user", "item"], [[part, n] for n in range(50)])
    tables = named_tables(None, tmp_path, None, interactions=["*.csv"])
    sample = sample_tables(tables, rows=30)["interactions"]
    assert sample.rows == 30 and not sample.complete
    assert {value: sample.cells["user"].count(value) for value in "abc"} == dict.fromkeys(
        "abc", 10)
    assert sample_tables(tables, rows=150)["interactions"].complete


@pytest.mark.parametrize("names", [
    ("",), ("price {usd}",), ("x", "x"), ("", "", "}", "a\x7f\u200b")])
def test_what_no_configuration_can_name_is_left_out_and_the_rest_runs(tmp_path, names):
    write_csv(tmp_path / "events.csv", ["user_id", "item_id", "at", *names], [
        [f"u{i % 5}", f"i{i % 7}", START + i * DAY, *[i % 9] * len(names)] for i in range(70)])
    spec = inferred(tmp_path, interactions="events.csv")
    assert {f.name for f in spec.table("interactions") if not f.derived} == {
        "user_id", "item_id", "at", *(["a"] if len(names) == 4 else [])}
    heading = (tmp_path / "schemas" / "interactions.pbtxt").read_text("utf-8")
    assert f"Left out: {names[0]!r}" in heading
    assert ingested(tmp_path / "my.yaml", tmp_path)["interactions"] == {
        "read": 70, "kept": 70, "quarantined": 0}
