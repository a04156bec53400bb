#!/usr/bin/env bash
# Interprets the sample scene with the weight-free detector and shows what came out: scripts/demo.sh [OUT]
# OUT/harbour.gpkg, OUT/harbour*.shp, OUT/harbour.png, and a table of targets against the truth of the sample.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-out}
bin=$here/.venv/bin
sample=$here/resources/sample
[ -x "$bin/fusar" ] || { echo "there is no $bin/fusar yet: run make demo, or make setup first" >&2; exit 1; }

mkdir -p "$out"
"$bin/fusar" interpret "$sample/harbour.tif" --out "$out/harbour.gpkg" --map "$out/harbour.png" \
  --engine cfar --tasks detect,count,locate --classes ship --water-mask "$sample/harbour_water.geojson" \
  --json > "$out/harbour.json"
"$bin/fusar" export "$out/harbour.gpkg" "$out/harbour.shp" >/dev/null
"$bin/python" "$here/scripts/demo_table.py" "$out/harbour.json" "$sample/harbour_truth.geojson"
printf '\nfiles\n'
ls "$out"/harbour.gpkg "$out"/harbour*.shp "$out"/harbour.png | sed 's/^/  /'
