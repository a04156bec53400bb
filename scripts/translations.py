"""Translations of the plugin: collects the texts in tr("…"), keeps what is translated, makes the catalogue QGIS reads.

    python3 scripts/translations.py            # fusar_qgis/i18n/fusar_zh.ts from the sources, and .qm by lrelease
    python3 scripts/translations.py --check    # writes nothing; fails where the other would change the .ts

Exit status 1 where a text has no translation; what to do about it is printed. lrelease comes with Qt (Debian:
qttools5-dev-tools).
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "fusar_qgis"
LANGUAGES = {"zh": "zh_CN"}
CONTEXT = "Fusar"  # fusar_qgis/translation.py:CONTEXT


def texts() -> list[str]:
    """Every literal text in tr("…"), in the order of files and lines; then the titles of the tasks of a scene."""
    found: dict[str, None] = {}
    for path in sorted(PLUGIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr"
            if named and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                found[node.args[0].value] = None
    tasks = json.loads((PLUGIN / "tasks.json").read_text("utf-8"))
    found |= {task["title"]: None for task in tasks if task["about"] in ("class", "chip")}
    return list(found)


def translations(path: Path) -> dict[str, str]:
    """Text → translation, as a .ts file has them; empty translations left out."""
    if not path.exists():
        return {}
    messages = ElementTree.parse(path).getroot().iter("message")
    pairs = ((m.findtext("source") or "", m.findtext("translation") or "") for m in messages)
    return {source: translation for source, translation in pairs if translation}


def content(language: str, known: dict[str, str]) -> str:
    """A .ts file with the texts of the sources."""
    root = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    for text in texts():
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = text
        translation = ElementTree.SubElement(message, "translation")
        if text in known:
            translation.text = known[text]
        else:
            translation.set("type", "unfinished")
    ElementTree.indent(root, " ")
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n'


def release(path: Path) -> None:
    """Makes the catalogue that QGIS reads of a .ts file."""
    lrelease = shutil.which("lrelease")
    if lrelease is None:
        sys.exit("There is no lrelease: install Qt's tools (Debian: qttools5-dev-tools).")
    subprocess.run([lrelease, "-silent", str(path), "-qm", str(path.with_suffix(".qm"))], check=True)


def main() -> int:
    faults = []
    for name, language in LANGUAGES.items():
        path = PLUGIN / "i18n" / f"fusar_{name}.ts"
        known = translations(path)
        made = content(language, known)
        if "--check" not in sys.argv:
            path.write_text(made, encoding="utf-8")
            release(path)
        elif made != path.read_text("utf-8"):
            faults.append(f"{path.name} is not what the sources say. Run: python3 scripts/translations.py")
        if left := [text for text in texts() if text not in known]:
            faults += [f"{name}: not translated: {text}" for text in left]
            faults.append(f'Write them into {path} in place of type="unfinished", and run this again.')
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
