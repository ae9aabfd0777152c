"""The metadata database of a run on a cluster: connecting, first use, and what its errors mean."""

import fcntl
import os
import socket
from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

from pipeline.cluster.options import PASSWORD_VARIABLE, Database
from schemas import InputError, TesseraError

_TIMEOUT_S = 10


def connection(database: Database, root: Path) -> ConnectionConfig:
    """Returns how to connect, without a password: this may be written down.

    Args:
      database: The configured database.
      root: The root, under which SQLite's file is.
    """
    if database.kind == "sqlite":
        return ConnectionConfig(sqlite=metadata_store_pb2.SqliteMetadataSourceConfig(
            filename_uri=str(root / "metadata.sqlite"),
            connection_mode=metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE))
    return ConnectionConfig(mysql=metadata_store_pb2.MySQLDatabaseConfig(
        host=database.host, port=database.port, database=database.database, user=database.user))


def with_password(config: ConnectionConfig) -> ConnectionConfig:
    """Returns a connection with the password of the environment.

    Raises:
      InputError: A server needs one, and the environment holds none.
    """
    if config.HasField("sqlite"):
        return config
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise InputError(
            "no-database-password",
            f"The environment variable {PASSWORD_VARIABLE} is not set: the metadata database "
            f"{_where(config)} needs its password. Check kubeflow.metadata.password in the "
            "configuration, and that the secret it names exists in the run's namespace and holds "
            "that key.")
    filled = ConnectionConfig()
    filled.CopyFrom(config)
    filled.mysql.password = password
    return filled


def initialise(config: ConnectionConfig, root: Path, upgrade: bool = False) -> None:
    """Makes the database's tables where they are missing.

    Several clients that open an empty database at once fail and leave it half made, so that one
    step does it before all others, and a lock on the root keeps the first steps of two runs apart.

    Args:
      config: The connection, with its password.
      root: The root.
      upgrade: Whether tables of an older version are brought to this one.

    Raises:
      TesseraError: The database cannot be used; the message says why and what to do.
    """
    with (root / ".metadata-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check(config, upgrade)


def check(config: ConnectionConfig, upgrade: bool = False) -> None:
    """Opens the database once.

    Raises:
      TesseraError: As for `initialise`.
    """
    _require_reachable(config)
    try:
        mlmd.MetadataStore(config, enable_upgrade_migration=upgrade).get_artifact_types()
    except (RuntimeError, mlmd.errors.StatusError) as error:
        raise TesseraError("database-refuses", _explain(config, str(error))) from error


def _require_reachable(config: ConnectionConfig) -> None:
    """MLMD says nothing of why a server did not respond, and may wait for minutes."""
    if config.HasField("sqlite"):
        return
    try:
        socket.create_connection((config.mysql.host, config.mysql.port), _TIMEOUT_S).close()
    except OSError as error:
        raise TesseraError(
            "database-unreachable",
            f"The metadata database {_where(config)} does not respond: {error}. Check that it "
            "runs, kubeflow.metadata.host and port, and that the cluster's network policies let "
            "the run's namespace reach it. Then run again: finished steps are not repeated."
        ) from error


def _explain(config: ConnectionConfig, message: str) -> str:
    where = f"The metadata database {_where(config)}"
    if "is older than library version" in message:
        return (f"{where} has tables of an older version ({message.split('. ')[0]}). Make a "
                "backup, then upgrade it once: run the first step's command with --upgrade "
                "(docs/kubeflow.md shows how).")
    if "is greater than library version" in message:
        return (f"{where} has tables of a newer version than this image's ml-metadata "
                f"({message.split('. ')[0]}). Use the newer image, or another database.")
    if config.HasField("sqlite"):
        return (f"{where} cannot be opened: {message.strip()}. Check that the root is writable for "
                "the image's user and that the file is a metadata database.")
    return (f"{where} refuses the connection or a query: {message.strip()}. Check the user, the "
            "password in the secret, and that the user may create tables in the database.")


def _where(config: ConnectionConfig) -> str:
    if config.HasField("sqlite"):
        return config.sqlite.filename_uri
    server = config.mysql
    return f"mysql://{server.user}@{server.host}:{server.port}/{server.database}"
