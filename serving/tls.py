"""Keys and certificates: of a server, from TensorFlow Serving's own file, and of a client."""

import ssl
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


def channel_credentials(
    ca: Path | None, key: Path | None, certificate: Path | None
) -> grpc.ChannelCredentials | None:
    """Reads what a client asks a server with TLS with, each a file of PEM text.

    Args:
      ca: The authorities that the server's certificate is held against.
      key: The client's own key, where the server holds clients against a certificate.
      certificate: Its certificate.

    Returns:
      The credentials; `None`, no TLS, without any file.

    Raises:
      InputError: One of those that belong together lacks, cannot be read or is of no use.
    """
    given = {"ca": ca, "key": key, "certificate": certificate}
    if not any(given.values()):
        return None
    if ca is None or (key is None) != (certificate is None):
        raise InputError(
            "incomplete-client-tls",
            "TLS needs ca, and key and certificate together where the server asks for them; given: "
            f"{', '.join(name for name, file in given.items() if file)}.")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # gRPC reports none of these faults
        context.load_verify_locations(ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key, password="")
        return grpc.ssl_channel_credentials(
            *(file.read_bytes() if file else None for file in given.values()))
    except OSError as error:
        files = ", ".join(str(file) for file in given.values() if file)
        raise InputError(
            "unusable-client-tls",
            f"No client can use {files}: {error.strerror or error}. Each must be a PEM file, and "
            "the key that of the certificate, without a password.") from error


def _require_usable(credentials: grpc.ServerCredentials, file: Path) -> None:
    """Refuses what no server can listen with, which gRPC itself reports as a port's fault."""
    try:
        grpc.server(ThreadPoolExecutor(1)).add_secure_port("localhost:0", credentials)
    except RuntimeError as error:
        raise InputError(
            "unusable-ssl-config",
            f"No server can use the key and the certificates of {file}: one of them is damaged, or "
            "the key is not that of the certificate. Write them anew."
        ) from error
