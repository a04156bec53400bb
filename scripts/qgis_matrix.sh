#!/usr/bin/env bash
# Loads dist/fusar_qgis.zip in several versions of QGIS, as QGIS starts a plugin, and runs tests/matrix/smoke.py there with
# a real engine. Chroots are made on first use: root, 3 minutes and 3 GB each.
#   QGIS_TOOLS   folder with mk_chroot.sh and run_in.sh
#   QGIS_BASE    folder for the chroots (default: build/qgis)
#   SUITES       which: host is this machine's QGIS, trixie 3.40, sid 3.44 (default: all three)
set -euo pipefail
cd "$(dirname "$0")/.."
: "${QGIS_TOOLS:?set QGIS_TOOLS to the folder with mk_chroot.sh and run_in.sh}"
export QGIS_BASE=${QGIS_BASE:-$PWD/build/qgis}
ZIP=dist/fusar_qgis.zip
read -ra suites <<< "${SUITES:-host trixie sid}"
# The engine of a chroot: the wheel from the zip on Debian's own packages. A virtual environment would need an index.
ENGINE_NEEDS=(python3-rasterio python3-pyogrio python3-shapely python3-scipy python3-pyproj python3-click python3-platformdirs
  python3-requests python3-pil python3-matplotlib)

say() { printf '[qgis] %s\n' "$*" >&2; }

make_chroot() { # SUITE: as mk_chroot.sh makes it, and what the engine needs
  local root=$QGIS_BASE/$1
  [ -x "$root/usr/bin/qgis" ] || { say "making the chroot $1"; "$QGIS_TOOLS/mk_chroot.sh" "$1" >&2; }
  [ -d "$root/usr/lib/python3/dist-packages/pyogrio" ] && [ -d "$root/usr/lib/python3/dist-packages/rasterio" ] && return
  say "packages of the engine for $1"
  mount -t proc proc "$root/proc"
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -q --no-install-recommends "${ENGINE_NEEDS[@]}" >&2 || true
  umount "$root/proc"
  [ -d "$root/usr/lib/python3/dist-packages/pyogrio" ]
}

stage() { # FOLDER: what the test needs, for chroots cannot see this checkout
  rm -rf "$1" && mkdir -p "$1/engine"
  cp resources/sample/harbour.tif resources/sample/harbour_water.geojson "$1/"
}

engine_in() { # FOLDER INSIDE: writes FOLDER/engine/fusar, which runs the wheel's code by its path INSIDE the chroot
  unzip -q -o "$ZIP" 'fusar_qgis/wheels/*.whl' -d "$1"
  unzip -q -o "$1"/fusar_qgis/wheels/*.whl -d "$1/engine"
  printf '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "%s/engine")\nfrom fusar_core.cli import main\nmain()\n' "$2" > "$1/engine/fusar"
  chmod +x "$1/engine/fusar"
}

failed=()
for suite in "${suites[@]}"; do
  say "$suite"
  if [ "$suite" = host ]; then
    folder=$(mktemp -d) inside=$folder engine=$PWD/.venv/bin/fusar
    stage "$folder"
  else
    make_chroot "$suite" || { failed+=("$suite"); continue; }
    folder=$QGIS_BASE/$suite/tmp/fusar_smoke inside=/tmp/fusar_smoke engine=/tmp/fusar_smoke/engine/fusar
    stage "$folder"
    engine_in "$folder" "$inside"
  fi
  for script in smoke gui; do
    "$QGIS_TOOLS/run_in.sh" "$suite" "$ZIP" tests/matrix/$script.py "$inside" "$engine" || failed+=("$suite $script")
  done
  rm -rf "$folder"
done
[ ${#failed[@]} -eq 0 ] || { say "failed: ${failed[*]}"; exit 1; }
say "passed: ${suites[*]}"
