#!/usr/bin/env bash
# What Kubernetes and Kubeflow themselves say of a compiled pipeline:
#   deploy/kubeflow/validate.sh pipeline.yaml
#   pods      Kubernetes' own validation of the pods that the whole file leads to, and of the pod
#             of volume.yaml by the restricted Pod Security Standard; needs Go and its module proxy
#   backend   Kubeflow's own compiler makes an Argo workflow of the whole file; needs Go and a
#             checkout of kubeflow/pipelines, in KFP_SOURCE
#   argo      Argo's own validation of that workflow; needs the program argo
# The exit code is 0 where all three passed, 1 where one refused, and 77 where none refused and one
# was skipped; the last line says which.
set -euo pipefail

file=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
python=${PYTHON:-$project/.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${copied:-}" ] || rm -rf "$copied"' EXIT
passed=() skipped=()

refused() {
    echo "kubeflow-validate: REFUSED by $1."
    exit 1
}

skip() { # what, why, and the log that says more
    echo "kubeflow-validate: $1 is skipped: $2"
    [ -z "${3:-}" ] || tail -n 5 "$3" | sed 's/^/    /'
    skipped+=("$1")
}

pods() {
    command -v go >/dev/null || { skip pods "there is no Go toolchain."; return; }
    (cd "$here/podcheck" && GOFLAGS=-mod=readonly nice go mod download) >"$work/go.log" 2>&1 ||
        { skip pods "its Go modules cannot be fetched:" "$work/go.log"; return; }
    (cd "$here/podcheck" && GOFLAGS=-mod=readonly nice go build -o "$work/podcheck" .)
    (cd "$project" && "$python" -m deploy.kubeflow.pods "$file") >"$work/pods.json"
    "$work/podcheck" <"$work/pods.json" || refused "Kubernetes' validation of pods"
    "$python" -c 'import json, sys, yaml
print(json.dumps([d for d in yaml.safe_load_all(sys.stdin) if d["kind"] == "Pod"]))' \
        <"$here/volume.yaml" >"$work/volume.json"
    "$work/podcheck" -restricted <"$work/volume.json" || refused "the restricted standard"
    passed+=(pods)
}

backend() {
    [ -n "${KFP_SOURCE:-}" ] ||
        { skip backend "KFP_SOURCE names no checkout of kubeflow/pipelines."; return; }
    command -v go >/dev/null || { skip backend "there is no Go toolchain."; return; }
    "$python" -c 'import json, sys, yaml
spec, platform = yaml.safe_load_all(open(sys.argv[1], encoding="utf-8"))
for document, path in ((spec, sys.argv[2]), (platform, sys.argv[3])):
    json.dump(document, open(path, "w", encoding="utf-8"))' \
        "$file" "$work/spec.json" "$work/platform.json"
    copied=$(mktemp -d "$KFP_SOURCE/backend/src/v2/cmd/tessera.XXXXXX")
    cp "$here/backend/main.go" "$copied"
    (cd "$copied" && nice go build -o "$work/backend" .) >"$work/go.log" 2>&1 ||
        { skip backend "the checkout does not build:" "$work/go.log"; return; }
    "$work/backend" "$work/spec.json" "$work/platform.json" >"$work/workflow.yaml" ||
        refused "Kubeflow's backend compiler"
    grep -q '^kind: Workflow$' "$work/workflow.yaml" || refused "Kubeflow's backend compiler"
    passed+=(backend)
}

argo_lint() {
    [ -s "$work/workflow.yaml" ] || { skip argo "there is no workflow without backend."; return; }
    command -v argo >/dev/null || { skip argo "there is no program argo."; return; }
    argo lint --offline "$work/workflow.yaml" || refused "Argo's validation"
    passed+=(argo)
}

pods
backend
argo_lint
if [ ${#skipped[@]} -gt 0 ]; then
    echo "kubeflow-validate: NOT passed: skipped ${skipped[*]}; passed: ${passed[*]:-nothing}."
    exit 77
fi
echo "kubeflow-validate: passed: ${passed[*]}."
