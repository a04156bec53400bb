"""AlphaEarth embeddings: 64 numbers for every place on land and every year, from several sources.

`open_source` gives a source by name; every source samples vectors at longitudes and latitudes.
"""

from fusar_core.prior.aef.opening import open_source
from fusar_core.prior.aef.source import ATTRIBUTION, YEARS, EmbeddingSource, NoEmbeddings

__all__ = ["ATTRIBUTION", "YEARS", "EmbeddingSource", "NoEmbeddings", "open_source"]
