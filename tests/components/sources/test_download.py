import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from fake_archives import FakeArchives, fake_archives
from refusals import refuses

from components.sources.download import DownloadError, download, unpack

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
AT_ONCE = (0.0, 0.0)


@pytest.fixture
def archives(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with fake_archives() as running:
        running.files["/a.zip"] = CONTENT
        yield running


@pytest.fixture
def part(tmp_path):
    return tmp_path / "a.zip.part"


def fetch(archives: FakeArchives, part: Path, md5: str = MD5, **given) -> list[tuple]:
    message: list[tuple] = []
    download(f"{archives.url}/a.zip", part, md5, lambda *now: message.append(now),
             **{"waits": AT_ONCE} | given)
    return message


def test_a_file_is_fetched_and_progress_told(archives, part):
    message = fetch(archives, part)
    assert part.read_bytes() == CONTENT
    assert message[0] == (0, len(CONTENT)) and message[-1] == (len(CONTENT), len(CONTENT))
    assert message == sorted(message) and len(message) > 3
    assert archives.asked == ["/a.zip"]


@pytest.mark.parametrize("ways", [["cut", "hang up"], [503]])
def test_a_broken_connection_and_a_busy_server_are_asked_again(archives, part, ways):
    archives.ways = [*ways]
    part.write_bytes(CONTENT + b"more")  # what an earlier process left is written over
    fetch(archives, part)
    assert part.read_bytes() == CONTENT and len(archives.asked) == 1 + len(ways)


@pytest.mark.parametrize(("ways", "md5", "asked", "message"), [
    (["cut"] * 3, MD5, 3, rf"failed 3 times, at last: it ended after \d+ of {len(CONTENT)} bytes"),
    ([503] * 3, MD5, 3, "failed 3 times, at last: HTTP 503 Service Unavailable"),
    ([404], MD5, 1, "HTTP 404 Not Found"),
    ([], "0" * 32, 1, f"a.zip has the MD5 {MD5}, expected 0000"),
])
def test_attempts_are_bounded_and_leave_nothing(archives, part, ways, md5, asked, message):
    archives.ways = [*ways]
    with pytest.raises(DownloadError, match=message):
        fetch(archives, part, md5)
    assert not part.exists() and len(archives.asked) == asked


def test_a_server_that_gives_no_length(archives, part):
    archives.ways = ["unsized"]
    assert fetch(archives, part)[-1] == (len(CONTENT), None)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["http://[", "http://a b/c", "http://host:port/c"])
def test_an_address_that_is_none(part, url):
    with pytest.raises(DownloadError, match="is no address"):
        download(url, part, MD5, lambda *now: None, AT_ONCE)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_told(archives, part):
    part.symlink_to("/dev/full")
    with refuses("download-not-written", "a.zip.part", "No space left on device"):
        fetch(archives, part)
    assert len(archives.asked) == 1, "a full disk is no reason to try again"


def zipped(path: Path, **members: str) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    path.write_bytes(buffer.getvalue())
    return path


def test_the_folder_of_an_archive_appears_whole(tmp_path, part):
    zipped(part, **{"ml/a": "1", "ml/sub/b": "2", "__MACOSX/c": "3"})
    unpack(part, tmp_path, "ml")
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")} == {
        part.name, "ml", "ml/a", "ml/sub", "ml/sub/b"}
    assert (tmp_path / "ml/sub/b").read_text() == "2"


@pytest.mark.parametrize("member", ["../out", "ml/../../out", "/tmp/astray"])
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path, member):
    folder = tmp_path / "in"
    folder.mkdir()
    zipped(folder / "a.zip", **{"ml/a": "1", member: "2"})
    with pytest.raises(DownloadError, match="which leads elsewhere"):
        unpack(folder / "a.zip", folder, "ml")
    assert [p.name for p in folder.iterdir()] == ["a.zip"]
    assert [p.name for p in tmp_path.iterdir()] == ["in"] and not Path("/tmp/astray").exists()


def test_an_archive_that_is_none(tmp_path, part):
    part.write_bytes(b"<html>Please log in</html>")
    with pytest.raises(DownloadError, match="The archive is broken"):
        unpack(part, tmp_path, "ml")
    zipped(part, **{"other/a": "1"})
    with pytest.raises(DownloadError, match="The archive holds no folder ml"):
        unpack(part, tmp_path, "ml")
    assert [p.name for p in tmp_path.iterdir()] == [part.name]


def test_an_archive_that_breaks_half_way_leaves_nothing(tmp_path, part):
    content = zipped(part, **{"ml/a": "whole", "ml/b": "broken"}).read_bytes()
    part.write_bytes(content.replace(b"broken", b"bro-en", 1))
    with pytest.raises(DownloadError, match="The archive is broken .*Bad CRC-32.*ml/b"):
        unpack(part, tmp_path, "ml")
    assert [p.name for p in tmp_path.iterdir()] == [part.name]


def test_a_folder_that_is_in_the_way_is_left_as_it_is(tmp_path, part):
    zipped(part, **{"ml/a": "1"})
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml/mine").touch()
    with refuses("download-not-written", "Directory not empty"):
        unpack(part, tmp_path, "ml")
    assert [p.name for p in (tmp_path / "ml").iterdir()] == ["mine"]
