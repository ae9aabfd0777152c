#!/usr/bin/env bash
# Runs a command in a copy of this checkout under Debian 13, where the stack of TFX 1.21 can be
# installed whatever this system's glibc is. Needs root and Debian's debootstrap.
#   TESSERA_STACK=1.21 PYTHON=python3.12 deploy/debian13.sh make test TESTS=tests/schemas
# PYTHON is one of this system's, which is shown there; without it uv fetches its own, where it can.
# The root stays in .cache/debian13, with the environments and the caches made in it. The mounts are
# those of a namespace that ends with the command: nothing is left mounted, however it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD root=$PWD/.cache/debian13
# What make, git and the build of pyfarmhash need, and the libraries of a Python from elsewhere.
packages=ca-certificates,git,make,g++,procps,util-linux,libssl3t64,libsqlite3-0,libffi8,libreadline8t64
packages+=,liblzma5,libbz2-1.0,libncursesw6,zlib1g,libuuid1,libcrypt1,libexpat1

fail() { echo "debian13.sh: $1" >&2; exit 2; }
[ $# -gt 0 ] || fail "give the command to run."
[ "$(id -u)" = 0 ] || fail "only root can make and enter a system's root; run it by sudo."
command -v debootstrap >/dev/null || fail "debootstrap is absent; run apt-get install debootstrap."

mkdir -p .cache
exec 9>"$root.lock"  # held by the command itself, until it ends
flock --nonblock 9 || fail "another command runs in $root."

# One under /usr is part of this system and cannot be shown in another.
prefix=${PYTHON:+$("$PYTHON" -c 'import sys; print(sys.base_prefix)')}
[ "$prefix" != /usr ] || prefix=
echo "Debian 13 in $root, with ${prefix:-the Python that uv fetches there}"

if [ ! -e "$root/made" ]; then
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include="$packages" trixie "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root.log" 2>&1 ||
        { tail "$root.log" >&2; fail "debootstrap failed; see $root.log."; }
    touch "$root/made"
fi
cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -s /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# The checkout as it is now, a repository of its own; what is ignored there is kept.
copy=$root/project/tessera
mkdir -p "$copy"
[ -d "$copy/.git" ] || git init --quiet "$copy"
git -C "$copy" ls-files -z | (cd "$copy" && xargs -0 -r rm -f)
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar -c --null -T - | tar -x --no-same-owner -C "$copy"
git -C "$copy" add --all

data=${TESSERA_DATA:-$project/../shared/data}
export ROOT=$root PREFIX=$prefix DATA=$([ ! -d "$data" ] || realpath "$data")
exec unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    show() { mkdir -p "$2"; mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; }
    [ -z "$PREFIX" ] || show "$PREFIX" "$ROOT$PREFIX"
    [ -z "$DATA" ] || show "$DATA" "$ROOT/data"
    exec chroot "$ROOT" env --chdir=/project/tessera HOME=/root TMPDIR=/tmp TESSERA_DATA=/data \
        PATH="${PREFIX:+$PREFIX/bin:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
' debian13 "$@"
