"""The official release's layout: imported, loaded, switched per task; equal to the model it was made from."""

from __future__ import annotations

import json
import os
import pickle

import numpy as np
import pytest
import torch
from model_makers import save_adapter
from safetensors.torch import load_file, save_file

from fusar_core.domain.answers import Request
from fusar_core.engines.local import LocalEngine
from fusar_core.errors import BadCheckpoint, OutputUnwritable, UnknownTask, UnsupportedTask
from fusar_core.model.checkpoint import load_checkpoint, read_manifest
from fusar_core.model.official import find_adapters, import_official
from fusar_core.model.processing import FusarGPTProcessor, conversation


@pytest.fixture(scope="module")
def prompt(stock, chip_image, anchors):
    processor = FusarGPTProcessor.from_pretrained(stock)
    text = processor.apply_chat_template(conversation("How many?"), add_generation_prompt=True)
    return processor(images=chip_image(112), text=text, anchors=[anchors(9)], return_tensors="pt")


@pytest.fixture(scope="module")
def make_adapter(stock, prompt, tmp_path_factory):
    """An adapter directory as the release has it, and the logits of the very model it was saved from."""

    def make(seed, *, vision=False, legacy=False, score=None, path=None):
        path = path or tmp_path_factory.mktemp("adapter")
        wrapped = save_adapter(stock, path, seed, vision=vision, legacy=legacy, score=score)
        with torch.no_grad():
            return path, wrapped(**prompt).logits

    return make


@pytest.mark.parametrize("vision", [False, True], ids=["language only", "with vision LoRA"])
@pytest.mark.parametrize("legacy", [False, True], ids=["current", "legacy stage 1"])
def test_an_imported_adapter_is_the_model_it_was_saved_from(make_adapter, stock, prompt, tmp_path, vision, legacy):
    adapter, expected = make_adapter(3, vision=vision, legacy=legacy, score=np.float64(0.5) if legacy else 0.5)
    out = import_official({"*": adapter}, stock, tmp_path / "model")
    checkpoint = load_checkpoint(out)
    assert checkpoint.config.prior_sigma == (2.0 if legacy else 1.5)
    assert checkpoint.config.prior_grid == "patch"
    assert checkpoint.config.chip_size == (504 if legacy else 112)
    name = checkpoint.use("count")
    assert checkpoint.touches_vision(name) is vision
    with torch.no_grad():
        assert torch.equal(checkpoint.core(**prompt).logits, expected)


def test_imported_tensors_are_those_of_the_release(make_adapter, stock, tmp_path):
    adapter, _ = make_adapter(3)
    out = import_official({"detect": adapter}, stock, tmp_path / "model")
    ours = load_file(out / "adapters" / "detect" / "adapter_model.safetensors")
    theirs = load_file(adapter / "adapter_model.safetensors")
    film = torch.load(adapter / "vec64_film.pt", weights_only=True)["film_mlp"]
    assert {k for k in ours if ".tlm." not in k} == set(theirs)
    assert all(torch.equal(ours[k], v) for k, v in theirs.items())
    assert torch.equal(ours["base_model.model.model.tlm.field.weight"], film["2.weight"])
    assert torch.equal(ours["base_model.model.model.tlm.hidden.bias"], film["0.bias"])


@pytest.fixture(scope="module")
def release(make_adapter, tmp_path_factory):
    """stage2/ with four adapters, one of which touches the ViT; and what each says."""
    root = tmp_path_factory.mktemp("release")
    logits = {}
    for seed, name in enumerate(("detection", "counting", "localization", "classification")):
        path = root / "stage2" / name
        path.mkdir(parents=True)
        _, logits[name] = make_adapter(seed, vision=name == "counting", path=path)
    return root, logits


