"""Texts in the user's language: `tr` marks and translates, `install` loads the catalogue of QGIS's language."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

CONTEXT = "Fusar"
FOLDER = Path(__file__).parent / "i18n"


def tr(text: str) -> str:
    """The text in the user's language, or as it is. Texts must be literals, which
    scripts/translations.py collects, or titles of tasks."""
    return QCoreApplication.translate(CONTEXT, text)


def install(locale: str | None = None) -> QTranslator | None:
    """Loads the catalogue of a locale such as `zh_CN` (default: QGIS's); None when there is none."""
    language = (locale or QgsApplication.locale() or "en").replace("-", "_").split("_")[0]
    catalogue = FOLDER / f"fusar_{language}.qm"
    if not catalogue.exists():
        return None
    translator = QTranslator()
    if not translator.load(str(catalogue)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def remove(translator: QTranslator | None) -> None:
    """Takes back what `install` did."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
