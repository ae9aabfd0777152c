"""TensorFlow Serving's file of keys, on a server without a model."""

from concurrent import futures

import grpc
import pytest
from certificates import self_signed
from refusals import refuses

from serving.tls import ssl_credentials


def written(path, **fields):
    path.write_text("\n".join(
        f"{name}: {value if value is True else repr(value)}" for name, value in fields.items())
        .replace("True", "true"))
    return path


@pytest.mark.parametrize("verified", [False, True])
def test_clients_are_served_by_the_certificate_and_held_against_it_if_asked(
    tmp_path, verified
):
    key, certificate = self_signed()
    own = {"client_verify": True, "custom_ca": certificate} if verified else {}
    file = written(tmp_path / "ssl.config", server_key=key, server_cert=certificate, **own)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_secure_port("localhost:0", ssl_credentials(file))
    server.start()
    known = grpc.ssl_channel_credentials(certificate.encode(), key.encode(), certificate.encode())
    stranger = grpc.ssl_channel_credentials(certificate.encode())
    reached = []
    for credentials in (known, stranger):
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
