#!/usr/bin/env bash
# Makes the environments named as arguments: engine (.venv), model (torch + transformers into .venv), train (DeepSpeed
# and TensorBoard into .venv), worker (Ray Serve into .venv), docs (the site's builder into .venv), qgis (.venv-qgis).
# Versions and hashes are those of locks/ (`make lock` renews them). A stamp that hashes the inputs makes a second run
# return at once. PYTHON= chooses the interpreter of the engine.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '[setup] %s\n' "$*" >&2; }

install_debian() { # packages of the system, as root or by password-less sudo; else the line to type
  local sudo=
  if ! command -v apt-get >/dev/null; then
    say "this step needs the packages: $* — install them with your system's package manager, then run make again"; exit 1
  fi
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || { say "run first: sudo apt-get install --no-install-recommends $*"; exit 1; }
    sudo=sudo
  fi
  say "installing Debian packages: $*"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

stamp() { # STAMP_FILE INPUT...: true when the stamp was made from these very inputs
  local file=$1; shift
  [ -e "$file" ] && [ "$(cat "$file")" = "$(cat "$@" | sha256sum)" ]
}

locked() { # ENVIRONMENT...: the packages of these locks, those files and no others
  local wanted=() name
  for name in "$@"; do wanted+=(-r "locks/$name.txt"); done
  .venv/bin/python -m pip install -q --no-deps --require-hashes "${wanted[@]}"
}

engine() {
  stamp .venv/.engine-stamp pyproject.toml locks/core.txt locks/dev.txt scripts/setup.sh && return
  command -v "$PYTHON" >/dev/null || install_debian python3 python3-venv
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { say "$PYTHON is $("$PYTHON" --version 2>&1): Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11 …)"; exit 1; }
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || install_debian python3-venv
  say "engine environment .venv ($("$PYTHON" --version 2>&1))"
  [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
  locked core dev
  .venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .
  cat pyproject.toml locks/core.txt locks/dev.txt scripts/setup.sh | sha256sum > .venv/.engine-stamp
}

model() {
  stamp .venv/.model-stamp locks/model.txt constraints.txt scripts/setup.sh && return
  say "torch (CPU build), transformers and peft into .venv"
  # Torch exact and without a hash: which file it is depends on the build that this machine wants. TORCH_INDEX= names a
  # package index of CPU builds where pip's own has none.
  .venv/bin/python -m pip install -q ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' constraints.txt)"
  locked model
  cat locks/model.txt constraints.txt scripts/setup.sh | sha256sum > .venv/.model-stamp
}

extra() { # NAME WHAT: an extra's packages beside those of the engine
  stamp ".venv/.$1-stamp" "locks/$1.txt" scripts/setup.sh && return
  say "$2 into .venv"
  locked "$1"
  cat "locks/$1.txt" scripts/setup.sh | sha256sum > ".venv/.$1-stamp"
}

qgis() {
  stamp .venv-qgis/.stamp locks/qgis.txt scripts/setup.sh && return
  # QGIS's Python modules are built for the system's interpreter, so this environment is always its.
  /usr/bin/python3 -c 'import qgis.core' 2>/dev/null || install_debian python3-qgis qgis
  /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || install_debian python3-venv
  say "QGIS environment .venv-qgis ($(/usr/bin/python3 -c 'from qgis.core import Qgis; print("QGIS", Qgis.QGIS_VERSION)' 2>/dev/null))"
  [ -x .venv-qgis/bin/python ] || /usr/bin/python3 -m venv --system-site-packages .venv-qgis
  .venv-qgis/bin/python -m pip install -q --no-deps --require-hashes -r locks/qgis.txt
  cat locks/qgis.txt scripts/setup.sh | sha256sum > .venv-qgis/.stamp
}

for step in "$@"; do
  case $step in
    engine | model | qgis) "$step" ;;
    train) extra train "DeepSpeed and TensorBoard" ;;
    worker) extra worker "Ray Serve and FastAPI" ;;
    docs) extra docs "the builder of the documentation site" ;;
    *) say "unknown environment '$step': engine, model, train, worker, docs or qgis"; exit 2 ;;
  esac
done
