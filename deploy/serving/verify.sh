#!/usr/bin/env bash
# Runs the contract suite against the stock server in a container: deploy/serving/verify.sh [IMAGE]
# The exit code is 77 where there is no Docker daemon or the image cannot be pulled.
set -euo pipefail

image=${1:-tensorflow/serving:2.16.1}
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
name=tessera-verify-$$
trap 'docker rm -f "$name" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

docker info >/dev/null 2>&1 || { echo "verify-tfserving: skipped: there is no Docker daemon."; exit 77; }
docker pull --quiet "$image" || { echo "verify-tfserving: skipped: $image cannot be pulled."; exit 77; }
cd "$project"
PYTHONPATH=tests .venv/bin/python -c 'import sys; from pathlib import Path
from tiny_model import save_tiny_model
save_tiny_model(Path(sys.argv[1]) / "3")' "$work/tessera"
chmod -R a+rX "$work"
docker run --detach --name "$name" --publish 127.0.0.1::8500 \
    --volume "$work/tessera:/models/tessera:ro" --env MODEL_NAME=tessera "$image" >/dev/null
address=$(docker port "$name" 8500/tcp | head -n 1)
for _ in $(seq 60); do
    docker logs "$name" 2>&1 | grep -q "Running gRPC ModelServer" && break
    sleep 1
done
TESSERA_ADDRESS=$address .venv/bin/pytest -q tests/serving/test_contract.py
