"""Model directories: what is loaded, what is refused before it is loaded, and with which words."""

from __future__ import annotations

import json
import shutil
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from fusar_core.domain.answers import Request
from fusar_core.engines.local import LocalEngine
from fusar_core.errors import BadCheckpoint, NotEnoughMemory, UnsupportedTask
from fusar_core.model.bundled import bundled_model
from fusar_core.model.checkpoint import FIRST_TASKS, load_checkpoint, read_manifest
from fusar_core.model.weights import check_memory, parameter_count, weight_files
from fusar_core.tasks import TASKS
from fusar_core.tasks.localization import Localization


@pytest.fixture
def copy(checkpoint, tmp_path):
    """A checkpoint to damage."""
    return shutil.copytree(checkpoint, tmp_path / "model")


def test_a_fusar_gpt_directory_loads(checkpoint, model):
    loaded = load_checkpoint(checkpoint)
    assert loaded.manifest.tasks == FIRST_TASKS
    assert loaded.core is loaded.model
    assert loaded.model.dtype == torch.float32
    assert not loaded.model.training
    ours = loaded.model.state_dict()
    assert all(torch.equal(ours[name], tensor) for name, tensor in model.state_dict().items())


class Later(Localization):
    """A task that the models of the tests were not trained on."""

    name = "later"


@pytest.fixture
def later(monkeypatch):
    monkeypatch.setitem(TASKS, "later", Later())


@pytest.mark.usefixtures("later")
def test_a_task_that_came_later_is_asked_of_those_alone_that_were_trained_on_it(copy, stock, make_chip):
    assert read_manifest(stock).tasks == read_manifest(copy).tasks == FIRST_TASKS
    with pytest.raises(UnsupportedTask, match=r"cannot do 'later'. It can do: detect, count, locate"):
        list(LocalEngine(copy).answer([Request(make_chip(), ("later",), ("ship",))]))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "tasks": ["later", "count", "of the future"]}))
    assert read_manifest(copy).tasks == ("count", "later")
    assert load_checkpoint(copy).config.tasks == ["later", "count", "of the future"]
    (copy / "config.json").write_text(json.dumps({**config, "tasks": "count"}))
    with pytest.raises(BadCheckpoint, match="says tasks: 'count'"):
        read_manifest(copy)


@pytest.mark.usefixtures("later")
def test_what_the_manifest_of_an_adapter_says_comes_before_its_base(stock, tmp_path):
    manifest = {"format": 1, "base": str(stock), "adapters": {"*": "adapter"}, "prompts": {}, "prior": {}}
    (tmp_path / "fusar.json").write_text(json.dumps(manifest))
    assert read_manifest(tmp_path).tasks == FIRST_TASKS
    (tmp_path / "fusar.json").write_text(json.dumps({**manifest, "prior": {"tasks": ["later"]}}))
    assert read_manifest(tmp_path).tasks == ("later",)
    (tmp_path / "fusar.json").write_text(json.dumps({**manifest, "adapters": {"later": "adapter"}}))
    assert read_manifest(tmp_path).tasks == ("later",)


def test_fusar_nano_says_what_it_was_trained_on():
    config = json.loads((bundled_model() / "config.json").read_text())
    assert tuple(config["tasks"]) == FIRST_TASKS


def test_a_stock_directory_is_a_baseline_that_says_so(stock, make_chip, anchors):
    engine = LocalEngine(stock, max_new_tokens=8)
    engine.config.chip_size = 112
    (warning,) = engine.report(None).warnings
    assert "anchors are not used" in warning
    assert not engine.takes_prior
    asked = [Request(make_chip(prior=p), ("count",), ("ship",)) for p in (None, anchors(9))]
    with_prior, without = (a.raw_text for a in engine.answer(asked))
    assert with_prior == without


def test_what_is_no_model_directory(tmp_path, checkpoint):
    with pytest.raises(BadCheckpoint, match="does not exist"):
        load_checkpoint(tmp_path / "nowhere")
    with pytest.raises(BadCheckpoint, match="is a file"):
        load_checkpoint(checkpoint / "config.json")
    with pytest.raises(BadCheckpoint, match=r"holds no config\.json"):
        load_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(BadCheckpoint, match="no JSON object"):
        load_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": ')
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_checkpoint(tmp_path)


