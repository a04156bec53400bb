"""Parts of files, read from a folder or over HTTP; over HTTP retried, resumed and bounded in time."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Protocol

import requests
from requests.adapters import HTTPAdapter

from fusar_core.errors import SourceUnavailable

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_WAIT_S = 30.0
_PIECE = 1 << 14


class RangeReader(Protocol):
    """Reads parts of the files below one place; None means that there is no such file, or that it ends before."""

    location: str

    def whole(self, path: str) -> bytes | None:
        """All bytes of a file, path: below `location`."""
        ...

    def part(self, path: str, start: int, length: int) -> bytes | None:
        """Exactly `length` bytes from byte `start`, counted from 0."""
        ...

    def tail(self, path: str, length: int) -> bytes | None:
        """Exactly the last `length` bytes, where the index of a shard stands."""
        ...

    def close(self) -> None:
        """Lets go of connections; the reader is not used afterwards."""
        ...


class FolderReader:
    """Files of a local folder. Raises SourceUnavailable when one exists and cannot be read, or is too short."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)

    def whole(self, path: str) -> bytes | None:
        """All bytes of a file below the folder."""
        return self._read(path, 0, None)

    def part(self, path: str, start: int, length: int) -> bytes | None:
        """`length` bytes from byte `start`; a file that ends before is damage here, not None."""
        return self._read(path, start, length)

    def tail(self, path: str, length: int) -> bytes | None:
        """The last `length` bytes; a shorter file is damage here, not None."""
        return self._read(path, -length, length)

    def _read(self, path: str, start: int, length: int | None) -> bytes | None:
        try:
            with open(self.folder / path, "rb") as file:
                if start:
                    file.seek(start, 0 if start > 0 else 2)
                content = file.read() if length is None else file.read(length)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as cause:
            raise SourceUnavailable(
                f"{self.folder / path} cannot be read: {cause.strerror}.", "It may be cut off: copy it again."
            ) from cause
        if length is not None and len(content) != length:
            raise SourceUnavailable(f"{self.folder / path} ends too early.", "It is cut off: copy it again.")
        return content

    def close(self) -> None:
        """Nothing to let go of: files are closed after each read."""
        pass


class HttpReader:
    """Files below a URL, by range requests. Proxies and certificates as the environment says (HTTPS_PROXY, …).

    Statuses 408, 425, 429 and 5xx, refused and broken connections are tried again `retries` times with doubling pauses
    (the server's Retry-After where it sends one). A body that breaks off is taken up where it ended: the public server
    is known to cut answers after some seconds, so each connection that brought something new starts the count again.

    Raises SourceUnavailable when that does not help, and at once for other statuses; 404 and 416 are None.
    """

    def __init__(
        self,
        location: str,
        retries: int = 5,
        first_pause_s: float = 0.5,
        timeout_s: tuple[float, float] = (10.0, 30.0),
        connections: int = 16,
    ) -> None:
        self.location = location.rstrip("/")
        self.retries = retries
        self.first_pause_s = first_pause_s
        self.timeout_s = timeout_s
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"  # ranges are of the stored bytes
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True))

    def whole(self, path: str) -> bytes | None:
        """All bytes of a file; a body that breaks off is fetched anew."""
        return self._read(path, None, None)

    def part(self, path: str, start: int, length: int) -> bytes | None:
        """`length` bytes from byte `start`, resumed where the connection broke off."""
        return self._read(path, start, length)

    def tail(self, path: str, length: int) -> bytes | None:
        """The last `length` bytes, by a suffix range; not resumed but fetched anew."""
        return self._read(path, None, length)

    def close(self) -> None:
        """Closes the connections, which threads share."""
        self._session.close()

    def _read(self, path: str, start: int | None, length: int | None) -> bytes | None:
        """The whole file (no length), its last `length` bytes (no start), or `length` bytes from `start`."""
        url = f"{self.location}/{path}"
        got = bytearray()
        failures = 0
        while True:
            before = len(got)
            if length is None or start is None:
                got.clear()  # nothing to resume by: the position in the file is not known
            pause_s: float | None = None
            patience = self.retries
            try:
                response = self._session.get(
                    url, headers=_range(start, length, len(got)), timeout=self.timeout_s, stream=True
                )
                with response:
                    if response.status_code in (404, 416):
                        return None
                    if response.status_code in RETRY_STATUSES:
                        pause_s = _retry_after(response)
                        reason = f"HTTP {response.status_code}"
                    else:
                        self._check(response, url, ranged=length is not None)
                        for piece in response.iter_content(_PIECE):
                            got += piece
                        if length is None or len(got) == length:
                            return bytes(got)
                        reason = f"{len(got)} of {length} bytes"
            except requests.RequestException as cause:
                reason, patience = _reason(cause, self.retries)
            if length is not None and len(got) > length:
                raise SourceUnavailable(f"{url} answered with more bytes than asked for.", "Its server is at fault.")
            failures = 0 if len(got) > before and start is not None else failures + 1
            if failures > patience:
                raise SourceUnavailable(
                    f"{url} cannot be read: {reason}" + (f", {failures} times." if failures > 1 else "."),
                    "Check the network and the proxy; what was fetched before stays in the cache.",
                )
            time.sleep(self._pause_s(failures) if pause_s is None else pause_s)

    def _pause_s(self, failures: int) -> float:
        longest: float = min(LONGEST_WAIT_S, self.first_pause_s * 2 ** max(0, failures - 1))
        return random.uniform(0.5, 1.0) * longest

    @staticmethod
    def _check(response: requests.Response, url: str, *, ranged: bool) -> None:
        if response.status_code == (206 if ranged else 200):
            return
        if ranged and response.status_code == 200:
            raise SourceUnavailable(
                f"{url} was sent whole where a part was asked for.", "The server, or a proxy, does not do ranges."
            )
        raise SourceUnavailable(f"{url} answered HTTP {response.status_code} {response.reason}.", "Check the address.")


def _range(start: int | None, length: int | None, done: int) -> dict[str, str]:
    if length is None:
        return {}
    if start is None:
        return {"Range": f"bytes=-{length}"}
    return {"Range": f"bytes={start + done}-{start + length - 1}"}


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asks to wait, when it says so as a number."""
    text = response.headers.get("Retry-After", "")
    return min(LONGEST_WAIT_S, float(int(text))) if text.isdigit() else None


def _reason(cause: requests.RequestException, retries: int) -> tuple[str, int]:
    """What went wrong, in words, and how often it is worth another try."""
    if isinstance(cause, ValueError):
        return "this is no web address", 0
    if isinstance(cause, requests.exceptions.SSLError):
        return "its certificate is not trusted (REQUESTS_CA_BUNDLE names your organisation's)", 0
    if isinstance(cause, requests.exceptions.ProxyError):
        return "the proxy refuses", min(1, retries)
    if isinstance(cause, requests.Timeout):
        return "no answer in time", retries
    if isinstance(cause, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off", retries
    return "no connection", min(2, retries)
