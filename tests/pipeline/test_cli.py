import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from refusals import assert_refused

ROOT = Path(__file__).parents[2]


def test_help_answers_at_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli import main; main()", "--help"], cwd=ROOT,
        capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in ("run", "report", "serve", "query", "explain", "tune", "demo", "recipes"):
        assert f" {command} " in done.stdout
    # The processor's time: a second passes more slowly on a machine with other work.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5


def _commands(group):
    for command in group.commands.values():
        yield from _commands(command) if hasattr(command, "commands") else [command]


def test_every_command_can_be_verbose():
    from typer.main import get_command

    from pipeline.cli import app

    commands = list(_commands(get_command(app)))
    assert len(commands) > 10
    for command in commands:
        assert any("--verbose" in parameter.opts for parameter in command.params), command.name


def test_a_verbose_command_and_its_children_log_everything(tessera, monkeypatch):
    monkeypatch.setenv("TESSERA_LOG", "warning")
    level = logging.getLogger("tessera").level
    try:
        code, out, _ = tessera("recipes", "--verbose")
        assert (code, os.environ["TESSERA_LOG"]) == (0, "debug") and "flagship" in out
        assert logging.getLogger("tessera").level == logging.DEBUG
    finally:
        logging.getLogger("tessera").setLevel(level)


@pytest.mark.parametrize("words", [
    ("run", "--color", "red"), ("nope",), ("run", "--seed", "one"), ("query",),
    ("query", "--user", "u", "--k", "0"), ("serve", "--port", "http"),
    ("beam-worker", "--port", "99999999"), ("serve", "--rest-port", "-1"),
    ("query", "--user", "u", "--port", "65536"), ("score", "--port", "70000"),
])
def test_wrong_usage(tessera, words):
    code, _, err = tessera(*words)
    assert code == 2
    assert "Usage: " in err and "Traceback" not in err


@pytest.mark.parametrize(("line", "words"), [
    ("run", ("No dataset given", "--dataset", "demo, movielens-100k, mov")),
    ("run --dataset nope", ("error[unknown-dataset]: ", "'nope'", "movielens-100k")),
    ("run --dataset demo --root {root} --recipe magic", ("Unknown recipe 'magic'", "flagship")),
    ("run --dataset demo --root {root} --split half",
     ("Unknown split 'half'", "u80, t80 or random")),
    ("run --config {root}/gone.yaml", ("Cannot read", "{root}/gone.yaml")),
    ("report --root {root}", ("No data report at", "tessera run --root {root}")),
    (f"report --root {'a' * 300}", ("error[unusable-path]", "File name too long")),
    ("serving-config -o {root}/text", ("error[serving-config-not-written]", "{root}/text")),
    ("serve --root {root}", ("No pushed model", "tessera run --root {root}")),
    ("explain --user u --item i --method saliency --root {root}",
     ("Unknown method 'saliency'", "gradients, occlusion")),
])
def test_what_cannot_be_done_is_one_line(tessera, tmp_path, line, words):
    (tmp_path / "text").write_text("no folder", encoding="utf-8")
    result = tessera(*line.format(root=tmp_path).split())
    assert_refused(result, *(word.format(root=tmp_path) for word in words))


def test_no_server_to_query(tessera):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = tessera("query", "--user", "u", "--port", port)
    message = f"The server at 127.0.0.1:{port} is not available"
    assert_refused(result, message, "tessera serve", code=1)


@pytest.mark.parametrize("dataset", ["demo", "movielens-1m"])
def test_a_missing_data_folder_is_told_and_not_made(tessera, tmp_path, dataset):
    result = tessera("run", "--dataset", dataset, "--data-dir", tmp_path / "gone",
                     "--root", tmp_path / "root")
    assert_refused(result, tmp_path / "gone", "missing")
    assert not (tmp_path / "gone").exists()


