# `make demo` and `make test` need nothing but Python, git and make (and a C++ compiler on the newer stack).
# The environment is .venv, from the stack's lock; uv, where it is missing, goes to .cache/uv.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env demo test test-full test-other test-wheel results bench bench-ingest bench-ranking \
	bench-validation bench-serving faults lock audit sbom \
	clean kubeflow-env \
	kubeflow-e2e kubeflow-validate flink-e2e verify-tfserving docs

BIN := .venv/bin
# TFX 1.21 where its wheels load, else TFX 1.16. TESSERA_STACK overrides.
GLIBC := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
NEW_ENOUGH := $(shell printf '2.38\n%s\n' "$(GLIBC)" | sort -VC && echo yes)
STACK := $(or $(TESSERA_STACK),$(if $(NEW_ENOUGH),1.21,1.16))
STACK_NAMES := 1.21 1.16
$(if $(filter-out $(STACK_NAMES),$(STACK)),$(error TESSERA_STACK is '$(STACK)'; it may be 1.21 or 1.16))
OTHER_STACK := $(filter-out $(STACK),$(STACK_NAMES))
PYTHONS_1.21 := 3.12 3.11
PYTHONS_1.16 := 3.11
LOCK_1.21 :=
LOCK_1.16 := -glibc236
LOCK := $(LOCK_$(STACK)).lock
WHY := $(if $(TESSERA_STACK),as TESSERA_STACK says,$(if $(GLIBC),glibc is $(GLIBC),this system has no glibc); TFX 1.21 needs 2.38)
# The newest of some Pythons that truly starts: a pyenv shim can be on the PATH and lead nowhere.
find-python = $(shell for version in $(1); do \
	for python in python$$version python3 $$(ls -d "$$HOME"/.pyenv/versions/$$version*/bin/python3 2>/dev/null | sort -rV); do \
	"$$python" -c "import sys; '%d.%d' % sys.version_info[:2] == '$$version' or sys.exit(1); print(sys.executable)" 2>/dev/null && exit; done; done)
PYTHON = $(call find-python,$(PYTHONS_$(STACK)))
# Without one, uv fetches its own, where it can.
WANTED = $(or $(PYTHON),$(firstword $(PYTHONS_$(STACK))))
UV := $(if $(shell uv --version 2>/dev/null),uv,.cache/uv/bin/uv)
# The machine's own certificates: behind a company's proxy uv's built-in ones are not enough.
export UV_SYSTEM_CERTS := 1
# Two processes, a file in one of them, in the order of the folders: whole runs come early.
PYTEST = $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 15
# What is tested; all of it without a value.
TESTS =
INSTALL = $(UV) --no-config pip install --python $(BIN)/python --no-deps --compile-bytecode
COMPILE = $(UV) --no-config pip compile --generate-hashes --quiet --python-version 3.11
# kfp's local runner and compiler of today: the newer stack has them, the older one beside it.
KFP_PYTHON := $(if $(filter 1.21,$(STACK)),$(BIN)/python,.cache/kfp/bin/python)
KFP_READY := $(if $(filter 1.21,$(STACK)),.venv/installed,.cache/kfp/installed)

define NO_PYTHON
No Python $(PYTHONS_$(STACK)) was found on the PATH or in ~/.pyenv/versions, and uv could fetch none.
Install one (here 3.11), then run make again:
  Debian, Ubuntu:  sudo apt install python3.11 python3.11-venv
  macOS:           brew install python@3.11
  pyenv:           pyenv install 3.11
endef
export NO_PYTHON

help:
	@echo "make demo       run the whole pipeline on the demo data, serve the model and query it"
	@echo "make test       lint, types and tests (minutes)"
	@echo "                TESTS=tests/schemas: these alone"
	@echo "make test-full  all tests, also those that run whole pipelines"
	@echo "make test-wheel  builds the wheel and runs the demo shop from it, away from the checkout"
	@echo "make test-other  the tests on the other stack, in a Debian 13 root (root; 30 minutes; TESTS=...)"
	@echo "make results    the tables of docs/results.md; hours; DATA_DIR=DIR, ONLY=NAMES"
	@echo "make bench      time and memory on MovieLens-100K; DATA_DIR=DIR"
	@echo "make faults     seeded faults in the demo shop's data: what was expected, what was found"
	@echo "make bench-ingest  time and memory of ingest on ten million made-up rows; part of make bench"
	@echo "make bench-ranking  time and memory of the ranking of a million users and 100,000 items"
	@echo "make bench-validation  time of validation on MovieLens-100K and ten times as many events; DATA_DIR=DIR"
	@echo "make bench-serving  the model server's figures, on the demo's model; MODEL=DIR, SCALE=0.1, ONLY=NAMES"
	@echo "make verify-tfserving  the contract suite against the stock server's image (needs Docker)"
	@echo "make kubeflow-e2e       the compiled pipeline in real containers (root, Debian; 30 minutes)"
	@echo "make kubeflow-validate  what Kubernetes and Kubeflow say of the compiled pipeline (needs Go)"
	@echo "make flink-e2e  the demo's data steps on Apache Flink, with killed processes (stack 1.16; Java is installed)"
	@echo "make env        make or update .venv"
	@echo "make docs       write the pages of docs/ that are made from the code"
	@echo "make audit      holds the stack's lock against known advisories, where a database can be reached"
	@echo "make sbom       writes sbom.cdx.json: what the stack's lock installs, as CycloneDX"
	@echo "make lock       compile requirements*.in into the locks"
	@echo "make clean      remove .venv and .cache"

env: .venv/installed
	@echo "The stack is TFX $(STACK) with $$($(BIN)/python --version): $(WHY). TESSERA_STACK=$(OTHER_STACK) takes the other."

