"""Makes the styles of the result layers, fusar_qgis/resources/*.qml: symbols, labels, aliases, attribute form.

Run with QGIS's Python, the oldest QGIS supported: newer ones read what it writes.
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 scripts/make_styles.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsEditorWidgetSetup,
    QgsFillSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsRendererCategory,
    QgsRuleBasedRenderer,
    QgsSingleSymbolRenderer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtGui import QColor  # noqa: E402

from fusar_qgis import layers  # noqa: E402

SHIP, OTHER, CONFIRMED, REJECTED, DOUBTFUL = "#f08a24", "#00b7c7", "#2e9e4f", "#9a9a9a", "#b39ddb"
LABEL_SCALE = 60_000  # labels from 1 : 60,000 on; farther out they would cover the ships

ALIASES = {
    "class": "Class",
    "score": "Confidence (0 to 1)",
    "length_m": "Length (m)",
    "width_m": "Width (m)",
    "area_m2": "Area (m²)",
    "task": "Task",
    "prompt": "Asked with",
    "engine": "Engine",
    "model": "Model",
    "scene": "Scene",
    "acquired": "Acquired (UTC)",
    "chip": "Chip",
    "px_bbox": "Box in scene pixels",
    "parse_status": "Answer read",
    "raw_text": "Engine's own words",
    "aef_year": "Year of AlphaEarth prior",
    "flags": "Doubts",
    "review": "Review",
    "cell": "Cell (1 to 9)",
    "row": "Row",
    "col": "Column",
    "present": "Target present",
    "question": "Question",
    "answer": "Answer",
    "value": "Value",
    "source": "Source",
    "year_requested": "Year wanted",
    "year_used": "Year used",
    "y": "Position down (0 to 1)",
    "x": "Position across (0 to 1)",
}
LONG = ("raw_text", "prompt", "answer")
REVIEWS = {"unreviewed": "unreviewed", "confirmed": "confirmed", "rejected": "rejected"}


def outline(colour: str, style: str = "solid", width: float = 0.42, fill: str = "0,0,0,0") -> QgsFillSymbol:
    """An empty box of a colour; the pixels of the scene stay visible."""
    return QgsFillSymbol.createSimple(
        {
            "color": fill,
            "style": "no" if fill.endswith(",0") else "solid",  # else a selection would cover the target
            "outline_color": colour,
            "outline_style": style,
            "outline_width": str(width),
            "joinstyle": "miter",
        }
    )


def detections(layer: QgsVectorLayer) -> None:
    root = QgsRuleBasedRenderer.Rule(None)
    for label, expression, symbol in (
        ("rejected", "\"review\" = 'rejected'", outline(REJECTED, "dot", 0.3)),
        ("confirmed", "\"review\" = 'confirmed'", outline(CONFIRMED, width=0.6)),
        (
            "doubtful",
            "coalesce(\"flags\", '') <> '' AND \"review\" NOT IN ('rejected', 'confirmed')",
            outline(DOUBTFUL, "dash", 0.42),
        ),
        (
            "ship",
            "\"class\" = 'ship' AND coalesce(\"flags\", '') = '' AND \"review\" NOT IN ('rejected', 'confirmed')",
            outline(SHIP),
        ),
        ("other", "ELSE", outline(OTHER)),
    ):
        rule = QgsRuleBasedRenderer.Rule(symbol, 0, 0, expression, label)
        if expression == "ELSE":
            rule.setIsElse(True)
        root.appendChild(rule)
    layer.setRenderer(QgsRuleBasedRenderer(root))
    words = (
        "\"class\" || coalesce(' ' || format_number(\"score\", 2), '')"
        " || coalesce('\\n' || round(\"length_m\") || ' m', '')"
    )
    label_with(layer, f"CASE WHEN coalesce(\"review\", '') <> 'rejected' THEN {words} END", LABEL_SCALE)
    layer.setDisplayExpression("\"class\" || ' ' || coalesce(format_number(\"score\", 2), '')")
    size = "coalesce(round(\"length_m\") || ' × ' || round(\"width_m\") || ' m', '')"
    flags = "replace(coalesce(\"flags\", ''), '_', ' ')"
    layer.setMapTipTemplate(
        f"<b>{shown('class')}</b> [% coalesce(format_number(\"score\", 2), '') %]<br>[% {size} %]<br>"
        f"{shown('scene')} {shown('acquired')}<br>[% {escaped(flags)} %] {shown('review')}"
    )


def grid_cells(layer: QgsVectorLayer) -> None:
    layer.setRenderer(
        QgsCategorizedSymbolRenderer(
            "present",
            [
                QgsRendererCategory(True, outline(SHIP, width=0.8), "targets"),
                QgsRendererCategory(False, outline(REJECTED, width=0.3), "none"),
            ],
        )
    )
    label_with(layer, '"cell" || CASE WHEN "present" THEN \' \' || "class" ELSE \'\' END', 2_000_000)
    layer.setDisplayExpression('"cell" || \' \' || "class"')
    layer.setMapTipTemplate(f"<b>{shown('cell')}</b> {shown('class')}")


def answers(layer: QgsVectorLayer) -> None:
    layer.setRenderer(QgsSingleSymbolRenderer(outline("#1f78b4", "dash", 0.5)))
    label_with(layer, '"task" || \': \' || left("answer", 80)', 2_000_000)
    layer.setDisplayExpression('"question" || \' \' || "answer"')
    layer.setMapTipTemplate(f"<b>{shown('question')}</b><br>{shown('answer')}")


def anchors(layer: QgsVectorLayer) -> None:
    symbol = QgsMarkerSymbol.createSimple(
        {"name": "circle", "color": "#4caf50", "outline_color": "#ffffff", "outline_width": "0.2", "size": "1.8"}
    )
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    layer.setMapTipTemplate(f"{shown('source')} {shown('year_used')}")


def escaped(expression: str) -> str:
    """An expression whose text a map tip, which is HTML, shows literally: names and a model's words are not ours."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        expression = f"replace({expression}, '{character}', '{entity}')"
    return expression


