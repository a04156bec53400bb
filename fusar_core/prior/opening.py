"""The prior of a scene: anchors from a source of embeddings, or why the scene goes without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fusar_core.domain.grid import Grid
from fusar_core.prior.aef import open_source
from fusar_core.prior.anchors import AnchorSampler

NONE = "none"
"""The source that stands for no prior at all."""


@dataclass(frozen=True)
class ScenePrior:
    """sampler: of the scene's anchors, None where it goes without. why_not: why, where a prior was asked for."""

    sampler: AnchorSampler | None
    why_not: str = ""


@contextmanager
def open_prior(grid: Grid, year: int | None, spec: str | None) -> Iterator[ScenePrior]:
    """The prior of a scene with this grid and year from the source that `spec` names (see `fusar_core.prior.aef`).

    Without a sampler where there is no spec, for `none`, and where a prior is impossible: a scene without georeference
    or whose year nobody knows goes on without.

    Raises UnknownSource, SourceElsewhere, SourceDenied, SourceUnavailable.
    """
    if spec is None or spec == NONE:
        yield ScenePrior(None)
    elif not grid.is_georeferenced:
        yield ScenePrior(None, "Without georeference nobody knows which embeddings belong to the scene: no prior.")
    elif year is None:
        yield ScenePrior(None, "Without a year of acquisition there is no prior: give it with --year.")
    else:
        source = open_source(spec)
        try:
            yield ScenePrior(AnchorSampler(source, year))
        finally:
            source.close()