def test_several_adapters_on_one_base_are_switched_per_task(release, stock, prompt, tmp_path):
    root, logits = release
    adapters = find_adapters(root)
    assert sorted(adapters) == ["classify", "count", "detect", "locate"]
    checkpoint = load_checkpoint(import_official(adapters, stock, tmp_path / "model"))
    assert checkpoint.manifest.tasks == ("detect", "count", "locate", "classify")
    names = {"detect": "detection", "count": "counting", "locate": "localization", "classify": "classification"}
    for task in ("detect", "count", "locate", "classify", "count", "detect"):
        checkpoint.use(task)
        with torch.no_grad():
            assert torch.equal(checkpoint.core(**prompt).logits, logits[names[task]]), task
    with pytest.raises(UnsupportedTask, match="describe"):
        checkpoint.use("describe")


def test_the_engine_asks_each_task_under_its_own_adapter(release, make_adapter, stock, make_chip, anchors, tmp_path):
    """All tasks in one batch answer as each adapter does alone; the ViT runs once for those that leave it as it is."""
    root, _ = release
    adapters = find_adapters(root)
    together = LocalEngine(import_official(adapters, stock, tmp_path / "all"), max_new_tokens=10)
    chip = make_chip(prior=anchors(9))
    runs = []
    hook = together.checkpoint.core.model.visual.register_forward_hook(lambda *_: runs.append(1))
    answers = list(together.answer([Request(chip, tuple(adapters), ("ship",), box=(1, 2, 30, 40))]))
    hook.remove()
    assert len(runs) == 2  # once for three adapters, once for the one with vision LoRA
    for answer in answers:
        alone = LocalEngine(
            import_official({answer.task: adapters[answer.task]}, stock, tmp_path / answer.task), max_new_tokens=10
        )
        (one,) = alone.answer([Request(chip, (answer.task,), ("ship",), box=(1, 2, 30, 40))])
        assert one.raw_text == answer.raw_text
    assert len({a.raw_text for a in answers}) == 4
    with pytest.raises(UnsupportedTask, match="cannot do 'describe'"):
        list(together.answer([Request(chip, ("describe",), ("ship",))]))


def test_official_adapters_are_asked_in_their_own_words(release, stock, make_chip, tmp_path):
    engine = LocalEngine(import_official(find_adapters(release[0]), stock, tmp_path / "m"), max_new_tokens=4)
    (answer,) = engine.answer([Request(make_chip(), ("detect",), ("plane",))])
    assert answer.prompt.startswith("This is a SAR image. Please carefully check the image and detect")


def test_the_command_imports_a_release(release, stock, tmp_path, capsys):
    from fusar_core.cli import main

    root, _ = release
    adapter = root / "stage2" / "counting"
    commands = {
        tmp_path / "all": [str(root)],
        tmp_path / "one": [str(adapter)],
        tmp_path / "named": ["--adapter", f"count={adapter}", "--copy-base"],
    }
    tasks = {}
    for out, arguments in commands.items():
        with pytest.raises(SystemExit) as exit_:
            main(["import-checkpoint", *arguments, "--base", str(stock), "--out", str(out), "--json"])
        assert exit_.value.code == 0
        said = json.loads(capsys.readouterr().out)
        tasks[out.name] = said["tasks"]
        assert load_checkpoint(out).manifest.tasks == tuple(said["tasks"])
    assert tasks["all"] == ["detect", "count", "locate", "classify"]
    assert tasks["one"] == ["detect", "count", "locate", "describe", "classify", "ask"]
    assert tasks["named"] == ["count"]
    with pytest.raises(SystemExit) as exit_:
        main(["import-checkpoint", "--base", str(stock), "--out", str(tmp_path / "none")])
    assert exit_.value.code == 1
    assert "[BAD_OPTION]" in capsys.readouterr().err


def test_a_copied_base_makes_a_directory_that_can_move(make_adapter, stock, prompt, tmp_path):
    adapter, expected = make_adapter(3)
    out = import_official({"*": adapter}, stock, tmp_path / "model", copy_base=True)
    moved = out.rename(tmp_path / "elsewhere")
    assert read_manifest(moved).base == moved / "base"
    checkpoint = load_checkpoint(moved)
    checkpoint.use("ask")
    with torch.no_grad():
        assert torch.equal(checkpoint.core(**prompt).logits, expected)


