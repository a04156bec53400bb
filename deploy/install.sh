#!/usr/bin/env bash
# The worker into an environment of its own, from the checkout this script lies in: deploy/install.sh /opt/fusar
#
# TORCH=torch==2.13.0+cu130 and TORCH_INDEX=URL choose the build of torch; every other package is the file whose hash
# locks/worker.txt holds. An environment that is there is brought up to date.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
cd "$(dirname "$0")/.."
[ -x "$1/bin/python" ] || python3 -m venv "$1"
pip() { "$1/bin/python" -m pip --disable-pip-version-check install --quiet "${@:2}"; }
pip "$1" ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "${TORCH:-$(grep '^torch==' constraints.txt)}"
pip "$1" --no-deps --require-hashes -r locks/worker.txt
pip "$1" --no-deps --force-reinstall .
"$1/bin/fusar" --version
