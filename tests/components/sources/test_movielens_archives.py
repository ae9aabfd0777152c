import hashlib
import io
import re
import socket
import zipfile

import pytest
from fake_archives import fake_archives
from movielens_layouts import FILES, write_layout
from refusals import refuses
from rich.console import Console

from components.sources import open_source
from components.sources.movielens import EDITIONS, archives
from components.sources.movielens.archives import GROUPLENS, MIRROR, provide
from pipeline.config import load_config
from pipeline.run import run
from schemas import InputError

NAMES = list(EDITIONS)


def archive(name: str) -> bytes:
    own, encoding, files = FILES[name]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{own}/", "")
        for path, text in files.items():
            file.writestr(f"{own}/{path}", text.encode(encoding))
    return buffer.getvalue()


@pytest.fixture
def server(monkeypatch):
    """Serves all archives as GroupLens does; the pinned digests are those of these archives."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv(MIRROR, raising=False)
    with fake_archives() as running:
        pinned = {}
        for name in NAMES:
            folder, content = EDITIONS[name].folder, archive(name)
            digest = hashlib.md5(content).hexdigest()
            running.files[f"/{folder}.zip"] = content
            running.files[f"/{folder}.zip.md5"] = f"MD5 ({folder}.zip) = {digest}\n".encode()
            if folder in archives._MD5:
                pinned[folder] = digest
        monkeypatch.setattr(archives, "_MD5", pinned)
        yield running


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=80)


def refused(name, folder, console, url) -> str:
    with pytest.raises(InputError) as caught:
        provide(name, folder, console, url, waits=(0.0,))
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_an_edition_is_fetched_unpacked_and_read(name, server, console, tmp_path):
    folder = tmp_path / "data" / name
    provide(name, folder, console, server.url)
    own = EDITIONS[name].folder
    assert [p.name for p in folder.iterdir()] == [own]
    assert {p.name for p in (folder / own).iterdir()} == set(FILES[name][2])
    assert len(list(open_source(name, str(folder)).records("interactions",
               f"{own}/{EDITIONS[name].tables['interactions']}"))) == 3
    pinned = name != "movielens-latest-small"  # what may change is compared with what is published
    assert server.asked == [f"/{own}.zip"] if pinned else [f"/{own}.zip.md5", f"/{own}.zip"]
    fetched, terms = console.file.getvalue().splitlines()
    assert fetched == f"Fetching {server.url}/{own}.zip"
    assert terms.startswith(f"{EDITIONS[name].title} by GroupLens, https://grouplens.org/")
    assert re.search(rf"terms of use: {re.escape(str(folder / own))}/README(\.txt)?$", terms)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_there_needs_no_network(name, server, console, tmp_path):
    own = write_layout(name, tmp_path)
    provide(name, tmp_path, console, server.url)
    provide(name, own, console, server.url)
    assert server.asked == [] and console.file.getvalue() == ""


def test_a_terminal_sees_a_bar(server, tmp_path):
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    provide("movielens-1m", tmp_path, console, server.url)
    output = console.file.getvalue()
    size = len(server.files["/ml-1m.zip"])
    for text in ("Fetching MovieLens-1M", f"{size}/{size} bytes", "━━━"):
        assert text in output
    assert server.url not in output


def test_a_broken_download_leaves_nothing_and_another_run_completes(server, console, tmp_path):
    server.ways = ["cut", 503]
    message = refused("movielens-1m", tmp_path, console, server.url)
    assert "ml-1m.zip failed 2 times, at last: HTTP 503" in message and "--data-dir" in message
    assert list(tmp_path.iterdir()) == []
    provide("movielens-1m", tmp_path, console, server.url)
    assert [p.name for p in tmp_path.iterdir()] == ["ml-1m"]


def test_without_a_network_the_message_names_folder_and_archive(console, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    message = refused("movielens-100k", tmp_path, console, url)
    assert message.startswith(f"MovieLens-100K cannot be fetched: {url}/ml-100k.zip cannot be ")
    assert f"get {GROUPLENS}/ml-100k.zip by hand" in message
    assert "give the folder that holds ml-100k with --data-dir" in message and MIRROR in message


@pytest.mark.parametrize("name", ["movielens-1m", "movielens-latest-small"])
def test_another_content_is_refused_before_it_is_unpacked(name, server, console, tmp_path):
    folder = EDITIONS[name].folder
    expected = hashlib.md5(server.files[f"/{folder}.zip"]).hexdigest()
    server.files[f"/{folder}.zip"] += b"tampered"
    message = refused(name, tmp_path, console, server.url)
    assert f"{folder}.zip has the MD5 " in message and f"expected {expected}" in message
    assert list(tmp_path.iterdir()) == []
    server.files[f"/{folder}.zip.md5"] = b"<html>Please log in</html>"
    if name == "movielens-latest-small":  # no digest of what may change is pinned
        assert ".zip.md5 holds no MD5" in refused(name, tmp_path, console, server.url)


def test_a_mirror_is_an_environment_variable(server, console, tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, f"{server.url}/")
    provide("movielens-1m", tmp_path, console)
    assert server.asked == ["/ml-1m.zip"] and (tmp_path / "ml-1m").is_dir()
    monkeypatch.setenv(MIRROR, "file:///srv")
    assert f"{MIRROR} is 'file:///srv'; expected an address with http" in refused(
        "movielens-100k", tmp_path, console, None)


def test_a_run_fetches_what_it_was_given_no_folder_for(server, console, tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, server.url)
    recipe = tmp_path / "joy.yaml"  # refused after the data were found, before anything runs
    recipe.write_text("{description: d, relevant: joy, tasks: {f: {head: retrieval}}}")
    config = load_config(None, dataset="movielens-1m", root=tmp_path / "root", recipe=str(recipe))
    for _ in range(2):
        with refuses("recipe-needs-label", "'joy'", "'movielens-1m'"):
            run(config, console)
    assert server.asked == ["/ml-1m.zip"]
    assert (tmp_path / "root/data/movielens-1m/ml-1m/ratings.dat").is_file()


def test_a_folder_that_is_given_is_only_read(server, console, tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, server.url)
    (tmp_path / "mine").mkdir()
    config = load_config(None, dataset="movielens-1m", root=tmp_path / "root",
                         data_dir=tmp_path / "mine")
    with refuses("no-movielens-file", "mine/users.dat"):
        run(config, console)
    assert server.asked == [] and list((tmp_path / "mine").iterdir()) == []
