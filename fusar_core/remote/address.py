"""Where a server is and how it is reached: its address, the key, certificates, the proxy."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import requests.utils

from fusar_core.errors import BadOption, WorkerTls
from fusar_core.remote.secret import KEY_VARIABLE, Secret

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Environment variables that name certificates to trust; the first that is set counts."""
DEFAULT_PATH = "/v1"


@dataclass(frozen=True)
class Address:
    """A server.

    url: base of its API without a slash at the end, e.g. `https://host:8000/v1`. key: empty where none is needed.
    ca: file of certificates to trust beside the system's. proxy: address of the proxy to go through, None for none.
    """

    url: str
    key: Secret = field(default_factory=lambda: Secret(""))
    ca: Path | None = None
    proxy: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this computer, where nobody can listen in and an unencrypted key does no harm."""
        return _is_loopback(urlsplit(self.url).hostname or "")

    @property
    def is_encrypted(self) -> bool:
        """Whether the URL is https; only then are there certificates to check."""
        return self.url.startswith("https://")

    @cached_property
    def tls(self) -> ssl.SSLContext | bool:
        """What certificates are checked with: the system's own, or those that are named. False without encryption.

        Raises WorkerTls.
        """
        if not self.is_encrypted:
            return False
        named = self.ca or next((Path(v) for name in CA_VARIABLES if (v := os.environ.get(name))), None)
        if named is None:
            return httpx2.create_ssl_context()
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(None if named.is_dir() else named, named if named.is_dir() else None)
        except (OSError, ssl.SSLError) as cause:
            raise WorkerTls(
                f"{named} cannot be read as certificates: {cause}.",
                "Give the PEM file of the authority that signed the server's certificate.",
            ) from cause
        return context


def read_address(url: str, key: str | Secret | None = None, ca: str | Path | None = None) -> Address:
    """The server at a URL, `/v1` added where it has no path. key: FUSAR_API_KEY when None.

    The proxy is that of the environment (HTTPS_PROXY, NO_PROXY …); this computer itself is reached without.

    Raises BadOption for what is no such address, or has a key in it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as cause:
        raise BadOption(f"The address of the server cannot be read: {cause}.", _EXAMPLE) from cause
    if parts.username or parts.password or "@" in parts.netloc or parts.query or parts.fragment:
        raise BadOption(
            f"The address of {host} holds more than a place.",
            f"Leave out user, password, ? and #; give the key in {KEY_VARIABLE}.",
        )
    if parts.scheme.lower() not in ("http", "https") or not host or any(c.isspace() for c in text):
        raise BadOption(f"'{text}' is no address of a server.", _EXAMPLE)
    path = parts.path.rstrip("/") or DEFAULT_PATH
    path = path.removesuffix("/chat/completions").removesuffix("/models") or DEFAULT_PATH
    shown = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme.lower()}://{shown}{f':{port}' if port else ''}{path}"
    secret = key if isinstance(key, Secret) else _secret(os.environ.get(KEY_VARIABLE, "") if key is None else key)
    return Address(base, secret, Path(ca) if ca else None, None if _is_loopback(host) else _proxy(base))


_EXAMPLE = "Write it as https://host:8000/v1."


def _secret(key: str) -> Secret:
    key = key.strip()
    if any(ord(c) < 32 or ord(c) == 127 for c in key):
        raise BadOption("The key of the server has a line break or another control character in it.", "Copy it again.")
    return Secret(key)


def _proxy(url: str) -> str | None:
    proxies = requests.utils.get_environ_proxies(url)
    proxy = requests.utils.select_proxy(url, proxies)
    if not proxy:
        return None
    proxy = str(proxy)
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
