from concurrent import futures

import grpc
import pytest
from certificates import self_signed
from refusals import refuses
from typer.testing import CliRunner

from pipeline.cli import app
from serving.client import Client
from serving.connection import ServerUnavailableError
from serving.server import EmbeddedServer
from serving.tls import channel_credentials, ssl_credentials


def written(path, **fields):
    path.write_text("\n".join(
        f"{name}: {value if value is True else repr(value)}" for name, value in fields.items())
        .replace("True", "true"))
    return path


@pytest.mark.parametrize("verified", [False, True])
def test_clients_are_served_by_the_certificate_and_held_against_it_if_asked(tmp_path, verified):
    key, certificate = self_signed()
    own = {"client_verify": True, "custom_ca": certificate} if verified else {}
    file = written(tmp_path / "ssl.config", server_key=key, server_cert=certificate, **own)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_secure_port("localhost:0", ssl_credentials(file))
    server.start()
    known = grpc.ssl_channel_credentials(certificate.encode(), key.encode(), certificate.encode())
    untrusted = grpc.ssl_channel_credentials(certificate.encode())
    reached = []
    for credentials in (known, untrusted):
        with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
            try:
                channel.unary_unary("/none")(b"", timeout=10)
            except grpc.RpcError as error:
                reached.append(error.code() == grpc.StatusCode.UNIMPLEMENTED)
    server.stop(None)
    assert reached == [True, not verified]


def test_keys_that_are_damaged_or_of_another_are_no_fault_of_the_port(tmp_path):
    key, certificate = self_signed()
    other, _ = self_signed()
    for one in (other, key[:200], "-----BEGIN A"):
        with refuses("unusable-ssl-config", "ssl.config"):
            ssl_credentials(written(tmp_path / "ssl.config", server_key=one,
                                    server_cert=certificate))


@pytest.mark.parametrize(("fields", "code"), [
    ({"server_key": "key"}, "incomplete-ssl-config"), ({"colour": "red"}, "bad-ssl-config"),
    ({"server_key": "a path", "server_cert": "another"}, "incomplete-ssl-config"),
    ({"server_key": "-----BEGIN A", "server_cert": "-----BEGIN B", "client_verify": True},
     "incomplete-ssl-config")])
def test_a_file_of_no_use_is_refused(tmp_path, fields, code):
    with refuses(code):
        ssl_credentials(written(tmp_path / "ssl.config", **fields))


@pytest.fixture
def files(tmp_path):
    key, certificate = self_signed()
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "certificate.pem").write_text(certificate)
    written(tmp_path / "ssl.config", server_key=key, server_cert=certificate,
            client_verify=True, custom_ca=certificate)
    return tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "ssl.config"


def test_a_client_with_its_own_certificate_asks_a_server_that_holds_clients_against_one(
        model_base_path, files):
    key, certificate, config = files
    known = {"ca": certificate, "key": key, "certificate": certificate}
    with EmbeddedServer(model_base_path, ssl_config_file=config) as server:
        with Client("localhost", server.port, **known) as client:
            assert client.recommend(["ann"], k=1)[0][0].item_id == "i0"
        for given in ({}, {"ca": certificate}):
            with Client("localhost", server.port, **given) as client, pytest.raises(
                    ServerUnavailableError):
                client.status()
        options = [f"--{name}={file}" for name, file in known.items()]
        asked = CliRunner().invoke(
            app, ["query", "--user=ann", "--host=localhost", f"--port={server.port}", *options])
        assert asked.exit_code == 0 and "i0" in asked.output


def test_files_that_no_client_can_use_are_refused(files):
    key, certificate, config = files
    assert channel_credentials(None, None, None) is None
    for given in ((None, key, certificate), (certificate, key, None)):
        with refuses("incomplete-client-tls"):
            channel_credentials(*given)
    other = config.with_name("other.pem")
    other.write_text(self_signed()[0])
    for given in ((config, None, None), (config.with_name("absent"), None, None),
                  (certificate, other, certificate), (certificate, certificate, key)):
        with refuses("unusable-client-tls", given[0]):
            channel_credentials(*given)
