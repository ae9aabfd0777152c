#!/bin/bash
# Brings Java, and the jars of Flink with Beam's job service, into a folder; what is there stays.
# Usage: install.sh FOLDER. As root on Debian and Ubuntu it installs what is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
lib=$(cd "$1" && pwd)/lib  # Maven would take a relative folder as one beside the pom
checked() { (cd "$lib" && sha256sum --quiet --check "$here/jars.sha256"); }

missing=()
java -version >/dev/null 2>&1 || missing+=(openjdk-17-jre-headless)
[ -d "$lib" ] && checked 2>/dev/null || mvn --version >/dev/null 2>&1 || missing+=(maven)
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
    echo "Install ${missing[*]} (Java 17 and Maven), then run make again." >&2
    exit 2
  }
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
    "${missing[@]}" >/dev/null
fi
if ! { [ -d "$lib" ] && checked 2>/dev/null; }; then
  rm -rf "$lib"
  mvn --quiet --batch-mode --strict-checksums -f "$here/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$lib"
  checked
fi
