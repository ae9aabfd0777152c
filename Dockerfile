# The image of every step of a Kubeflow pipeline. Build it with BuildKit, from the project's root:
#   docker build -t registry.example/tessera:1 .
#   docker build -t registry.example/tessera:1-gpu --build-arg LOCK=requirements-gpu.lock .
# Behind a company's proxy, hand in the package index and the certificates; neither stays inside:
#   --build-arg INDEX_URL=https://packages.example/simple --secret id=ca,src=/etc/ssl/certs/ca.pem
# Any image of Debian 13 (or another system of glibc 2.38) with Python 3.12 will do; it need not come
# from a registry. One wheel is built from source: where the build image has no C++ compiler, Debian's
# is installed. The two must have Python at one path.
ARG BASE_IMAGE=python:3.12-slim-trixie@sha256:f77ac9e44ae96ef2c90b8053ea08c31f8be030f824196b0ae4db6d462c84e51f
ARG BUILD_IMAGE=${BASE_IMAGE}

# The environment, which only a new lock makes anew. Byte code is compiled now: loading TFX takes
# 5 to 7 seconds a step with it and 22 without.
FROM ${BUILD_IMAGE} AS environment
ARG LOCK=requirements.lock
ARG INDEX_URL=https://pypi.org/simple
ARG UV_VERSION=0.13.9
RUN command -v c++ >/dev/null \
 || { apt-get update -q && apt-get install -qy --no-install-recommends g++; }
COPY ${LOCK} /opt/requirements.lock
RUN --mount=type=secret,id=ca,target=/run/secrets/ca --mount=type=cache,target=/root/.cache \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca PIP_CERT=/run/secrets/ca; fi \
 && python3.12 -m venv /opt/uv \
 && /opt/uv/bin/pip install --quiet --index-url "${INDEX_URL}" "uv==${UV_VERSION}" \
 && /opt/uv/bin/uv --no-config venv --quiet --python "$(command -v python3.12)" /opt/venv \
 && UV_LINK_MODE=copy UV_SYSTEM_CERTS=1 /opt/uv/bin/uv --no-config pip install --quiet \
      --python /opt/venv/bin/python --index-url "${INDEX_URL}" --no-deps --require-hashes \
      --compile-bytecode -r /opt/requirements.lock

FROM ${BASE_IMAGE}
# One fixed user for all steps: SQLite's file and the folders are writable for their owner alone.
RUN groupadd --gid 10001 tessera \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin tessera
COPY --from=environment /opt/venv /opt/venv

# Nothing is written but the volume and the temporary folder: a read-only root and a user without
# a home will do.
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONPATH=/opt/tessera \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    TMPDIR=/tmp

# The code comes last: a new version of it is one small layer.
WORKDIR /opt/tessera
COPY schemas schemas
COPY components components
COPY trainer trainer
COPY serving serving
COPY pipeline pipeline
RUN python -m compileall -q .
USER 10001:10001
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Tessera" \
      org.opencontainers.image.description="Every step of a Tessera pipeline, and its command line" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Kubeflow names the command of each step; this is for people.
CMD ["python", "-c", "from pipeline.cli import main; main()"]
