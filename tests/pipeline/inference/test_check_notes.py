"""What a look at the first rows tells of values that are kept."""

import json

from rich.console import Console
from worlds import column, small_spec

from components.sources import open_source
from pipeline.inference.check import look, report

SPEC = small_spec(events=column("price", "FLOAT", "numeric"), user="BYTES u", item="BYTES i",
                  time="t", name="looked")


def test_notes_and_lost_columns_are_told(tmp_path):
    (tmp_path / "e.csv").write_text('u,i,t,price\na ,1.0,45413,"1,5"\nb,2,45414,"2,5"\n')
    source = open_source("csv", str(tmp_path), {
        "spec": json.loads(SPEC.to_json()), "options": {"interactions": {"files": "e.csv"}}})
    result = look(source, SPEC)
    assert result["interactions"].faulty == 0
    lost, *notes = result["interactions"].notes
    assert "all 2 values of price were left out" in lost
    assert ["2 values of t" in note for note in notes].count(True) == 1 and len(notes) == 3
    console = Console(record=True, width=200)
    report(result, 0.01, console)
    assert "2 values of t are times outside the likely range" in console.export_text()