demo: .venv/installed
	$(BIN)/tessera demo

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not slow" $(TESTS)

test-full: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) $(TESTS)

test-wheel: .venv/installed
	.ci/wheel $(STACK) requirements$(LOCK) $(UV)

# In a copy of the checkout; what make made there is kept for the next time.
test-other:
	TESSERA_STACK=$(OTHER_STACK) PYTHON="$(call find-python,$(PYTHONS_$(OTHER_STACK)))" \
		deploy/debian13.sh make $(or $(TARGETS),test $(if $(TESTS),,test-wheel demo)) TESTS="$(TESTS)"

bench: .venv/installed
	@test -n "$(DATA_DIR)" || { echo "Give the folder of MovieLens-100K: make bench DATA_DIR=DIR" >&2; exit 2; }
	$(BIN)/python -m benchmarks.bench --data-dir "$(DATA_DIR)"
	$(BIN)/python -m benchmarks.bench --ingest

faults: .venv/installed-dev
	$(BIN)/python -m benchmarks.faults.table $(FAULT)

bench-ingest: .venv/installed
	$(BIN)/python -m benchmarks.bench --ingest

results: .venv/installed
	$(BIN)/python -m benchmarks.results $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") $(if $(ONLY),--only $(ONLY))

bench-validation: .venv/installed
	@test -n "$(DATA_DIR)" || { echo "Give the folder of MovieLens-100K: make bench-validation DATA_DIR=DIR" >&2; exit 2; }
	$(BIN)/python -m benchmarks.validation --data-dir "$(DATA_DIR)"

bench-ranking: .venv/installed
	$(BIN)/python -m benchmarks.ranking

bench-serving: .venv/installed
	$(BIN)/python -m benchmarks.serving $(if $(MODEL),--model "$(MODEL)") $(if $(ROOT),--root "$(ROOT)") \
		--scale $(or $(SCALE),1) $(if $(ONLY),--only $(ONLY))

verify-tfserving: .venv/installed-dev
	deploy/serving/verify.sh $(IMAGE)

kubeflow-env: $(KFP_READY)

kubeflow-e2e: .venv/installed $(KFP_READY)
	$(BIN)/python -m deploy.kubeflow.e2e --kfp-python $(KFP_PYTHON) \
		--image-python "$(call find-python,3.12)"

kubeflow-validate: .venv/installed
	$(BIN)/tessera compile --config deploy/kubeflow/example.yaml -o .cache/kubeflow/pipeline.yaml
	@echo "No rule of Kubeflow Pipelines that we know is broken."
	deploy/kubeflow/validate.sh .cache/kubeflow/pipeline.yaml

# Beam's jars and Beam's Python are of one version.
flink-e2e: .venv/installed .cache/flink/installed
	$(if $(filter 1.16,$(STACK)),,$(error make flink-e2e needs the other stack: TESSERA_STACK=1.16 make flink-e2e))
	$(BIN)/python -m deploy.flink.e2e --jars .cache/flink/lib

docs: .venv/installed
	$(BIN)/python -m docs.generate

audit: $(filter .cache/%,$(UV))
	.ci/audit requirements$(LOCK) $(UV)

sbom: $(filter .cache/%,$(UV))
	$(UV) --no-config tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements \
		requirements$(LOCK) --output-reproducible --output-file sbom.cdx.json

# For one platform: macOS has no TensorFlow that these parts agree on.
lock: $(filter .cache/%,$(UV))
	for part in "" -dev -gpu; do \
		$(COMPILE) requirements$$part.in -c constraints.txt $${part:+-c requirements.lock} \
			--override overrides.txt --python-platform x86_64-manylinux_2_39 -o requirements$$part.lock; \
		$(COMPILE) requirements$$part.in -c constraints-glibc236.txt $${part:+-c requirements-glibc236.lock} \
			--override overrides-glibc236.txt -o requirements$$part-glibc236.lock; \
	done

clean:
	rm -rf .venv .cache

.cache/uv/bin/uv:
	@python=$(or $(PYTHON),python3); "$$python" -c "import venv, ensurepip" || { echo "$$NO_PYTHON" >&2; exit 1; }; \
		"$$python" -m venv .cache/uv
	.cache/uv/bin/python -m pip install --quiet uv

# kfp 2.17 needs protobuf 6, TFX 1.16 protobuf 4.
.cache/kfp/installed: deploy/kubeflow/requirements.txt | $(filter .cache/uv/%,$(UV))
	rm -rf .cache/kfp
	$(UV) --no-config venv --quiet --python "$(WANTED)" .cache/kfp || { echo "$$NO_PYTHON" >&2; exit 1; }
	$(UV) --no-config pip install --quiet --python .cache/kfp/bin/python -r $<
	touch $@

.cache/flink/installed: deploy/flink/pom.xml deploy/flink/jars.sha256 deploy/flink/install.sh
	deploy/flink/install.sh .cache/flink
	touch $@

# Another stack is another environment.
.venv/stack-$(STACK): | $(filter .cache/%,$(UV))
	rm -rf .venv
	$(UV) --no-config venv --quiet --python "$(WANTED)" .venv || { echo "$$NO_PYTHON" >&2; exit 1; }
	touch $@

# Byte code is compiled now: TFX is thousands of files, and the first start would pay for them.
.venv/installed: requirements$(LOCK) setup.py .venv/stack-$(STACK)
	$(INSTALL) --require-hashes -r $<
	$(INSTALL) --no-build-isolation -e .
	touch $@

.venv/installed-dev: requirements-dev$(LOCK) .venv/installed
	$(INSTALL) --require-hashes -r $<
	touch $@
