"""Runs a compiled file with kfp's own local runner, each step in a container.

Started with the interpreter of an environment that holds kfp 2.17 and docker; it imports nothing
of the project. As on a strict cluster, containers run as the image's user, without capabilities
and with a read-only root.
"""

import argparse
import os
import sys

from docker.types import Mount
from kfp import components, local


def main() -> None:
    """Runs the file; the exit code is 1 where a step failed."""
    parser = argparse.ArgumentParser()
    for name in ("file", "root", "pipeline-root"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mount", nargs=2, action="append", default=[],
                        help="a file of this machine over one of the image")
    parser.add_argument("--set", nargs=2, action="append", default=[])
    arguments = parser.parse_args()
    os.umask(0)  # the folders that kfp makes here are written to by the image's user
    mounts = [Mount(target="/tessera", source=arguments.root, type="bind")]
    mounts += [Mount(target=there, source=here, type="bind", read_only=True)
               for here, there in arguments.mount]
    password = "TESSERA_METADATA_PASSWORD"
    local.init(
        local.DockerRunner(
            mounts=mounts, network_mode="host", read_only=True, tmpfs={"/tmp": "mode=1777"},
            cap_drop=["ALL"], security_opt=["no-new-privileges"],
            environment={password: os.environ[password]} if password in os.environ else {}),
        pipeline_root=arguments.pipeline_root, raise_on_error=True)
    pipeline = components.load_component_from_file(arguments.file)
    numbers = {"max_epochs": int, "learning_rate": float}
    given = {key: numbers.get(key, str)(value) for key, value in arguments.set}
    try:
        pipeline(**given)
    except RuntimeError as error:
        print(f"local run: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
