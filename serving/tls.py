"""Keys and certificates of a server, from TensorFlow Serving's own file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import text_format

from schemas.errors import InputError
from serving import wire

_PEM = "-----BEGIN "
_Config = wire.message("SSLConfig")


def ssl_credentials(file: Path) -> grpc.ServerCredentials:
    """Reads an `SSLConfig` in protobuf's text format.

    Args:
      file: The file; it holds the keys themselves, not paths to them.

    Returns:
      What a server listens with.

    Raises:
      InputError: The file cannot be read, or lacks a key, a certificate, or what clients are held
        against, or these are damaged or not of each other.
    """
    try:
        config = text_format.Parse(file.read_text(encoding="utf-8"), _Config())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise InputError("bad-ssl-config",
                         f"{file} cannot be read as an SSLConfig: {error}.") from error
    parts = {"server_key": config.server_key, "server_cert": config.server_cert,
             **({"custom_ca": config.custom_ca} if config.client_verify else {})}
    if lacking := [name for name, text in parts.items() if _PEM not in text]:
        raise InputError(
            "incomplete-ssl-config",
            f"{file} must have server_key and server_cert, and with client_verify a custom_ca, "
            f"each as a PEM text that has {_PEM!r}. Correct {', '.join(lacking)}."
        )
    credentials = grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify)
    _require_usable(credentials, file)
    return credentials


def _require_usable(credentials: grpc.ServerCredentials, file: Path) -> None:
    """Refuses what no server can listen with, which gRPC itself tells as a port's fault."""
    try:
        grpc.server(ThreadPoolExecutor(1)).add_secure_port("localhost:0", credentials)
    except RuntimeError as error:
        raise InputError(
            "unusable-ssl-config",
            f"No server can use the key and the certificates of {file}: one of them is damaged, or "
            "the key is not that of the certificate. Write them anew."
        ) from error
