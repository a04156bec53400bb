"""Where the model that comes with the engine is looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fusar_core.errors import BadOption
from fusar_core.model import bundled


def test_the_model_of_a_checkout_goes_before_an_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "prefix" / "share" / "fusar" / "models" / "fusar-nano"
    checkout = tmp_path / "checkout" / "resources" / "models" / "fusar-nano"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(bundled, "__file__", str(tmp_path / "checkout" / "fusar_core" / "model" / "bundled.py"))
    assert bundled.bundled_model() is None
    installed.mkdir(parents=True)
    assert bundled.bundled_model() is None  # a folder without a model is none
    (installed / "config.json").write_text("{}")
    assert bundled.bundled_model() == installed
    checkout.mkdir(parents=True)
    (checkout / "config.json").write_text("{}")
    assert bundled.bundled_model() == checkout


def test_the_model_that_is_named_goes_before_the_one_that_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bundled.model_directory("mine") == Path("mine")
    assert bundled.model_directory(None) == bundled.bundled_model()
    monkeypatch.setattr(bundled, "bundled_model", lambda: None)
    with pytest.raises(BadOption, match="none came with it"):
        bundled.model_directory(None)
