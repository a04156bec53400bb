"""The disk cache that all sources of embeddings share: what was fetched once is never fetched again.

One file an entry, named by the hash of its key, with a checksum before the payload. Files are written beside their
place and renamed, so processes may fill one cache together, and a damaged or half-written entry is found out, removed
and fetched again. The entries unused for longest go when the size limit is reached. Nothing is unpickled. (diskcache,
the usual library, was considered: no release since 2023, and CVE-2025-69872 lies in its use of pickle.)
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from fusar_core.errors import BadOption

ENV_FOLDER = "FUSAR_CACHE_DIR"
ENV_LIMIT = "FUSAR_CACHE_LIMIT_GB"
DEFAULT_LIMIT_GB = 10.0

_MAGIC = b"FUSAR\x01"
_DIGEST_SIZE = 16
_SUFFIX = ".entry"
_STALE_S = 3600.0


@dataclass(frozen=True)
class CacheUse:
    """What lies in the cache: entries and bytes of each source, and the limit for all together."""

    folder: Path
    limit_bytes: int
    entries: dict[str, int]
    bytes: dict[str, int]

    @property
    def total_bytes(self) -> int:
        """Of all sources together: what is held against `limit_bytes`."""
        return sum(self.bytes.values())


class DiskCache:
    """Byte strings by (source, key) in a folder.

    folder: FUSAR_CACHE_DIR, or the user's cache folder, when None. limit_bytes: FUSAR_CACHE_LIMIT_GB, or 10 GB, when
    None; 0 keeps nothing. That a cache cannot be written (full disk, no permission) is no error: it is fetched again.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int | None = None) -> None:
        self.folder = folder or default_folder()
        self.limit_bytes = default_limit_bytes() if limit_bytes is None else limit_bytes
        self._lock = threading.Lock()
        self._written_since_trim = self.limit_bytes  # the first write looks how full the cache already is

    def get(self, source: str, key: str) -> bytes | None:
        """The payload, or None when there is none or it is damaged (then it is removed)."""
        path = self._path(source, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST_SIZE
        payload = content[start:]
        if content[: len(_MAGIC)] != _MAGIC or content[len(_MAGIC) : start] != _digest(payload):
            self.drop(source, key)
            return None
        with suppress(OSError):
            os.utime(path)  # time of last use, by which entries leave
        return payload

    def put(self, source: str, key: str, payload: bytes) -> None:
        """Keeps a payload; it replaces one of the same key."""
        size = len(payload) + len(_MAGIC) + _DIGEST_SIZE
        if size > self.limit_bytes:
            return
        path = self._path(source, key)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(_MAGIC + _digest(payload))
                file.write(payload)
            os.replace(temporary, path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            return
        with self._lock:
            self._written_since_trim += size
            due = self._written_since_trim >= self.limit_bytes / 50
            if due:
                self._written_since_trim = 0
        if due:
            self._trim()

    def drop(self, source: str, key: str) -> None:
        """Forgets one entry."""
        with suppress(OSError):
            self._path(source, key).unlink()

    def use(self) -> CacheUse:
        """How much there is of each source."""
        entries: dict[str, int] = {}
        sizes: dict[str, int] = {}
        for source, _, size, _ in self._entries():
            entries[source] = entries.get(source, 0) + 1
            sizes[source] = sizes.get(source, 0) + size
        return CacheUse(self.folder, self.limit_bytes, entries, sizes)

    def clear(self) -> int:
        """Removes every entry; returns the bytes that became free. Other files in the folder stay."""
        freed = 0
        for source in self._sources():
            for path in source.rglob(f"*{_SUFFIX}"):
                with suppress(OSError):
                    freed += path.stat().st_size
            shutil.rmtree(source, ignore_errors=True)
        return freed

    def _path(self, source: str, key: str) -> Path:
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return self.folder / source / name[:2] / (name + _SUFFIX)

    def _sources(self) -> list[Path]:
        """Folders of this cache: those whose content looks like ours."""
        with suppress(OSError):
            return [p for p in self.folder.iterdir() if p.is_dir() and any(p.glob(f"??/*{_SUFFIX}"))]
        return []

    def _entries(self) -> list[tuple[str, Path, int, float]]:
        """(source, path, bytes, time of last use) of all entries; leftovers of broken-off writes are removed."""
        found = []
        for source in self._sources():
            for path in source.glob("??/*"):
                with suppress(OSError):
                    status = path.stat()
                    if path.suffix == _SUFFIX:
                        found.append((source.name, path, status.st_size, status.st_mtime))
                    elif path.suffix == ".tmp" and status.st_mtime < time.time() - _STALE_S:
                        path.unlink()
        return found

    def _trim(self) -> None:
        """Removes the entries unused for longest until a tenth of the limit is free again."""
        entries = self._entries()
        total = sum(size for _, _, size, _ in entries)
        if total <= self.limit_bytes:
            return
        for _, path, size, _ in sorted(entries, key=lambda e: e[3]):
            with suppress(OSError):
                path.unlink()
            total -= size
            if total <= 0.9 * self.limit_bytes:
                return


def default_folder() -> Path:
    """FUSAR_CACHE_DIR, or the place that this system has for caches."""
    chosen = os.environ.get(ENV_FOLDER)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("fusar"))


def default_limit_bytes() -> int:
    """FUSAR_CACHE_LIMIT_GB in bytes (10 GB). Raises BadOption when it is no number."""
    text = os.environ.get(ENV_LIMIT, str(DEFAULT_LIMIT_GB))
    try:
        limit = float(text)
        if not 0 <= limit < 1e6:
            raise ValueError
    except ValueError as cause:
        raise BadOption(f"{ENV_LIMIT} is '{text}'.", "Give the number of gigabytes that the cache may take.") from cause
    return int(limit * 1e9)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST_SIZE).digest()
