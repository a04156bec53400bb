"""The user guide in a window of its own: the text and pictures that come with the plugin."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QImage, QTextDocument
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout

from ..translation import tr

NAME = "user-guide.md"
PACKAGE = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 860, 760
MARGIN = 24


def guide_file() -> Path:
    """Of the installed plugin, else of the checkout that it runs from."""
    own = PACKAGE / "guide" / NAME
    return own if own.is_file() else PACKAGE.parent / "docs" / NAME


class GuideWindow(QDialog):
    """Stays open beside the work."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("FUSAR: user guide"))
        self.resize(WIDTH, HEIGHT)
        self.browser = _Browser(self)
        self.browser.read(guide_file())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(self.browser)
        column.addWidget(buttons)


class _Browser(QTextBrowser):
    """Markdown with pictures no wider than the window."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self.setOpenExternalLinks(True)
        self._folder = Path()

    def read(self, path: Path) -> None:
        self._folder = path.parent
        self.setMarkdown(path.read_text("utf-8"))

    def loadResource(self, kind: int, name: QUrl):  # the name Qt calls
        if kind != QTextDocument.ResourceType.ImageResource or not name.isRelative():
            return super().loadResource(kind, name)
        picture = QImage(str(self._folder / name.path()))
        room = WIDTH - 2 * MARGIN
        if picture.width() > room:
            return picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        return picture