class Evil:
    """What a malicious file may hold: code that runs while it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def damage(adapter, tmp_path, kind):
    """Damages one adapter directory in the named way."""
    film = torch.load(adapter / "vec64_film.pt", weights_only=True)
    settings = json.loads((adapter / "adapter_config.json").read_text())
    if kind == "evil film":
        (adapter / "vec64_film.pt").write_bytes(pickle.dumps(Evil(tmp_path / "pwned")))
    elif kind == "evil zip":
        torch.save({"film_mlp": Evil(tmp_path / "pwned")}, adapter / "vec64_film.pt")
    elif kind == "no film":
        (adapter / "vec64_film.pt").unlink()
    elif kind == "torn film":
        (adapter / "vec64_film.pt").write_bytes((adapter / "vec64_film.pt").read_bytes()[:3000])
    elif kind == "poor film":
        del film["film_mlp"]["2.bias"]
        torch.save(film, adapter / "vec64_film.pt")
    elif kind == "wide film":
        film["film_mlp"]["2.weight"] = torch.zeros(200, 192)
        torch.save(film, adapter / "vec64_film.pt")
    elif kind == "new format":
        (adapter / "tlm_config.json").write_text('{"format": "tlm_v9"}')
    elif kind == "not lora":
        (adapter / "adapter_config.json").write_text(json.dumps({**settings, "peft_type": "IA3"}))
    elif kind == "pickled adapter":
        (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    elif kind == "other model":
        tensors = load_file(adapter / "adapter_model.safetensors")
        save_file({k.replace("q_proj", "query"): v for k, v in tensors.items()}, adapter / "adapter_model.safetensors")
    elif kind == "other width":
        tensors = load_file(adapter / "adapter_model.safetensors")
        save_file({k: v.repeat(1, 2) for k, v in tensors.items()}, adapter / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("evil film", "could run code"),
        ("evil zip", "could run code"),
        ("no film", r"holds no vec64_film\.pt"),
        ("torn film", "cannot be read"),
        ("poor film", r"lacks 2\.bias"),
        ("wide film", r"field\.weight of shape \(200, 192\); this base needs \(96, 192\)"),
        ("new format", "tlm_v9"),
        ("not lora", "IA3"),
        ("pickled adapter", r"no adapter_model\.safetensors"),
        ("other model", "which this base does not have"),
        ("other width", r"has shape \(8, 128\), for a layer of shape \(48, 64\)"),
    ],
)
def test_damaged_adapters_are_refused_and_leave_nothing(make_adapter, stock, tmp_path, kind, words):
    adapter, _ = make_adapter(3, path=tmp_path / "adapter")
    damage(adapter, tmp_path, kind)
    with pytest.raises(BadCheckpoint, match=words):
        import_official({"*": adapter}, stock, tmp_path / "model")
    assert not (tmp_path / "pwned").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["adapter"]


def test_other_refusals(make_adapter, stock, tmp_path):
    adapter, _ = make_adapter(3)
    legacy, _ = make_adapter(3, legacy=True)
    with pytest.raises(BadCheckpoint, match="differ in their TLM settings"):
        import_official({"count": adapter, "detect": legacy}, stock, tmp_path / "model")
    with pytest.raises(UnknownTask, match="'segment'"):
        import_official({"segment": adapter}, stock, tmp_path / "model")
    with pytest.raises(BadCheckpoint, match=r"adapter_config\.json"):
        find_adapters(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("keep me")
    with pytest.raises(OutputUnwritable, match="not empty"):
        import_official({"count": adapter}, stock, tmp_path / "model")
    assert (tmp_path / "model" / "mine.txt").read_text() == "keep me"
