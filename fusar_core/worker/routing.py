"""Which replica a question goes to: the one that has seen its image, unless another has much less to do."""

from __future__ import annotations

import hashlib
from typing import Any

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from fusar_core.worker.jobs import Job


class ImageRouter(RequestRouter):
    """Questions about one image go to one replica, which then encodes it once: the replica with the highest hash of
    image and replica together, so that when a replica comes or goes only its own images move."""

    def initialize_state(self, slack: int = 4) -> None:
        """slack: by how many jobs the image's own replica may be ahead of the least busy one."""
        self._slack = slack

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """Replicas by rank: the image's own first, then the others; all alike where its own has too much to do.

        A request without an image goes to the least busy. Empty when there is no replica.
        """
        if not candidate_replicas:
            return []
        job = pending_request.args[0] if pending_request and pending_request.args else None
        key = job.image_key if isinstance(job, Job) else ""
        own = max(candidate_replicas, key=lambda r: _hash(key, r.replica_id.unique_id))
        others = [r for r in candidate_replicas if r is not own]
        lengths = {id(r): self._length(r) for r in candidate_replicas}
        if not key or lengths[id(own)] - min(lengths.values()) > self._slack:
            return [candidate_replicas]  # Ray takes the least busy of these
        return [[own], others] if others else [[own]]

    def _length(self, replica: Any) -> int:
        return self.replica_queue_len_cache.get(replica.replica_id) or 0


def _hash(key: str, replica: str) -> bytes:
    return hashlib.blake2b(f"{key} {replica}".encode(), digest_size=8).digest()
