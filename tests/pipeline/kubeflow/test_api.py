import json
import socket
import ssl

import pytest
from certificates import self_signed
from fake_kubeflow import FakeKubeflow, Raw, serve

from pipeline.kubeflow import api

LOGIN = Raw(200, b"<html><title>Log in</title></html>")
AWAY = Raw(302, location="https://dex.example/auth?state=secret")


def test_nobody_answers(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for host in (url, "http://a..b", "http://" + "a" * 70):
        code, _, err = command(host)
        assert code == 2 and err.startswith("tessera: error[kubeflow-not-found]: ")
        assert f"No server responds at {host}" in err and "port-forward" in err


@pytest.mark.parametrize(("status", "hint"), [(404, "is no Kubeflow Pipelines server"),
                                              (401, "TESSERA_KFP_TOKEN")])
def test_another_server(kubeflow_server, command, status, hint):
    kubeflow_server.status = status
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and hint in err and str(status) in err


@pytest.mark.parametrize(("where", "raw"), [
    *(("GET healthz", raw) for raw in (LOGIN, AWAY, Raw(401), Raw(403), Raw(307, location="/x"))),
    ("GET experiments", LOGIN), ("POST runs", AWAY)])
def test_a_login_is_no_answer(kubeflow_server, command, raw, where):
    kubeflow_server.odd[where] = [raw]
    code, out, err = command(kubeflow_server.url)
    assert code == (2 if where == "GET healthz" else 1)
    assert "Started" not in out and "None" not in out + err and "secret" not in err
    assert "TESSERA_KFP_TOKEN" in err and "TESSERA_KFP_COOKIE" in err and err.count("\n") == 1
    assert kubeflow_server.started == []


def test_a_redirect_is_named_and_not_followed(kubeflow_server, command, monkeypatch):
    monkeypatch.setenv("TESSERA_KFP_TOKEN", "t0ken")
    other = FakeKubeflow()
    with serve(other):
        kubeflow_server.odd["GET healthz"] = [Raw(302, location=f"{other.url}/login?s=secret")]
        code, _, err = command(kubeflow_server.url)
    assert code == 2 and f"sends us on to {other.url}/login (302)" in err
    assert other.asked == []


@pytest.mark.parametrize(("where", "body"), [
    *(("GET healthz", body) for body in (b"", b"{", b"\xff\xff", b"[" * 200_000)),
    ("GET experiments", b"{"), ("POST runs", b"{")])
def test_malformed_json(kubeflow_server, command, where, body):
    kubeflow_server.odd[where] = [Raw(200, body, "application/json")] * 9
    code, _, err = command(kubeflow_server.url)
    assert code in (1, 2) and "malformed JSON" in err and err.count("\n") == 1
    assert "Traceback" not in err


def test_what_is_passing_is_asked_again_and_not_for_ever(kubeflow_server, command, slept):
    kubeflow_server.odd["GET healthz"] = [Raw(503), Raw(502)]
    kubeflow_server.odd["GET experiments"] = [Raw(500), Raw(None), Raw(429), Raw(504)]
    assert command(kubeflow_server.url)[0] == 0
    assert slept == [1, 2, 1, 2, 4, 8]
    slept.clear()
    kubeflow_server.odd["GET experiments"] = [Raw(503, b"no healthy upstream", "text/plain")] * 9
    code, _, err = command(kubeflow_server.url)
    assert code == 1 and slept == [1, 2, 4, 8]
    assert err.endswith("cannot list experiments now: 503 Service Unavailable.\n")


@pytest.mark.parametrize("where", ["GET healthz", "POST runs"])
def test_a_server_that_hangs_does_not_hang_us(kubeflow_server, command, monkeypatch, where):
    monkeypatch.setattr(api, "_TIMEOUT_S", .1)
    kubeflow_server.odd[where] = [Raw(200, b"{}", late=True)] * 9
    code, _, err = command(kubeflow_server.url)
    assert code in (1, 2) and "timed out" in err and err.count("\n") == 1


def test_an_answer_without_end_does_not_hang_us(kubeflow_server, command, monkeypatch):
    monkeypatch.setattr(api, "_LONGEST_BODY", 1000)
    kubeflow_server.odd["GET healthz"] = [Raw(200, b" " * 5000, "application/json")]
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "has no end" in err


def test_a_private_authority(command, tmp_path):
    key, certificate = self_signed()
    (tmp_path / "server.pem").write_text(certificate + key)
    (tmp_path / "ca.pem").write_text(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    fake = FakeKubeflow()
    with serve(fake, tls=context):
        code, _, err = command(fake.url)
        assert code == 2 and f"The certificate of {fake.url} is not trusted" in err
        assert "--ca-file" in err and err.count("\n") == 1
        assert command(fake.url, "--ca-file", str(tmp_path / "ca.pem"))[0] == 0
    assert len(fake.started) == 1


@pytest.mark.parametrize("host", ["localhost:8080", "http://", "http://a:b",
                                  "ftp://a", "http://a:70000"])
def test_an_address_that_is_none(command, host):
    code, _, err = command(host)
    assert code == 2 and f"--host is {host!r}: give a URL" in err


def test_a_password_in_the_address_is_not_repeated(command):
    code, _, err = command("https://me:hunter2@kf.example")
    assert code == 2 and "hunter2" not in err and "TESSERA_KFP_TOKEN" in err


def test_the_address_of_a_page_will_do(kubeflow_server, command):
    code, out, _ = command(f"{kubeflow_server.url}/?ns=team#/runs")
    assert code == 0 and f"{kubeflow_server.url}/#/runs/details/runs-1" in out


def test_a_service_accounts_token_and_a_cookie(kubeflow_server, command, monkeypatch, tmp_path):
    path = tmp_path / "token"
    path.write_text("t0ken\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(path))
    monkeypatch.setenv("TESSERA_KFP_COOKIE", "authservice_session=abc")
    assert command(kubeflow_server.url)[0] == 0
    assert set(kubeflow_server.tokens) == {"Bearer t0ken"}
    assert kubeflow_server.cookies == {"authservice_session=abc"}
    path.unlink()
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "KF_PIPELINES_SA_TOKEN_PATH names" in err
    monkeypatch.setenv("TESSERA_KFP_TOKEN", " Bearer 0ther ")  # said by hand, and as people copy it
    assert command(kubeflow_server.url)[0] == 0
    assert kubeflow_server.tokens[-1] == "Bearer 0ther"


@pytest.mark.parametrize("token", ["to\nken", "tökén"])
def test_a_token_that_is_no_header_is_not_shown(kubeflow_server, command, monkeypatch, token):
    monkeypatch.setenv("TESSERA_KFP_TOKEN", token)
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "TESSERA_KFP_TOKEN holds" in err and token not in err
    assert kubeflow_server.asked == []


def test_what_others_say_is_one_line(kubeflow_server, command):
    kubeflow_server.refuse = (400, "first\nsecond \x1b[31mred\n" + "x" * 5000)
    code, _, err = command(kubeflow_server.url)
    assert code == 1 and "400 first second [31mred" in err
    assert err.count("\n") == 1 and "\x1b" not in err and len(err) < 600


def test_no_proxy_is_asked_about_this_machine(kubeflow_server, command, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert command(kubeflow_server.url)[0] == 0


def test_a_page_that_comes_twice_makes_no_second_experiment(kubeflow_server, command):
    page = {"experiments": [{"display_name": "tessera", "experiment_id": "e-1"}],
            "next_page_token": "t" * 3000}
    kubeflow_server.odd["GET experiments"] = [
        Raw(200, json.dumps(page).encode(), "application/json")] * 2
    code, _, err = command(kubeflow_server.url)
    assert (code, err) == (0, "")
    assert kubeflow_server.posted("runs")[0]["experiment_id"] == "e-1"