def test_a_report_is_told_and_opened(tessera, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    page = tmp_path / "runs" / "one" / "data_report.html"
    page.parent.mkdir(parents=True)
    page.touch()
    code, out, _ = tessera("report", "--root", tmp_path, "--run", "one", "--no-browser")
    assert (code, out, opened) == (0, f"{page}\n", [])
    tessera("report", "--root", tmp_path, "--run", "one")
    assert opened == [page.as_uri()]
    page.with_suffix(".json").write_text('{"version": 2}')
    assert tessera("report", "--root", tmp_path, "--run", "one", "--json")[:2] == (
        0, '{"version": 2}\n')
    assert opened == [page.as_uri()]
    assert_refused(tessera("report", "--root", tmp_path, "--run", "two"), "runs/two", "--run")


@pytest.mark.parametrize("content", [b'{"a": "\xe9"}', b"\x89PNG\r\n\x1a\n\0", b"", b"[1]"])
def test_a_report_that_no_run_wrote_is_not_printed(tessera, tmp_path, content):
    report = tmp_path / "runs" / "one" / "data_report.json"
    report.parent.mkdir(parents=True)
    report.write_bytes(content)
    assert_refused(tessera("report", "--root", tmp_path, "--run", "one", "--json"),
                   "error[damaged-result]", report)


@pytest.mark.parametrize(("line", "code"), [
    (("report", "--root", "a\nb"), "unusable-characters"),
    (("run", "--dataset", "demo", "--root", "\x1b[31mred"), "unusable-characters"),
    (("run", "--dataset", "demo", "--root", "caf\udce9"), "unusable-characters"),
    (("privacy", "pseudonym", "caf\udce9"), "argument-not-utf8"),
    (("quarantine", "show", "--run", "\udcff"), "argument-not-utf8"),
])
def test_characters_that_nothing_can_hold(tessera, line, code):
    assert_refused(tessera(*line), f"error[{code}]")


@pytest.mark.parametrize("line", [("quarantine", "show"), ("quarantine", "replay"),
                                  ("forget", "ann")])
def test_a_wrong_root_is_seen_before_anything_heavy_is_loaded(tmp_path, line):
    script = ("import sys\nfrom pipeline.cli import main\ntry:\n    main()\nfinally:\n"
              "    print(*{'tensorflow', 'apache_beam', 'tfx'} & sys.modules.keys())")
    done = subprocess.run([sys.executable, "-c", script, *line, "--root", str(tmp_path)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (2, ""), done.stderr


def test_nothing_to_explain(tessera, tmp_path):
    words = ("explain", "--user", "u", "--item", "i", "--root", tmp_path)
    assert_refused(tessera(*words), "No pushed model", f"tessera run --root {tmp_path}")
    model = tmp_path / "serving" / "demo-flagship-1" / "1" / "saved_model.pb"
    model.parent.mkdir(parents=True)
    model.touch()
    assert_refused(tessera(*words), "No metadata at", tmp_path / "metadata.sqlite")
    page = tmp_path / "nowhere" / "page.html"
    assert_refused(tessera(*words, "-o", page), f"Cannot write {page}", page.parent)


def test_a_port_in_use(tessera, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # without the stock server, if there is one
    model = tmp_path / "serving" / "demo-flagship-1" / "1" / "saved_model.pb"
    model.parent.mkdir(parents=True)
    model.touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = tessera("serve", "--root", tmp_path, "--port", port)
    assert_refused(result, f"Port {port} on 127.0.0.1 is in use", "--port")


def test_an_interrupt_is_told_in_one_line(tessera, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.config.load_config", interrupted)
    code, out, err = tessera("run", "--dataset", "demo")
    assert (code, out) == (130, "")
    assert err == (
        "tessera: Interrupted. What is finished is kept; the same command goes on there.\n")


def test_a_command_that_is_told_to_stop_says_so():
    script = ("import signal\nfrom pipeline import cli\n"
              "def app(**_):\n    print('ready', flush=True); signal.pause()\n"
              "cli.app = app\ncli.main()")
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert message.startswith("tessera: Stopped by SIGTERM") and message.count("\n") == 1
