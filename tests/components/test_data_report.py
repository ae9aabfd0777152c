import base64
import io
import json
import re
import shutil
from html import unescape

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from PIL import Image
from tensorflow_metadata.proto.v0 import statistics_pb2
from worlds import column, png, small_spec
from worlds.examples import write_examples

from components.data_checks import Example, Finding, Severity
from components.data_report.component import write_report
from components.data_report.content import cold
from components.data_report.media import sample_pictures
from components.data_validator import verdict as verdicts
from components.privacy.hiding import hidden
from components.quarantine import grouped_reasons
from schemas import SIDES, read_spec
from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav
from schemas.values.text import shown

_SCRIPT = "<script>alert('x')</script>"
_SPLITS = {"users": ["all"], "items": ["all"], "interactions": ["train", "validation", "test"]}


def _strip():
    """A video whose middle frame is green, in the dark."""
    pixels = np.zeros((VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3), np.uint8)
    pixels[VIDEO_FRAMES // 2, ..., 1] = 200
    return video_strip(pixels.reshape(-1, VIDEO_SIDE, 3)[::-1].tobytes())


def _rows():
    users = [
        {"customer": f"u{n}", "age": 20 + n, "region": _SCRIPT if n % 2 else "north",
         "email": f"secret{n}@example.org", "customer_events": n}
        for n in range(10)
    ]
    items = [
        {"product": f"p{n}", "name": f"Lamp {n}", "price": float(n) + 0.5,
         "categories": ["light", "home"][: 1 + n % 2],
         **({"photo": png((10 * n, 90, 160), 200, 300)} if n < 15 else {}),
         **({"sound": wav(bytes(32_000 * (n + 1)))} if n < 3 else {}),
         **({"clip": _strip()} if n < 2 else {})}
        for n in range(20)
    ]
    event = {"customer": "u1", "product": "p1", "time": 900_000_000, "stars": 4.0,
             "history_products": ["p2", "p3"], "history_times": [899_999_000, 899_998_000]}
    events = {"train": [event] * 8, "validation": [event], "test": [event]}
    return {"users": {"all": users}, "items": {"all": items}, "interactions": events}


def _write_inputs(root, spec):
    folders = {name: str(root / name) for name in ("quarantine", "verdict")}
    verdicts.DataVerdict((), None, {"lost_values": {"warn": 0.001, "fail": None}}, [
        {"table": "items", "column": "price", "figure": "mean", "form": "number", "past": 9.5,
         "today": 10.0}], "one").save(folders["verdict"])
    rows = _rows()
    for side in SIDES:
        for kind in ("", "_statistics"):
            folders[side + kind] = str(root / (side + kind))
        for split in _SPLITS[side]:
            at = {kind: root / (side + kind) / f"Split-{split}"
                  for kind in ("", "_statistics")}
            for folder in at.values():
                folder.mkdir(parents=True)
            write_examples(at[""], rows[side][split])
            frame = pd.DataFrame([
                {k: v if isinstance(v, list) else [v] for k, v in row.items()}
                for row in rows[side][split]
            ])
            options = tfdv.StatsOptions(schema=spec.schema(side))
            statistics = tfdv.generate_statistics_from_dataframe(frame, options)
            (at["_statistics"] / "FeatureStats.pb").write_bytes(statistics.SerializeToString())
    clean = {"read": 20, "kept": 20, "quarantined": 0}
    counts = {"users": {"read": 12, "kept": 10, "quarantined": 2}, "items": clean,
              "interactions": {"read": 10, "kept": 10, "quarantined": 0},
              "splits": {"train": 8, "validation": 1, "test": 1}, "split": "u80",
              "remarks": {"items": {"notes": [], "lost": [
                  {"column": "price", "count": 7, "empty": True},
                  {"column": "name", "count": 2, "empty": False}]},
                       "users": {"lost": [], "notes": [
                           {"column": "age", "what": "are doubtful", "count": 1234,
                            "example": "5 in f.csv, line 1"}]}}}
    (root / "quarantine").mkdir()
    (root / "quarantine" / "counts.json").write_text(json.dumps(counts))
    records = [
        {"table": "users", "source": "users.csv", "line": n, "kind": "row",
         "columns": ["age"],
         "reason": f"age {_SCRIPT!r} is not a whole number"} for n in (3, 7)
    ] + [
        {"table": "users", "source": "users.csv", "line": n, "kind": "value",
         "columns": ["email"],
         "reason": f"email 'secret{n}@example.org' is not valid"} for n in range(30)
    ]
    (root / "quarantine" / "quarantine.jsonl").write_text(
        "".join(json.dumps(record) + "\n" for record in records))
    return folders


@pytest.fixture(scope="module")
def spec():
    return read_spec("demo")


@pytest.fixture(scope="module")
def healthy(tmp_path_factory, spec):
    """Folders of healthy inputs."""
    return _write_inputs(tmp_path_factory.mktemp("inputs"), spec)


@pytest.fixture
def folders(healthy, tmp_path):
    """A copy of the healthy inputs, to spoil."""
    copies = {}
    for name, folder in healthy.items():
        shutil.copytree(folder, tmp_path / name)
        copies[name] = str(tmp_path / name)
    return copies


@pytest.fixture
def report(spec, tmp_path):
    """Writes the report; returns the page and the strictly parsed JSON."""

    def write(folders):
        write_report(spec, folders, str(tmp_path / "report"))

        def refuse(constant):
            raise AssertionError(f"{constant} is not JSON")

        text = (tmp_path / "report" / "data_report.json").read_text()
        return ((tmp_path / "report" / "data_report.html").read_text(),
                json.loads(text, parse_constant=refuse))

    return write


def _feature(content, side, name, split=0):
    features = content["tables"][side]["splits"][split]["features"]
    return next(f for f in features if f["name"] == name)


def test_tells_the_figures_of_every_feature(healthy, report):
    _, content = report(healthy)
    assert content["headline"] == (
        "OK: 10 interactions, 2 rows quarantined, 9 values lost, 2 notes on values, no findings")
    assert [s["split"] for s in content["tables"]["interactions"]["splits"]] == [
        "train", "validation", "test"]
    assert content["tables"]["items"]["splits"][0]["rows"] == 20
    price = _feature(content, "items", "price")
    assert price["range"] == {
        "min": 0.5, "max": 19.5, "mean": 10.0, "median": pytest.approx(10, abs=1),
        "std": pytest.approx(5.766, abs=0.01)}
    assert sum(bar["count"] for bar in price["histogram"]) == pytest.approx(20)
    categories = _feature(content, "items", "categories")
    assert categories["top"] == [{"value": "light", "count": 20}, {"value": "home", "count": 10}]
    assert categories["values_per_row"] == {"min": 1, "mean": 1.5, "max": 2}
    assert _feature(content, "items", "name")["mean_length"] == pytest.approx(6.5)
    photo = _feature(content, "items", "photo")
    assert (photo["missing"], photo["missing_share"]) == (5, 0.25)
    description = _feature(content, "items", "description")
    assert (description["rows"], description["missing"]) == (0, 20)
    assert _feature(content, "interactions", "stars")["labels"] == ["rating", "like"]
    assert _feature(content, "interactions", "time")["time_range"]["max"] == 900_000_000


def test_says_how_many_users_and_items_have_no_event():
    assert cold([
        {"table": "users", "column": "", "figure": "rows", "past": 10, "today": 20},
        {"table": "items", "column": "", "figure": "rows", "past": None, "today": 8},
        {"table": "interactions", "column": "", "figure": "users with events", "past": 10,
         "today": 15},
        {"table": "interactions", "column": "", "figure": "items with events", "past": None,
         "today": 8}]) == [
        {"table": "users", "rows": 20, "with_events": 15, "cold": 5, "share": 0.25,
         "past_share": 0.0},
        {"table": "items", "rows": 8, "with_events": 8, "cold": 0, "share": 0.0,
         "past_share": None}]
    assert cold([]) == []


def test_shows_a_few_small_pictures_lengths_of_sounds_and_the_middle_of_videos(healthy, report):
    html, content = report(healthy)
    photo, sound, film = (next(m for m in content["media"] if m["feature"] == name)
                          for name in ("photo", "sound", "clip"))
    assert (photo["filled"], photo["rows"], sound["filled"]) == (15, 20, 3)
    assert [s["chosen"] for s in photo["samples"]] == ["random"] * 8 + ["smallest"] * 4
    assert len({s["row"] for s in photo["samples"]}) == 12
    assert html.count("data:image/jpeg;base64,") == 12 + 2 and len(html) < 150_000
    assert sound["seconds"] == {"sounds": 3, "shortest": 1.0, "mean": 2.0, "longest": 3.0}
    assert "The first 3 last 1.0 to 3.0 s, 2.0 s on average" in html
    assert (film["filled"], film["seconds"], film["broken"]) == (2, None, 0)
    encoded = re.findall(r"data:image/jpeg;base64,([^\"]+)", html)[-1]
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        assert picture.size == (64, 64)
        assert np.abs(np.asarray(picture) - np.array([0, 200, 0])).max() < 12


def test_hides_personal_data_escapes_strings_and_needs_nothing_from_outside(healthy, report):
    html, content = report(healthy)
    assert "secret" not in html and "secret" not in json.dumps(content)
    assert "hidden: personal data" in html
    assert html.count("&lt;script&gt;") >= 3  # a top value (text and title) and a reason
    assert not re.search(r"<(script|link|iframe|object)\b", html)
    links = re.findall(r"""\b(?:src|href)\s*=\s*["']?([^"'\s>]+)""", html)
    assert len(links) > 12
    assert all(link.startswith(("#", "data:image/jpeg")) for link in links
               if link != "metrics.json"), "but the run's own file beside it nothing is linked"
    assert "url(" not in html and "@import" not in html


def test_tells_what_was_changed_or_lost_and_groups_the_quarantine_by_reason(healthy, report):
    html, content = report(healthy)
    assert content["counts"]["counts"]["remarks"] == [
        "Table items: all 7 values of price were left out, so that the column is empty.",
        "Table users: 1,234 values of age are doubtful; the first: 5 in f.csv, line 1."]
    assert "1,234 values of age are doubtful" in html
    assert "none: there is no blessed run yet" in html and "No check found anything." in html
    values, rows = content["reasons"]["groups"]
    assert (rows["reason"], rows["count"]) == ("age … is not a whole number", 2)
    assert rows["examples"][0] == {
        "source": "users.csv", "line": 3, "reason": f"age {_SCRIPT!r} is not a whole number"}
    assert (values["kind"], values["count"], len(values["examples"])) == ("value", 30, 20)
    assert "and 10 more" in html


def test_begins_with_the_verdict_and_shows_findings_and_what_changed(folders, report):
    finding = Finding("unit_change", Severity.FAIL, "items", "price", 98.7, 8.0,
                      "the values are 100 times those of the last run", "Convert them.", 20, 0.5,
                      (Example("p<7>", "7.5", "750"),))
    verdicts.DataVerdict((finding,), "before", {}, [
        {"table": "items", "column": "price", "figure": "mean", "form": "number", "past": 9.5,
         "today": 950.0},
        {"table": "items", "column": "", "figure": "rows", "form": "number", "past": 60,
         "today": 60}], "now",
        {"past": {"19000": 4}, "today": {"19000": 2, "19200": 8}},
        {"past": {}, "today": {"liked": {"19000": [4, 1.0], "19003": [1, 1.0], "19200": [2, 2.0]}}}
    ).save(folders["verdict"])
    html, content = report(folders)
    assert content["headline"].startswith("FAIL: ") and content["headline"].endswith("1 failure")
    assert content["verdict"]["findings"][0]["threshold"] == 8.0
    bars = content["verdict"]["days"]
    assert len(bars) == 51 and bars[0]["high"] - bars[0]["low"] == 4 * 86_400
    assert (bars[0]["past"], bars[0]["today"], bars[-1]["today"]) == (4, 2, 8)
    (label,) = content["verdict"]["labels"]
    means = [bar["today"] for bar in label["bars"]]
    assert label["label"] == "liked" and "Mean of the label liked" in html
    assert (len(means), means[0], means[1], means[-1]) == (51, 0.4, None, 1.0)
    seen = re.sub(r"(?:<[^>]+>|\s)+", " ", html[html.index("<header>"):])
    order = ("FAIL", "nothing is trained", "items: price", "100 times those", "Convert them.",
             "judged in run", "p&lt;7&gt;: 7.5 → 750", "What changed since", "9.50", "950",
             "Unchanged 1 of 2 figures", "60")
    places = [seen.index(word) for word in order]
    assert places == sorted(places)
    banner = seen[:seen.index("judged in run")]
    assert "unit_change 98.70, limit 8" in banner
    (tag,) = set(re.findall(r'tag: "(check:.+?)"', html))
    assert unescape(tag) == "check:unit_change>99=FAIL"


@pytest.mark.parametrize(
    ("file", "data", "section"),
    [
        ("items_statistics/Split-all/FeatureStats.pb", b"\xff\xff", ("tables", "items")),
        ("verdict/data_verdict.json", b"{broken", ("verdict",)),
        ("items/Split-all/data_tfrecord-00000-of-00001.gz", b"broken", ("media", 1)),
        ("quarantine/counts.json", b"{}", ("counts",)),
        ("quarantine/quarantine.jsonl", b"{broken\n", ("reasons",)),
    ],
)
def test_a_broken_input_becomes_a_note(folders, report, tmp_path, file, data, section):
    (tmp_path / file).write_bytes(data)
    html, content = report(folders)
    broken = content
    for key in section:
        broken = broken[key]
    assert broken["note"].startswith("This section could not be made: ")
    assert html.count('<p class="note"') >= 1
    assert html.rstrip().endswith("</html>")


def test_numbers_are_counted_in_bars_with_the_last_run_as_an_outline(folders, report):
    now, then = ([{"low": value - 0.5, "high": value + 0.5, "value": value, "count": count}
                  for value, count in counts] for counts in ([(4, 30), (5, 10)], [(1, 7), (5, 3)]))
    verdicts.DataVerdict((), "before", {}, distributions={
        "interactions": {"stars": {"today": now, "past": then}}}).save(folders["verdict"])
    html, content = report(folders)
    stars = _feature(content, "interactions", "stars")
    assert (stars["histogram"], stars["past"]) == (now, then)
    assert _feature(content, "interactions", "stars", split=1)["histogram"] == []
    assert html.count('class="past" d="M') == 1 and "<title>4: 30</title>" in html
    assert "distributions" not in content["verdict"]
    history = _feature(content, "interactions", "history_times")
    assert not {"histogram", "time_range"} & history.keys(), "it has marks of none"


def test_no_input_at_all_still_gives_a_page(spec, tmp_path, report):
    names = [side + kind for side in SIDES for kind in ("", "_statistics")]
    html, content = report({name: str(tmp_path / "no")
                            for name in [*names, "quarantine", "verdict"]})
    assert content["headline"] == "rows unknown, verdict unknown"
    assert html.rstrip().endswith("</html>")


def test_a_broken_picture_costs_only_itself(folders, report, tmp_path):
    photo = png((0, 90, 160), 200, 300)
    write_examples(tmp_path / "items" / "Split-all", [
        {"product": "bad", "photo": photo[:60]}, {"product": "good", "photo": photo}])
    _, content = report(folders)
    photo = next(m for m in content["media"] if m["feature"] == "photo")
    assert (photo["samples"], photo["broken"]) == (
        [{"row": "good", "chosen": "smallest"}], 1)


def test_the_pictures_shown_are_of_the_whole_table_and_the_smallest_ones(tmp_path):
    spec = small_spec(items=column("photo", "BYTES", "image"))
    noise = np.random.default_rng(1).integers(0, 255, (90, 8, 8, 3))
    black = {17, 51, 88}
    write_examples(tmp_path / "Split-all", [
        {"what": f"i{n}", "photo": png(np.zeros((8, 8, 3)) if n in black else noise[n])}
        for n in range(90)])
    (feature,) = [f for f in spec.table("items") if f.media]
    samples, _ = sample_pictures(str(tmp_path), spec, feature, 9)
    assert {one["row"] for one in samples if one["chosen"] == "smallest"} == {
        f"i{n}" for n in black}
    places = [int(one["row"][1:]) for one in samples if one["chosen"] == "random"]
    assert len(places) == 6 and max(places) > 20 and places != sorted(places)


def test_figures_that_are_no_numbers_are_null(folders, report, tmp_path):
    path = tmp_path / "items_statistics" / "Split-all" / "FeatureStats.pb"
    statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    for one in statistics.datasets[0].features:
        if one.WhichOneof("stats") == "num_stats":
            one.num_stats.mean = float("nan")
            one.num_stats.max = float("inf")
            for histogram in one.num_stats.histograms:
                for bucket in histogram.buckets:
                    bucket.sample_count = float("nan")
    path.write_bytes(statistics.SerializeToString())
    html, content = report(folders)
    figures = _feature(content, "items", "price")["range"]
    assert (figures["mean"], figures["max"], figures["min"]) == (None, None, 0.5)
    assert "nan" not in html


@pytest.mark.parametrize("name", ["phone2", "home phone", "{phone}", "'phone'", "phone:", "é"])
def test_personal_values_stay_hidden_whatever_their_column_is_called(tmp_path, name):
    (tmp_path / "quarantine.jsonl").write_text(json.dumps({
        "table": "users", "source": "users.csv", "line": 2, "kind": "value", "columns": [name],
        "reason": f"{name} '555-1234' is not a whole number"}) + "\n")
    (group,) = grouped_reasons(str(tmp_path), 1, [name])
    assert "555" not in str(group) and group["columns"] == [name]
    assert group["reason"] == f"{name} … is not a whole number"
    (group,) = grouped_reasons(str(tmp_path), 1, ["is", "number", "555"])
    assert "555-1234" in group["examples"][0]["reason"]


def test_reasons_of_columns_with_numbers_in_their_names_are_groups_of_their_own(tmp_path):
    (tmp_path / "quarantine.jsonl").write_text("".join(json.dumps({
        "table": "users", "source": "users.csv", "line": n, "kind": "value",
        "columns": [f"size{n}"], "reason": f"size{n} 'x{n}' is not a number"}) + "\n"
        for n in (1, 2)))
    assert [one["columns"] for one in grouped_reasons(str(tmp_path), 1)] == [["size1"], ["size2"]]


@pytest.mark.parametrize("name", ["Zoë", "\u0141ukasz", "Zoë (the 2nd)", "O'Zoë \"Z\"", "名前",
                                  "ann", "ann 7"])
def test_no_form_of_an_id_is_in_the_pattern_of_a_reason(tmp_path, name):
    reason = f"user_id {shown(name)} is not in the table of users, with stars '7'"
    (tmp_path / "quarantine.jsonl").write_text(json.dumps({
        "table": "interactions", "source": "e.csv", "line": 2, "kind": "row",
        "columns": ["user_id"], "reason": reason}) + "\n")
    (group,) = grouped_reasons(str(tmp_path), 1, ["user_id"])
    assert group["reason"] == "user_id … is not in the table of users, with stars …"
    assert group["examples"][0]["reason"] == group["reason"]


@pytest.mark.parametrize("personal", [True, False])
def test_a_picture_is_not_shown_with_a_personal_id(tmp_path, personal):
    spec = small_spec(column("photo", "BYTES", "image"))
    if personal:
        spec = hidden(spec)
    write_examples(tmp_path / "Split-all", [{"who": "ann", "photo": png((1, 2, 3))}])
    ((sample,), _) = sample_pictures(str(tmp_path), spec, spec.table("users")[1], 3)
    assert (sample["row"] == "ann") is not personal
