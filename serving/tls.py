"""Keys and certificates of a server, from TensorFlow Serving's own file."""

from pathlib import Path

import grpc
from google.protobuf import text_format

from schemas.errors import InputError
from serving import wire

_Config = wire.message("SSLConfig")


def ssl_credentials(file: Path) -> grpc.ServerCredentials:
    """Reads an `SSLConfig` in protobuf's text format.

    Args:
      file: The file; it holds the keys themselves, not paths to them.

    Returns:
      What a server listens with.

    Raises:
      InputError: The file cannot be read, or lacks a key or a certificate.
    """
    try:
        config = text_format.Parse(file.read_text(encoding="utf-8"), _Config())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise InputError("bad-ssl-config",
                         f"{file} cannot be read as an SSLConfig: {error}.") from error
    if not config.server_key or not config.server_cert:
        raise InputError(
            "incomplete-ssl-config",
            f"{file} must have server_key and server_cert, as PEM texts."
        )
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify)
