"""From bytes to a job: good requests are understood, bad ones are named and cost little."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from functools import cache

import numpy as np
import pytest
from asking import anchors_part, as_json, body, encoded, image_part, npz, picture, unit_anchors
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fusar_core.errors import (
    BadAnchors,
    BadEmbeddings,
    BadImage,
    BadOption,
    FusarError,
    UnknownModel,
    UnsupportedTask,
)
from fusar_core.tasks import TASKS
from fusar_core.worker.intake import model_names, understand
from fusar_core.worker.jobs import About
from fusar_core.worker.limits import Limits

ABOUT = About("made 1", 112, tuple(TASKS), ("ship",), 4096, True)
BY_TASK = About("made 1", 112, ("count", "detect"), ("ship",), 4096, True, adapted=("count", "detect"), any_task=False)
LIMITS = Limits()


def read(content, about=ABOUT, limits=LIMITS):
    return understand(content if isinstance(content, bytes) else as_json(content), "made", about, limits)


def with_parts(*parts, **options):
    return {"model": "made", "messages": [{"role": "user", "content": list(parts)}], **options}


def test_a_question_becomes_a_job():
    anchors = unit_anchors(9)
    asked = read(body("How many ships?", anchors=anchors, image=picture(3), max_tokens=16, logprobs=True))
    job = asked.job
    assert (job.image == picture(3)).all()
    assert (job.prior.features == anchors["features"]).all()
    assert (job.prior.positions == anchors["positions"]).all()
    assert (job.question, job.task, job.max_tokens, job.temperature, job.seeds) == (
        "How many ships?",
        "",
        16,
        0.0,
        (0,),
    )
    assert (asked.choices, asked.stream, asked.logprobs, asked.usage) == (1, False, True, False)


def test_keys_tell_contents_apart_and_nothing_else():
    keys = {name: (job.image_key, job.prior_key) for name, job in {
        "plain": read(body()).job,
        "other words": read(body("Where?", max_tokens=3)).job,
        "as jpeg of the same": read(with_parts(image_part(encoded(picture())), {"type": "text", "text": "?"})).job,
        "other image": read(body(image=picture(1))).job,
        "with prior": read(body(anchors=unit_anchors(3))).job,
        "other prior": read(body(anchors=unit_anchors(3, 1))).job,
    }.items()}  # fmt: skip
    assert keys["plain"] == keys["other words"] == keys["as jpeg of the same"]
    assert len({keys[k] for k in ("plain", "other image", "with prior", "other prior")}) == 4
    assert keys["plain"][0] == keys["with prior"][0]


def test_a_digest_is_of_what_the_answer_depends_on():
    same = [read(body(stream=True, stream_options={"include_usage": True})), read(body(user="me")), read(body())]
    assert len({a.digest for a in same}) == 1
    others = [{"max_tokens": 3}, {"temperature": 1.0}, {"seed": 3}, {"n": 2}, {"image": picture(5)}, {"question": "?"}]
    assert len({read(body(**o)).digest for o in others} | {same[0].digest}) == len(others) + 1


def test_choices_of_a_drawn_answer_have_seeds_of_their_own():
    assert read(body(n=3, temperature=1, seed=7)).job.seeds == (7, 8, 9)
    assert read(body(n=3)).job.seeds == (0,)
    first, second = (read(body(n=2, temperature=0.5)).job.seeds for _ in range(2))
    assert first != second


def test_images_of_other_sizes_and_modes_are_fitted():
    wide = Image.fromarray(picture(0, 224)).resize((300, 200))
    assert read(with_parts(image_part(encoded(wide)), {"type": "text", "text": "?"})).job.image.shape == (112, 112)
    for mode, shape in (
        ("RGB", (112, 112, 3)),
        ("RGBA", (112, 112, 3)),
        ("P", (112, 112, 3)),
        ("LA", (112, 112)),
        ("1", (112, 112)),
    ):
        image = Image.fromarray(picture()).convert(mode)
        job = read(with_parts(image_part(encoded(image)), {"type": "text", "text": "?"})).job
        assert (job.image.shape, job.image.dtype) == (shape, np.uint8)
    jpeg = image_part(encoded(picture(), "JPEG"), "jpeg")
    assert read(with_parts(jpeg, {"type": "text", "text": "?"})).job.image.shape == (112, 112)


def test_parts_may_come_in_any_order_and_texts_are_joined():
    parts = [{"type": "text", "text": "One,"}, image_part(encoded(picture())), {"type": "text", "text": "two?"}]
    assert read(with_parts(*parts)).job.question == "One,\ntwo?"


def test_a_model_without_prior_branch_is_given_none():
    about = About("stock 1", 112, tuple(TASKS), ("ship",), 4096, prior=False)
    assert read(body(anchors=unit_anchors(3)), about).job.prior is None
    assert read(body(anchors=unit_anchors(0))).job.prior is None


def test_models_by_task():
    assert model_names("made", ABOUT) == ["made"]
    assert model_names("made", BY_TASK) == ["made", "made:count", "made:detect"]
    assert read(body(model="made:count")).job.task == ""  # one model for all tasks
    assert read(body(model="made:count"), BY_TASK).job.task == "count"
    with pytest.raises(UnsupportedTask, match="made:count, made:detect"):
        read(body(model="made"), BY_TASK)
    for name in ("gpt-4", "made:paint", "other:count", ":count", "made:"):
        with pytest.raises(UnknownModel, match="made"):
            read(body(model=name))


def png_head(width: int, height: int, bits: int = 8, colour: int = 0) -> bytes:
    """A PNG that says it has this size, and nearly no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")


