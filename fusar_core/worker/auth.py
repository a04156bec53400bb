"""Bearer keys: read from a file, compared in constant time, told to nobody."""

from __future__ import annotations

import hashlib
import hmac
import logging
import stat
from pathlib import Path

from fusar_core.errors import BadOption, WorkerAuth

LEAST_LENGTH = 16
"""Characters of a key; `openssl rand -hex 32` gives 64."""

log = logging.getLogger(__name__)


class Keys:
    """The keys that are let in; without any, everybody is."""

    def __init__(self, keys: list[str]) -> None:
        self._digests = [_digest(key.encode()) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def check(self, authorization: bytes) -> str:
        """Who asks: a name for the key in an Authorization header that is let in, '' when none is needed.

        A missing, malformed and wrong key get the same answer after the same work. Raises WorkerAuth.
        """
        if not self._digests:
            return ""
        scheme, _, given = authorization.partition(b" ")
        digest = _digest(given.strip())
        found = ""
        for number, known in enumerate(self._digests):  # all of them, always
            if hmac.compare_digest(digest, known):
                found = f"key {number + 1}"
        if not found or scheme.lower() != b"bearer":
            raise WorkerAuth("This worker wants a key that it knows.", "Send it as: Authorization: Bearer KEY.")
        return found


def read_keys(path: Path) -> Keys:
    """The keys in a file: one a line; empty lines and those that begin with # are left out.

    Raises BadOption when it cannot be read, has none, or one that can be guessed.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as cause:
        raise BadOption(
            f"The file of keys {path} cannot be read: {cause}.", "Give a text file, one key a line."
        ) from cause
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise BadOption(f"{path} holds no key.", f"Make one with: openssl rand -hex 32 > {path}")
    if any(len(key) < LEAST_LENGTH or not key.isascii() or " " in key for key in keys):
        raise BadOption(
            f"A key in {path} is shorter than {LEAST_LENGTH} characters, or has others than letters, digits and signs.",
            f"Make one with: openssl rand -hex 32 > {path}",
        )
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        log.warning("%s can be read by other users of this computer: chmod 600 it", path)
    return Keys(keys)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
