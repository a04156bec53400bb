"""One request to the sidecar at work: what its methods get."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fusar_core.errors import Cancelled

Id: TypeAlias = int | str


@dataclass
class Call:
    """One request at work: its parameters, and its line to the client."""

    id: Id
    params: dict[str, Any]
    notify: Callable[[str, dict[str, Any]], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def cancelled(self) -> bool:
        """Whether the client has asked to stop, or has gone; asked between chips."""
        return self.stop.is_set()

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tells the client how far it is. done, total: in units of `message`, e.g. chips."""
        self.notify("progress", {"id": self.id, "done": done, "total": total, "message": message})

    def features(self, layer: str, features: list[dict[str, Any]], **about: Any) -> None:
        """Sends GeoJSON features of a layer, in the CRS named in `about`."""
        collection = {"type": "FeatureCollection", "features": features}
        self.notify("features", {"id": self.id, "layer": layer, "geojson": collection, **about})


def raise_if_cancelled(call: Call) -> None:
    """Raises Cancelled when the client has asked to stop."""
    if call.cancelled():
        raise Cancelled("Stopped by the user.")