def test_another_architecture(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    with pytest.raises(BadCheckpoint, match="architecture 'llava'"):
        load_checkpoint(tmp_path)


def test_missing_weights(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match=r"no model\.safetensors"):
        load_checkpoint(copy)


def test_missing_shards(stock, tmp_path):
    copy = shutil.copytree(stock, tmp_path / "model")
    shards = sorted(copy.glob("model-*.safetensors"))
    shards[1].unlink()
    with pytest.raises(BadCheckpoint, match=f"lacks 1 of its {len(shards)} weight files: {shards[1].name}"):
        load_checkpoint(copy)


def test_a_shard_that_breaks_off(copy):
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadCheckpoint, match=f"of {len(whole):,} bytes"):
        load_checkpoint(copy)
    (copy / "model.safetensors").write_bytes(b"<html>404</html>")
    with pytest.raises(BadCheckpoint, match="no safetensors file"):
        load_checkpoint(copy)
    (copy / "model.safetensors").write_bytes(b"")
    with pytest.raises(BadCheckpoint, match="no safetensors file"):
        load_checkpoint(copy)


def test_weights_as_pickle_are_not_loaded(copy):
    (copy / "model.safetensors").unlink()
    torch.save({"evil": 1}, copy / "pytorch_model.bin")
    with pytest.raises(BadCheckpoint, match="pickle"):
        load_checkpoint(copy)


def test_a_tlm_of_other_shapes_is_named_with_both(copy):
    config = json.loads((copy / "config.json").read_text())
    config["prior_hidden_dim"] = 100
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadCheckpoint, match=r"model\.tlm\.\S+ has shape \(96, 192\).*says \(96, 100\)"):
        load_checkpoint(copy)


def test_missing_tensors(copy):
    tensors = load_file(copy / "model.safetensors")
    del tensors["model.tlm.field.bias"], tensors["model.visual.merger.mlp.0.weight"]
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadCheckpoint, match=r"lacks 2 of the model's tensors, e\.g\. model\.tlm\.field\.bias"):
        load_checkpoint(copy)


def test_a_directory_without_tokenizer(copy):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy / name).unlink()
    with pytest.raises(BadCheckpoint, match="tokenizer"):
        load_checkpoint(copy)


def test_a_model_larger_than_the_memory_is_refused_before_loading(copy):
    """A header that tells of 100 TB: only it is read."""
    header = {"w": {"dtype": "F32", "shape": [5_000_000, 5_000_000], "data_offsets": [0, 10**14]}}
    content = json.dumps(header).encode()
    (copy / "model.safetensors").write_bytes(struct.pack("<Q", len(content)) + content)
    with pytest.raises(NotEnoughMemory, match=r"needs about 1e\+05 GB .* this computer has"):
        load_checkpoint(copy, device="cpu")


def test_the_memory_check_counts_parameters_in_the_wanted_format(checkpoint, model):
    parameters = parameter_count(weight_files(checkpoint))
    assert parameters == sum(p.numel() for p in model.parameters())
    check_memory(8_395_866_112, 2, 24e9, "GPU")
    with pytest.raises(NotEnoughMemory, match=r"needs about 16\.8 GB .* this GPU has 8 free"):
        check_memory(8_395_866_112, 2, 8e9, "GPU")
    check_memory(8_395_866_112, 0.65, 8e9, "GPU")


def test_the_name_of_a_model_tells_its_weights_apart(checkpoint, tmp_path):
    copy = shutil.copytree(checkpoint, tmp_path / checkpoint.name)
    assert load_checkpoint(copy).name == load_checkpoint(checkpoint).name
    tensors = load_file(copy / "model.safetensors")
    tensors["model.tlm.field.bias"] += 1
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    assert load_checkpoint(copy).name != load_checkpoint(checkpoint).name


def test_a_manifest_of_the_future_and_a_base_that_moved(tmp_path):
    (tmp_path / "fusar.json").write_text('{"format": 2}')
    with pytest.raises(BadCheckpoint, match="format 2"):
        read_manifest(tmp_path)
    (tmp_path / "fusar.json").write_text('{"format": 1, "base": "/gone", "adapters": {}, "prompts": {}, "prior": {}}')
    with pytest.raises(BadCheckpoint, match="no longer at /gone"):
        read_manifest(tmp_path)
