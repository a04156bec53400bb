"""Settings: typed, defaulted; a worker's key comes from the auth manager or the run fails."""

from __future__ import annotations

import pytest
from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsNetworkAccessManager, QgsSettings
from qgis.PyQt.QtNetwork import QNetworkProxy

from fusar_qgis import settings
from fusar_qgis.engine.errors import EngineError

pytestmark = pytest.mark.usefixtures("qgis_app")
URL = "https://gpu.example.org/v1"


@pytest.fixture(autouse=True)
def _clean():
    yield
    for key in settings.DEFAULTS:
        settings.put(key, None)


def test_types_and_defaults() -> None:
    for key, default in settings.DEFAULTS.items():
        assert settings.get(key) == default
        assert type(settings.get(key)) is type(default)
    settings.put("cache_mb", 5)
    assert settings.get("cache_mb") == 5
    QgsSettings().sync()
    assert settings.get("cache_mb") == 5
    settings.put("cache_mb", None)
    assert settings.get("cache_mb") == settings.DEFAULTS["cache_mb"]
    with pytest.raises(KeyError):
        settings.get("cache")
    with pytest.raises(TypeError):
        settings.put("cache_mb", "many")


def test_no_setting_is_a_secret() -> None:
    assert not [k for k in settings.DEFAULTS if any(w in k for w in ("key", "token", "secret", "password"))]


def test_the_engine_that_a_request_names() -> None:
    settings.put("model_dir", "/models/nano")
    assert settings.engine_request("") == {"engine": "cfar", "engine_options": {}}
    assert settings.engine_request(" fusar ") == {"engine": "fusar", "engine_options": {"model": "/models/nano"}}
    assert settings.engine_request(URL) == {"engine": URL, "engine_options": {}}
    with pytest.raises(EngineError, match="No worker"):
        settings.engine_request("worker")
    settings.put("worker_url", URL)
    assert settings.engine_request("worker")["engine"] == URL


def test_options_of_an_engine_are_typed_as_they_are_written() -> None:
    typed = settings.engine_options("device=cuda; batch-size = 4;\nmodel=/with = sign;;")
    assert typed == {"device": "cuda", "batch_size": "4", "model": "/with = sign"}
    assert settings.engine_options(" ") == {}
    settings.put("model_dir", "/models/nano")
    assert settings.engine_request("fusar", typed)["engine_options"] == typed
    with pytest.raises(EngineError, match="cuda"):
        settings.engine_options("device=cpu; cuda")


def stored(method: str, **values: str) -> str:
    """Id of an authentication configuration kept by QGIS."""
    manager = QgsApplication.authManager()
    if not manager.masterPasswordIsSet():
        assert manager.setMasterPassword("for this test", True)
    config = QgsAuthMethodConfig(method)
    config.setName("worker")
    for key, value in values.items():
        config.setConfig(key, value)
    answer = manager.storeAuthenticationConfig(config)
    fine, config = answer if isinstance(answer, tuple) else (answer, config)
    assert fine
    return config.id()


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("Basic", {"username": "any", "password": "k3y:with ü"}),
        ("APIHeader", {"Authorization": "Bearer k3y:with ü"}),
    ],
)
def test_the_key_comes_from_the_auth_manager(method: str, values: dict[str, str]) -> None:
    if method not in QgsApplication.authManager().authMethodsKeys():
        pytest.skip(f"this QGIS has no authentication of type {method}")
    settings.put("worker_url", URL)
    settings.put("worker_authcfg", stored(method, **values))
    assert settings.engine_request("worker")["secret"] == "k3y:with ü"
    everything = " ".join(str(QgsSettings().value(k)) for k in QgsSettings().allKeys() if k.startswith("fusar/"))
    assert "k3y" not in everything


@pytest.mark.parametrize("broken", ["gone", "without a password"])
def test_a_key_that_cannot_be_had_is_an_error_not_a_request_without(broken: str) -> None:
    settings.put("worker_url", URL)
    config = "abcdefg" if broken == "gone" else stored("Basic", username="any", password="")
    settings.put("worker_authcfg", config)
    with pytest.raises(EngineError) as error:
        settings.engine_request("worker")
    assert error.value.code == "WORKER_AUTH"
    assert "Options" in error.value.hint


def test_the_source_of_embeddings() -> None:
    assert settings.prior_source("") == "none"
    assert settings.prior_source("mosaic") == "mosaic"
    settings.put("aef_source", "earth-engine")
    settings.put("ee_project", "my-project")
    assert settings.prior_source("default") == "earth-engine:my-project"
    assert settings.prior_source("none") == "none"


def test_the_cache_that_the_engine_is_told() -> None:
    assert settings.engine_environment() == {"FUSAR_CACHE_LIMIT_GB": "2"}
    settings.put("cache_dir", "/d/Größe")
    settings.put("cache_mb", 500)
    assert settings.engine_environment() == {"FUSAR_CACHE_LIMIT_GB": "0.5", "FUSAR_CACHE_DIR": "/d/Größe"}


def test_the_proxy_of_qgis_reaches_the_engine() -> None:
    manager = QgsNetworkAccessManager.instance()
    before, excluded = manager.fallbackProxy(), manager.excludeList()
    try:
        proxy = QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example.org", 3128)
        manager.setFallbackProxyAndExcludes(proxy, ["localhost"], [])
        found = settings.proxy_environment()
        assert found["HTTPS_PROXY"] == "http://proxy.example.org:3128"
        assert "localhost" in found["NO_PROXY"]
        proxy.setPassword("x")
        manager.setFallbackProxyAndExcludes(proxy, [], [])
        assert settings.proxy_environment() == {}
        manager.setFallbackProxyAndExcludes(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy), [], [])
        assert settings.proxy_environment() == {}
    finally:
        manager.setFallbackProxyAndExcludes(before, excluded, [])
