#!/usr/bin/env bash
# Runs the contract suite against the stock server in a container: deploy/serving/verify.sh [IMAGE]
# The exit code is 77 where there is no Docker daemon or the image cannot be pulled.
set -euo pipefail

image=${1:-tensorflow/serving:2.16.1}
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
name=tessera-verify-$$
trap 'docker rm -f "$name" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

skip() {
    echo "verify-tfserving: skipped: $1. The same suite runs against any server of the tests' tiny" \
        "model: TESSERA_ADDRESS=HOST:PORT .venv/bin/pytest tests/serving/test_contract.py" >&2
    exit 77
}
docker info >/dev/null 2>&1 || skip "there is no Docker daemon (docker info fails)"
docker pull --quiet "$image" || skip "$image cannot be pulled"
cd "$project"
PYTHONPATH=tests .venv/bin/python -c 'import sys; from pathlib import Path
from tiny_model import save_tiny_model
save_tiny_model(Path(sys.argv[1]) / "3")' "$work/tessera"
chmod -R a+rX "$work"
docker run --detach --name "$name" --publish 127.0.0.1::8500 \
    --volume "$work/tessera:/models/tessera:ro" --env MODEL_NAME=tessera "$image" >/dev/null
address=$(docker port "$name" 8500/tcp | head -n 1)
for _ in $(seq 60); do
    [[ $(docker logs "$name" 2>&1) == *"Running gRPC ModelServer"* ]] && started=yes && break
    sleep 1
done
[[ ${started:-} ]] || { docker logs "$name"; echo "verify-tfserving: $image does not start." >&2; exit 1; }
TESSERA_ADDRESS=$address .venv/bin/pytest -q tests/serving/test_contract.py
