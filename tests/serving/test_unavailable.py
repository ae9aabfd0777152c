"""Items that are out of stock."""

import os

import pytest
from refusals import refuses

from serving.filters import Unavailable


def test_the_file_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "sold-out.txt"
    file.write_text("7\n\n 9 \n")
    sold_out = Unavailable(file)
    assert sold_out.ids() == ["7", "9"]
    file.write_text("8\n\n 9 \n")
    os.utime(file, ns=(1, 1))
    assert sold_out.ids() == ["8", "9"]


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_told(tmp_path, content):
    file = tmp_path / "sold-out.txt"
    if content is not None:
        file.write_bytes(content)
    with refuses("bad-unavailable-file", file):
        Unavailable(file).ids()
