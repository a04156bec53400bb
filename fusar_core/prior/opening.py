"""The prior of a scene: anchors from a source of embeddings, or a warning why the scene goes without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fusar_core.prior.aef import open_source
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene


@contextmanager
def open_prior(scene: SarScene, spec: str | None) -> Iterator[AnchorSampler | None]:
    """The sampler of a scene's anchors from the source that `spec` names (see `fusar_core.prior.aef.open_source`).

    None without a spec, for `none`, and where a prior is impossible: a scene without georeference or whose year nobody
    knows goes on without, and its warnings say so.

    Raises UnknownSource, SourceElsewhere, SourceDenied, SourceUnavailable.
    """
    if spec is None or spec == "none":
        yield None
        return
    if not scene.grid.is_georeferenced:
        scene.warnings.append("Without georeference nobody knows which embeddings belong to the scene: no prior.")
        yield None
        return
    if scene.acquisition.year is None:
        scene.warnings.append("Without a year of acquisition there is no prior: give it with --year.")
        yield None
        return
    source = open_source(spec)
    try:
        yield AnchorSampler(source, scene.acquisition.year)
    finally:
        source.close()
