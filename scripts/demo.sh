#!/usr/bin/env bash
# Interprets the sample scene with the weight-free detector, and with fusar-nano where it has been made, and shows what
# came out: scripts/demo.sh [OUT]
# OUT/harbour.gpkg and OUT/harbour*.shp, OUT/harbour.png (with nano: both maps and the anchors), and a table of targets
# against the truth of the sample.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-out}
bin=$here/.venv/bin
sample=$here/resources/sample
prior=$sample/harbour_aef_2024.tif
[ -x "$bin/fusar" ] || { echo "there is no $bin/fusar yet: run make demo, or make setup first" >&2; exit 1; }

mkdir -p "$out"
interpret() { # NAME ENGINE TASKS [OPTION...]
  "$bin/fusar" interpret "$sample/harbour.tif" --out "$out/$1.gpkg" --map "$out/$1-map.png" --engine "$2" --tasks "$3" \
    --classes ship --water-mask "$sample/harbour_water.geojson" --json "${@:4}" > "$out/$1.json"
}
interpret harbour cfar detect,count,locate
runs=(harbour)
if [ -e "$here/resources/models/fusar-nano/config.json" ] && "$bin/python" -c 'import torch' 2>/dev/null; then
  interpret nano fusar detect,count,locate,describe --prior "$prior"
  "$bin/fusar" anchors "$sample/harbour.tif" --source "$prior" --grid 40 --out "$out/anchors.npz" \
    --preview "$out/anchors.png" >/dev/null
  "$bin/python" "$here/scripts/demo_picture.py" "$out/harbour.png" "$out"/{harbour-map,nano-map,anchors}.png
  runs+=(nano)
else
  cp "$out/harbour-map.png" "$out/harbour.png"
fi
"$bin/fusar" export "$out/harbour.gpkg" "$out/harbour.shp" >/dev/null
for run in "${runs[@]}"; do
  "$bin/python" "$here/scripts/demo_table.py" "$out/$run.json" "$sample/harbour_truth.geojson"
done
printf '\nfiles\n'
ls "$out"/harbour.gpkg "$out"/harbour*.shp "$out"/harbour.png | sed 's/^/  /'
