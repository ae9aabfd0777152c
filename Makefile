# `make demo` and `make test` need nothing but Python 3.11, git and make.
# The environment is .venv, from the lock; uv, where it is missing, goes to .cache/uv.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env demo test test-full bench bench-ingest lock clean kubeflow-env kubeflow-e2e \
	kubeflow-validate

BIN := .venv/bin
# The newest Python 3.11 that truly starts: a pyenv shim can be on the PATH and lead nowhere.
PYTHON311 = $(shell for python in python3.11 python3 $$(ls -d "$$HOME"/.pyenv/versions/3.11*/bin/python3.11 2>/dev/null | sort -rV); do \
	"$$python" -c 'import sys; sys.version_info[:2] == (3, 11) or sys.exit(1); print(sys.executable)' 2>/dev/null && break; done)
UV := $(if $(shell uv --version 2>/dev/null),uv,.cache/uv/bin/uv)
# The machine's own certificates: behind a company's proxy uv's built-in ones are not enough.
export UV_SYSTEM_CERTS := 1
# Two processes, a file in one of them, in the order of the folders: whole runs come early.
TESTS = $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 15
INSTALL = $(UV) --no-config pip install --python $(BIN)/python --no-deps --compile-bytecode

define NO_PYTHON
No Python 3.11 was found on the PATH or in ~/.pyenv/versions.
Install one, then run make again:
  Debian, Ubuntu:  sudo apt install python3.11 python3.11-venv
  macOS:           brew install python@3.11
  pyenv:           pyenv install 3.11
endef
export NO_PYTHON

help:
	@echo "make demo       run the whole pipeline on the demo data, serve the model and query it"
	@echo "make test       lint, types and tests (minutes)"
	@echo "make test-full  all tests, also those that run whole pipelines"
	@echo "make bench      time and memory on MovieLens-100K; DATA_DIR=DIR"
	@echo "make bench-ingest  time and memory of ingest on ten million made-up rows; part of make bench"
	@echo "make kubeflow-e2e       the compiled pipeline in real containers (root, Debian; 20 minutes)"
	@echo "make kubeflow-validate  what Kubernetes and Kubeflow say of the compiled pipeline (needs Go)"
	@echo "make env        make or update .venv"
	@echo "make lock       compile requirements*.in into the locks"
	@echo "make clean      remove .venv and .cache"

env: .venv/installed

demo: .venv/installed
	$(BIN)/tessera demo

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(TESTS) -m "not slow"

test-full: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(TESTS)

bench: .venv/installed
	@test -n "$(DATA_DIR)" || { echo "Give the folder of MovieLens-100K: make bench DATA_DIR=DIR" >&2; exit 2; }
	$(BIN)/python -m benchmarks.bench --data-dir "$(DATA_DIR)"
	$(BIN)/python -m benchmarks.bench --ingest

bench-ingest: .venv/installed
	$(BIN)/python -m benchmarks.bench --ingest

kubeflow-env: .cache/kfp/installed

kubeflow-e2e: .venv/installed .cache/kfp/installed
	$(BIN)/python -m deploy.kubeflow.e2e --kfp-python .cache/kfp/bin/python

kubeflow-validate: .venv/installed
	$(BIN)/tessera compile --config deploy/kubeflow/example.yaml -o .cache/kubeflow/pipeline.yaml
	@echo "No rule of Kubeflow Pipelines that we know is broken."
	deploy/kubeflow/validate.sh .cache/kubeflow/pipeline.yaml

lock: $(filter .cache/%,$(UV))
	$(UV) --no-config pip compile requirements.in --override overrides.txt --python-version 3.11 \
		--generate-hashes --quiet -o requirements.lock
	$(UV) --no-config pip compile requirements-dev.in -c requirements.lock --override overrides.txt \
		--python-version 3.11 --generate-hashes --quiet -o requirements-dev.lock
	$(UV) --no-config pip compile requirements-gpu.in -c requirements.lock --override overrides.txt \
		--python-version 3.11 --generate-hashes --quiet -o requirements-gpu.lock

clean:
	rm -rf .venv .cache

.cache/uv/bin/uv:
	@test -n "$(PYTHON311)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	"$(PYTHON311)" -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet uv

# kfp 2.17 needs protobuf 6, TFX protobuf 4.
.cache/kfp/installed: deploy/kubeflow/requirements.txt | $(filter .cache/uv/%,$(UV))
	@test -n "$(PYTHON311)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	rm -rf .cache/kfp
	$(UV) --no-config venv --quiet --python "$(PYTHON311)" .cache/kfp
	$(UV) --no-config pip install --quiet --python .cache/kfp/bin/python -r $<
	touch $@

.venv/bin/python: | $(filter .cache/%,$(UV))
	@test -n "$(PYTHON311)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	rm -rf .venv
	$(UV) --no-config venv --quiet --python "$(PYTHON311)" .venv

# Byte code is compiled now: TFX is thousands of files, and the first start would pay for them.
.venv/installed: requirements.lock setup.py | .venv/bin/python
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-build-isolation -e .
	touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@