def shown(field: str) -> str:
    """A field in a map tip. Every layer has one: without it QGIS shows the display name, as HTML."""
    text = f"coalesce(to_string(\"{field}\"), '')"
    return f"[% {escaped(text)} %]"


def label_with(layer: QgsVectorLayer, expression: str, farthest: int) -> None:
    """Labels with a halo, from a scale of 1 : farthest on."""
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.8)
    halo.setColor(QColor(255, 255, 255, 210))
    text = QgsTextFormat()
    text.setSize(8)
    text.setColor(QColor("#12344d"))
    text.setBuffer(halo)
    settings = QgsPalLayerSettings()
    settings.fieldName = expression
    settings.isExpression = True
    settings.placement = QgsPalLayerSettings.Placement.OutsidePolygons
    settings.scaleVisibility = True
    settings.minimumScale = farthest
    settings.maximumScale = 0
    settings.setFormat(text)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def form(layer: QgsVectorLayer) -> None:
    """Aliases for all fields; `review` is chosen from a list, all else is shown and not edited."""
    config = layer.editFormConfig()
    for at, field in enumerate(layer.fields()):
        name = field.name()
        if name in ALIASES:
            layer.setFieldAlias(at, ALIASES[name])
        if name == "review":
            layer.setEditorWidgetSetup(
                at, QgsEditorWidgetSetup("ValueMap", {"map": [{v: k} for k, v in REVIEWS.items()]})
            )
            continue
        kind = "CheckBox" if name == "present" else "TextEdit"
        layer.setEditorWidgetSetup(
            at, QgsEditorWidgetSetup(kind, {"IsMultiline": name in LONG} if kind == "TextEdit" else {})
        )
        config.setReadOnly(at, name != "class")
    layer.setEditFormConfig(config)


def main() -> None:
    app = QgsApplication([], False)
    app.initQgis()
    for name, paint in (
        ("detections", detections),
        ("grid_cells", grid_cells),
        ("answers", answers),
        ("anchors", anchors),
    ):
        layer = layers.memory_layer(name, name, QgsCoordinateReferenceSystem("EPSG:4326"))
        paint(layer)
        form(layer)
        path = layers.RESOURCES / f"{name}.qml"
        text, fine = layer.saveNamedStyle(str(path))
        if not fine:
            raise SystemExit(text)
        said = path.read_text(encoding="utf-8")
        # What a new layer would take over needlessly: this machine's font, keys of symbols made at random.
        said = re.sub(r' font(Family)="[^"]*"', r' font\1="Open Sans"', said)
        path.write_text(said, encoding="utf-8")
        print(path.relative_to(ROOT), len(said), "bytes")
        del layer
    app.exitQgis()


if __name__ == "__main__":
    main()
