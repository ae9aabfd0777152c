#!/usr/bin/env bash
# Compiles a compiled pipeline to an Argo workflow with Kubeflow's own backend compiler.
#   deploy/kubeflow/validate.sh pipeline.yaml
# It takes the backend's source from a checkout of kubeflow/pipelines in KFP_SOURCE, or from the Go
# module proxy, and says that it was skipped where there is no Go or no source.
set -euo pipefail

file=$(realpath "$1")
version=${KFP_VERSION:-2.15.0}
module=github.com/kubeflow/pipelines
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

skip() {
    echo "kubeflow-validate: skipped the backend's compiler: $1"
    exit 0
}

command -v go >/dev/null || skip "there is no Go toolchain."
source=${KFP_SOURCE:-}
if [ -z "$source" ]; then
    # The API's modules are parts of the source tree, and modules of their own for the proxy.
    for part in "" /api /kubernetes_platform; do
        folder=$(cd "$work" && GOFLAGS=-mod=mod go mod download -json "$module$part@$version" 2>/dev/null |
            sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || true
        [ -d "$folder" ] || skip "the Go module proxy does not give $module$part@$version; set KFP_SOURCE to a checkout."
        mkdir -p "$work/source$part" && cp -r "$folder/." "$work/source$part" && chmod -R u+w "$work/source"
    done
    source=$work/source
fi

# The command takes a PipelineSpec alone; the platform is the second document.
sed '/^---$/,$d' "$file" > "$work/spec.yaml"
(cd "$source" && go run ./backend/src/v2/cmd/compiler -spec "$work/spec.yaml") > "$work/workflow.yaml"
steps=$(grep -c '^      componentRef:$\|^        componentRef:$' "$work/spec.yaml")
grep -q '^kind: Workflow$' "$work/workflow.yaml" || { echo "kubeflow-validate: no Argo workflow came out" >&2; exit 1; }
if command -v argo >/dev/null; then
    argo lint --offline "$work/workflow.yaml"
else
    echo "kubeflow-validate: argo is absent, the workflow was compiled and not linted."
fi
echo "kubeflow-validate: the backend compiled $steps steps."