BOMB = png_head(60_000, 60_000)


def test_an_image_that_would_be_huge_is_refused_before_it_is_decoded():
    tracemalloc.start()
    with pytest.raises(BadImage, match="60000 × 60000"):
        read(with_parts(image_part(BOMB), {"type": "text", "text": "?"}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither a PNG nor a JPEG"),
        (b"GIF89a" + bytes(40), "neither"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither"),
        (encoded(picture())[:2000], "cannot be decoded"),
        (encoded(picture())[:30], "cannot be decoded|neither"),
        (png_head(0, 5), "empty|cannot be decoded"),
        (encoded(Image.fromarray(np.zeros((9, 9), np.uint16))), "mode I;16"),
        (encoded(Image.fromarray(picture()).convert("CMYK"), "JPEG"), "mode CMYK"),
    ],
)
def test_what_is_no_image_is_refused(content, words):
    with pytest.raises(BadImage, match=words):
        read(with_parts(image_part(content), {"type": "text", "text": "?"}))


def test_addresses_are_not_fetched_and_base64_is_strict():
    for url in ("http://127.0.0.1:9/chip.png", "file:///etc/passwd", "data:text/html;base64,AA=="):
        with pytest.raises(BadOption, match=r"image_url\.url"):
            read(with_parts({"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}))
    for data in ("A", "AA=A", "AAAA\nAAAA", "ü===", "AA=="[:3]):
        part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        with pytest.raises(BadImage, match="no base64"):
            read(with_parts(part, {"type": "text", "text": "?"}))


@cache
def broken_anchors() -> dict[str, tuple[bytes, type[FusarError], str]]:
    good, million = unit_anchors(9), np.zeros((10**6, 64), np.float32)
    nan = {**good, "features": np.where(np.arange(64) == 3, np.nan, good["features"]).astype(np.float32)}
    lying = io.BytesIO()
    with zipfile.ZipFile(lying, "w") as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**11, 64)})
        archive.writestr("features.npy", head.getvalue())
        archive.writestr("positions.npy", head.getvalue())
    pickled = npz(features=np.array([{"a": 1}] * 3, dtype=object), positions=good["positions"])
    return {
        "NaN": (npz(**nan), BadAnchors, "NaN"),
        "wrong width": (npz(**unit_anchors(9, width=63)), BadAnchors, "63"),
        "no unit vectors": (npz(**{**good, "features": good["features"] * 3}), BadEmbeddings, "length 3"),
        "a million": (npz(features=million, positions=np.zeros((10**6, 2), np.float32)), BadAnchors, "4096"),
        "more than allowed": (npz(**unit_anchors(4097)), BadAnchors, "4096"),
        "positions outside": (npz(**{**good, "positions": good["positions"] + 1}), BadAnchors, "Positions|positions"),
        "too few positions": (npz(**{**good, "positions": good["positions"][1:]}), BadAnchors, "fit together"),
        "no zip": (b"PK but no zip", BadAnchors, "damaged"),
        "not even PK": (b"{}", BadAnchors, "no NPZ"),
        "nothing": (b"", BadAnchors, "no NPZ"),
        "cut off": (npz(**good)[:-40], BadAnchors, "damaged"),
        "without positions": (npz(features=good["features"]), BadAnchors, "positions"),
        "a shape that lies": (lying.getvalue(), BadAnchors, "cannot be read"),
        "a pickle": (pickled, BadAnchors, "cannot be read"),
        "members without end": (npz(**{f"x{i}": np.zeros(1) for i in range(50)}, **good), BadAnchors, "4096"),
    }  # fmt: skip


@pytest.mark.parametrize("name", broken_anchors())
def test_broken_anchors_are_refused(name):
    content, error, words = broken_anchors()[name]
    parts = [image_part(encoded(picture())), {"type": "text", "text": "?"}, anchors_part(content)]
    with pytest.raises(error, match=words):
        read(with_parts(*parts))


def test_a_million_anchors_are_refused_before_they_are_unpacked():
    content = broken_anchors()["a million"][0]
    parts = as_json(with_parts(image_part(encoded(picture())), {"type": "text", "text": "?"}, anchors_part(content)))
    assert len(content) < 1e6
    tracemalloc.start()
    with pytest.raises(BadAnchors):
        read(parts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


IMAGE, TEXT = image_part(encoded(picture())), {"type": "text", "text": "?"}
ANCHORS = anchors_part(npz(**unit_anchors(2)))


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", BadOption, "JSON"),
        (b"{", BadOption, "JSON"),
        (b"\xff\xfe", BadOption, "JSON"),
        (b"[" * 100_000, BadOption, "JSON"),
        (b"null", BadOption, "body"),
        ({}, BadOption, "model: Field required"),
        ({"model": "made"}, BadOption, "messages: Field required"),
        ({"model": "made", "messages": []}, BadOption, "messages"),
        (with_parts(TEXT), BadImage, "0 images"),
        (with_parts(IMAGE, IMAGE, TEXT), BadImage, "2 images"),
        (with_parts(IMAGE), BadOption, "question is empty"),
        (with_parts(IMAGE, {"type": "text", "text": " \n"}), BadOption, "question is empty"),
        (with_parts(IMAGE, TEXT, ANCHORS, ANCHORS), BadAnchors, "2 parts"),
        (with_parts(IMAGE, TEXT, {"type": "video_url", "video_url": {}}), BadOption, "video_url"),
        (with_parts(IMAGE, {"type": "text", "text": "a" * 20_001}), BadOption, "20000"),
        ({"model": "made", "messages": [{"role": "system", "content": [TEXT]}]}, BadOption, "role"),
        ({"model": "made", "messages": [{"role": "user", "content": "How many?"}]}, BadOption, "content"),
        (as_json(body("lone \ud800")), BadOption, "JSON"),
        (body(n=0), BadOption, "n: "),
        (body(n=9), BadOption, "n: "),
        (body(n="2"), BadOption, "n: "),
        (body(n=True), BadOption, "n: "),
        (body(temperature=-1), BadOption, "temperature"),
        (body(temperature="hot"), BadOption, "temperature"),
        (body(top_p=0), BadOption, "top_p"),
        (body(max_tokens=0), BadOption, "max_tokens"),
        (body(stream="yes"), BadOption, "stream"),
        (body(tools=[{"type": "function"}]), BadOption, "'tools'"),
        (body(stop=["\n"]), BadOption, "'stop'"),
        (body(response_format={"type": "json_object"}), BadOption, "'response_format'"),
        (body(top_logprobs=5), BadOption, "'top_logprobs'"),
        (body(presence_penalty=0.5), BadOption, "'presence_penalty'"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(content, error, words):
    with pytest.raises(error, match=words):
        read(content)


def test_options_that_change_nothing_are_let_through():
    read(
        body(stop=None, tools=None, top_logprobs=0, presence_penalty=0, logit_bias={}, response_format={"type": "text"})
    )
    read(
        body(user="me", store=False, metadata={"a": "b"}, n=None, temperature=None, top_p=None, seed=None, stream=None)
    )


def test_faults_are_told_without_the_values():
    """They may be a megabyte long, or secret."""
    with pytest.raises(BadOption) as caught:
        read(body(n="hidden" * 1000, temperature="hidden", top_p="hidden", seed="hidden", stream="hidden"))
    assert "hidden" not in str(caught.value)
    assert "(and 2 more)" in str(caught.value)
    assert len(str(caught.value)) < 1000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(json_values, st.sampled_from(["model", "messages", "n", "temperature", "max_tokens", "seed", "stop", "stream"]))
@settings(max_examples=150, deadline=None)
def test_any_value_anywhere_is_understood_or_refused(value, where):
    good = body()
    good[where] = value
    with contextlib.suppress(FusarError):
        read(json.dumps(good).encode())


@given(st.binary(max_size=300), st.integers(0, 4000), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_damaged_images_and_anchors_are_read_or_refused(noise, start, cut):
    for good, part in ((encoded(picture()), image_part), (npz(**unit_anchors(9)), anchors_part)):
        spoilt = good[:start] + noise + good[start + cut :]
        others = [IMAGE, TEXT] if part is anchors_part else [TEXT]
        with contextlib.suppress(BadImage, BadAnchors, BadEmbeddings):
            read(with_parts(part(spoilt), *others))


# --- work that is larger than its bytes -------------------------------------------------------------------------------


def with_scans(scans: int) -> bytes:
    """A small baseline JPEG whose only scan is there so many times."""
    whole = encoded(picture(), "JPEG")
    at = whole.index(b"\xff\xda")
    return whole[:at] + whole[at:-2] * scans + whole[-2:]


def progressive(size: int = 64) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(0, size)).save(file, "JPEG", progressive=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (progressive(), "progressive"),
        (with_scans(6000), "more scans"),
        (encoded(picture(), "JPEG")[:20], "damaged JPEG"),
        (b"\xff\xd8" + b"\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00", "too large"),
        (b"\xff\xd8\xff\xd9", "damaged JPEG"),
    ],
)
def test_a_jpeg_is_refused_for_its_work_before_it_is_decoded(content, says, monkeypatch):
    def decodes(*_, **__):
        raise AssertionError("it was opened")

    monkeypatch.setattr(Image, "open", decodes)
    with pytest.raises(BadImage, match=says):
        read(with_parts(image_part(content, "jpeg"), {"type": "text", "text": "?"}))


def test_a_jpeg_with_a_preview_in_it_is_taken():
    """The markers of the small picture within are not the large one's."""
    file = io.BytesIO()
    Image.fromarray(picture(0, 112)).save(file, "JPEG", exif=b"Exif\x00\x00" + progressive(), quality=95)
    assert read(with_parts(image_part(file.getvalue(), "jpeg"), {"type": "text", "text": "?"})).job.image.shape


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_usual_jpegs_are_taken(mode):
    rgb = Image.fromarray(picture(0, 130)).convert(mode)
    for options in ({}, {"subsampling": 0}, {"restart_marker_blocks": 2}, {"optimize": True}):
        file = io.BytesIO()
        rgb.save(file, "JPEG", **options)
        assert read(with_parts(image_part(file.getvalue(), "jpeg"), {"type": "text", "text": "?"})).job.image.shape


def lying(method: int, size: int, said: int = 1000) -> bytes:
    """An NPZ whose one member unpacks to more bytes than both of its heads say."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("features.npy", bytes(size))
    content = bytearray(file.getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature)
        content[at + offset : at + offset + 4] = struct.pack("<I", said)
    return bytes(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_an_npz_that_lies_about_its_size_costs_no_memory(method):
    content = lying(method, 64 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(BadAnchors):
            read(
                body(anchors=None)
                | {
                    "messages": [
                        {
                            "role": "user",
                            "content": [
                                image_part(encoded(picture())),
                                {"type": "text", "text": "?"},
                                anchors_part(content),
                            ],
                        }
                    ]
                }
            )
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_an_array_that_says_to_be_huge_costs_no_memory():
    file = io.BytesIO()
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (900000000000, 64), }"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("features.npy", array)
        archive.writestr("positions.npy", array)
    with pytest.raises(BadAnchors, match="cannot be read"):
        read(with_parts(image_part(encoded(picture())), {"type": "text", "text": "?"}, anchors_part(file.getvalue())))
