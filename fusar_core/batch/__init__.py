"""Many scenes: an archive interpreted by several processes on one computer or a cluster, one GeoPackage a scene.

from fusar_core.batch import Settings, find_scenes, run_batch
run_batch(find_scenes(["archive/"]), Path("results"), Settings(engine="cfar"), RayPool(workers=4))
"""

from fusar_core.batch.listing import Listed, find_scenes
from fusar_core.batch.pool import RayPool
from fusar_core.batch.run import BatchResult, run_batch
from fusar_core.batch.work import Settings

__all__ = ["BatchResult", "Listed", "RayPool", "Settings", "find_scenes", "run_batch"]
