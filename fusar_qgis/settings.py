"""The plugin's settings, typed, in QGIS's own store under `fusar/`. Secrets stay in QGIS's auth manager."""

from __future__ import annotations

import base64

from qgis.core import QgsApplication, QgsNetworkAccessManager, QgsSettings
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkRequest

from .engine.errors import EngineError
from .engine.paths import from_root

PREFIX = "fusar/"
DEFAULTS = {
    "engine_path": "",
    "default_engine": "cfar",
    "model_dir": "",
    "worker_url": "",
    "worker_authcfg": "",
    "aef_source": "none",
    "ee_project": "",
    "cache_dir": "",
    "cache_mb": 2000,
    "known_tasks": "",
}
"""Key → value of a new installation; its type is the type of the setting."""


def get(key: str):
    """The value of a setting. Raises KeyError for one that does not exist."""
    default = DEFAULTS[key]
    return QgsSettings().value(PREFIX + key, default, type=type(default))


def put(key: str, value) -> None:
    """Changes a setting; None takes it back to the default. Raises KeyError, TypeError."""
    default = DEFAULTS[key]
    if value is None:
        QgsSettings().remove(PREFIX + key)
    elif isinstance(value, type(default)):
        QgsSettings().setValue(PREFIX + key, value)
    else:
        raise TypeError(f"{key} is a {type(default).__name__}, not {value!r}")


def engine_path() -> str:
    """The `fusar` command or the folder of its environment; empty for the one the set-up dialog makes."""
    return get("engine_path")


def speaker() -> str:
    """The engine for boxes and questions where the one asked for only finds targets: the worker where one is
    configured, else FUSAR-GPT on this computer."""
    return "worker" if get("worker_url").strip() else "fusar"


def engine_options(text: str) -> dict[str, str]:
    """Options of an engine as they are typed, `name=value; name=value` or one a line.

    What they mean is for the engine to say, which declares them. Raises EngineError for what is no option.
    """
    found = {}
    for part in text.replace("\n", ";").split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            found[name.strip().replace("-", "_")] = value.strip()
        elif part.strip():
            raise EngineError("BAD_OPTION", f"“{part.strip()}” is no option of an engine.", "Give name=value.")
    return found


def is_worker(engine: str) -> bool:
    """Whether the name of an engine is the address of a worker."""
    return engine.startswith(("http://", "https://"))


def engine_request(engine: str, options: dict[str, str] | None = None) -> dict:
    """What a request to the sidecar says of the engine: engine, engine_options, secret.

    engine: `cfar`, `fusar`, `worker` (the address of the settings), an address, or empty for the default.
    options: to open it with, beside the folder of the settings. Call it in the main thread: the auth manager may ask
    for its master password.

    Raises EngineError when a worker is wanted but not configured, or its key cannot be read.
    """
    name = engine.strip() or get("default_engine")
    if name == "worker":
        name = get("worker_url").strip()
        if not name:
            raise EngineError(
                "BAD_OPTION", "No worker is configured.", "Give its address in Settings › Options › FUSAR."
            )
    wanted: dict = {"engine": name, "engine_options": {}}
    if is_worker(name):
        key = bearer_key(get("worker_authcfg"), name)
        if key:
            wanted["secret"] = key
    elif name == "fusar" and get("model_dir"):
        wanted["engine_options"] = {"model": get("model_dir")}
    wanted["engine_options"] |= options or {}
    return wanted


def bearer_key(authcfg: str, url: str) -> str:
    """The key that an authentication configuration puts into requests to `url`; empty without a configuration.

    It is the token of an API Header or OAuth2 configuration (`Authorization: Bearer KEY`), or the password of a Basic
    one, which every QGIS has.

    Raises EngineError when it cannot be applied: nothing is ever sent without the key that was meant to protect it.
    """
    if not authcfg:
        return ""
    request = QNetworkRequest(QUrl(url))
    answer = QgsApplication.authManager().updateNetworkRequest(request, authcfg)
    fine, request = answer if isinstance(answer, tuple) else (answer, request)
    header = bytes(request.rawHeader(b"Authorization")).decode("utf-8", "replace") if fine else ""
    scheme, _, key = header.strip().partition(" ")
    if scheme.lower() == "basic":
        key = base64.b64decode(key).decode("utf-8", "replace").partition(":")[2]
    elif scheme.lower() != "bearer":
        key = ""
    if not key.strip():
        raise EngineError(
            "WORKER_AUTH",
            f"The authentication '{authcfg}' of the worker gives no key.",
            "Choose one of type Basic with the key as password, or API Header with Authorization = Bearer KEY, in"
            " Settings › Options › FUSAR.",
        )
    return key.strip()


def prior_source(prior: str) -> str:
    """The source of AlphaEarth embeddings: as given, or for empty and `default` what the settings say."""
    name = prior.strip()
    if name and name != "default":
        return name
    source = get("aef_source")
    return f"earth-engine:{get('ee_project')}" if source == "earth-engine" and get("ee_project") else source


def engine_environment() -> dict[str, str]:
    """What the engine's process is told by environment variables: the network proxy, and its cache."""
    told = proxy_environment() | {"FUSAR_CACHE_LIMIT_GB": f"{get('cache_mb') / 1000:g}"}
    return told | ({"FUSAR_CACHE_DIR": from_root(get("cache_dir"))} if get("cache_dir") else {})


def proxy_environment() -> dict[str, str]:
    """The proxy of QGIS's settings as environment variables for the engine; empty when there is none.

    One that wants a password is left out: the user's own environment may name it.
    """
    manager = QgsNetworkAccessManager.instance()
    proxy = manager.fallbackProxy() if hasattr(manager, "fallbackProxy") else QNetworkProxy()
    kinds = {
        QNetworkProxy.ProxyType.HttpProxy: "http",
        QNetworkProxy.ProxyType.HttpCachingProxy: "http",
        QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
    }
    if proxy.type() not in kinds or not proxy.hostName() or proxy.password():
        return {}
    address = f"{kinds[proxy.type()]}://{proxy.hostName()}:{proxy.port()}"
    excluded = ",".join(manager.excludeList() or [])
    found = {"HTTP_PROXY": address, "HTTPS_PROXY": address}
    return found | ({"NO_PROXY": excluded} if excluded else {})
