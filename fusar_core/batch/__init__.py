"""Many scenes: an archive interpreted by several processes on one computer or a cluster, one GeoPackage a scene.

from fusar_core.batch import RayPool, Run, find_scenes, run_batch
run_batch(find_scenes(["archive/"]), Path("results"), Run(engine="cfar"), RayPool(workers=4))
"""

from fusar_core.batch.listing import Listed, find_scenes
from fusar_core.batch.pool import RayPool
from fusar_core.batch.run import BatchResult, run_batch
from fusar_core.interpretation.run import Run

__all__ = ["BatchResult", "Listed", "RayPool", "Run", "find_scenes", "run_batch"]
