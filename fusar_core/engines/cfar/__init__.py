"""The weight-free detector: bright targets above a gamma/K threshold of constant false-alarm rate."""

from fusar_core.engines.cfar.engine import CfarEngine
from fusar_core.engines.cfar.settings import Settings

__all__ = ["CfarEngine", "Settings"]
