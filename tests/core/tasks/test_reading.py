"""How a model's words become values: what is understood, what is refused, and that nothing ever raises or guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.tasks import captioning, classification, counting, detection, localization, question
from fusar_core.tasks.reading import NUMBER, Reading, as_integer, is_loop, only_reasoning, without_reasoning

CLASSES = ("plane", "ship", "cargo ship")
READERS = {
    "count": counting.read,
    "locate": localization.read,
    "classify": lambda text: classification.read(text, CLASSES),
    "detect": lambda text: detection.read(text, "ship", 504, 504, CLASSES),
    "describe": captioning.read,
    "ask": question.read,
}

garbage = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='0123456789[]{}()",:. \n-bbox_2dlabelshiNne三十', max_size=200),
    st.lists(
        st.sampled_from(
            ["None", "3", "-7", "1e999", "```json", "'''", "[", "]", "{", '"bbox_2d":', "ship", "十", "NaN"]
        )
    ).map(" ".join),
)


@pytest.mark.parametrize("task", READERS)
@given(text=garbage)
def test_garbage_gives_a_lawful_value_or_a_reason(task, text):
    reading = READERS[task](text)
    assert isinstance(reading, Reading)
    assert (reading.value is None) == (reading.status not in ("ok", "truncated"))
    for start, end in reading.spans:
        assert 0 <= start < end <= len(text)
    value = reading.value
    if value is None:
        return
    if task == "count":
        assert isinstance(value, int)
        assert 0 <= value <= counting.MOST
    elif task == "locate":
        assert isinstance(value, frozenset)
        assert value <= set(range(1, 10))
    elif task == "classify":
        assert value in CLASSES
    elif task == "detect":
        assert len(reading.spans) == len(value) == len(set(value))
        assert all(0 <= x1 < x2 <= 504 and 0 <= y1 < y2 <= 504 for x1, y1, x2, y2 in value)
    else:
        assert value == text.strip() != ""


wraps = st.sampled_from(
    [
        "{}",
        " {} ",
        "{}.",
        "**{}**",
        "```\n{}\n```",
        "```json\n{}\n```",
        "'''json\n{}\n'''",
        "{}\n",
        "\n\n{}\n\nI am sure.",
    ]
)


@given(st.integers(0, counting.MOST), wraps)
def test_counts_survive_fences_and_trailing_text(n, wrap):
    reading = counting.read(wrap.format(counting.write(n)))
    assert (reading.value, reading.status) == (n, "ok")


@given(st.frozensets(st.integers(1, 9)), wraps)
def test_cells_survive_fences(cells, wrap):
    text = wrap.format(localization.write(cells))
    if "sure" in text and cells:
        assert localization.read(text).status == "unreadable"
    else:
        assert localization.read(text).value == cells


@given(st.sampled_from(CLASSES), wraps, st.booleans())
def test_classes_survive_fences_case_and_plural(name, wrap, loud):
    text = wrap.format(classification.write(name.upper() + "S" if loud else name))
    assert classification.read(text, CLASSES).value == name


side = st.integers(0, 503)
boxes = st.tuples(side, side, side, side).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


@given(st.lists(boxes, unique=True, max_size=20), wraps)
def test_boxes_survive_fences_and_trailing_text(found, wrap):
    reading = READERS["detect"](wrap.format(detection.write(found, "ship")))
    assert reading.status == "ok"
    assert reading.value == found


@given(st.lists(boxes, unique=True, min_size=1, max_size=8), st.data())
def test_a_list_that_breaks_off_keeps_its_whole_boxes(found, data):
    text = detection.write(found, "ship")
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    reading = READERS["detect"](cut)
    whole = cut.count("}")
    if whole:
        assert reading.status == "truncated"
        assert reading.value == found[:whole]
    else:
        assert reading.value is None


@given(st.tuples(*[st.floats(-1000, 1500)] * 4))
def test_overshooting_and_swapped_boxes_are_cut_and_ordered(corners):
    text = '[{"bbox_2d": [' + ", ".join(f"{v:.3f}" for v in corners) + '], "label": "ship"}]'
    reading = READERS["detect"](text)
    x1, y1, x2, y2 = (min(max(float(f"{v:.3f}"), 0.0), 504.0) for v in corners)
    if abs(x2 - x1) < 1 or abs(y2 - y1) < 1 or max(x1, x2, y1, y2) <= 1:
        assert reading.status == "out_of_range"
    else:
        assert reading.value == [(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))]


@given(st.text(min_size=1, max_size=60).filter(lambda t: t == t.strip()), st.integers(5, 12), st.data())
def test_loops_are_failures_in_every_task(unit, times, data):
    text = unit * max(times, -(-60 // len(unit)))
    text += unit[: data.draw(st.integers(0, len(unit) - 1))]  # generation ends anywhere
    if not text[-1].isspace():
        assert {read("Well: " + text).status for read in READERS.values()} == {"repetition"}


def test_what_is_no_loop():
    assert not is_loop("8888")
    assert not is_loop(detection.write([(i, i, i + 9, i + 9) for i in range(0, 400, 13)], "ship"))
    assert not is_loop("A harbour with many ships, many piers, many tanks and many sheds beside the water.")


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("There are more than 20 ships.", None, "ambiguous"),
        ("At least 5", None, "ambiguous"),
        ("10+", None, "ambiguous"),
        ("5 or more", None, "ambiguous"),
        ("超过20艘", None, "ambiguous"),
        ("about 5", 5, "ok"),
        ("Nothing can be said about this image.", None, "unreadable"),
        ("No object detection is possible here.", None, "unreadable"),
        ("No ships are visible.", 0, "ok"),
        ("3", 3, "ok"),
        ("There are 3 ships.", 3, "ok"),
        ("three", 3, "ok"),
        ("Twenty-one ships", 21, "ok"),
        ("forty", 40, "ok"),
        ("图中一共有十二艘船", 12, "ok"),
        ("三百零五", 305, "ok"),
        ("两艘", 2, "ok"),
        ("3艘", 3, "ok"),
        ("３", 3, "ok"),
        ('{"count": 4}', 4, "ok"),
        ("Answer: 4 (in a 504 px image)", 4, "ok"),
        ("4\n\nThe image is 504 by 504 pixels.", 4, "ok"),
        ("1,234", 1234, "ok"),
        ("None", 0, "ok"),
        ("There are no ships.", 0, "ok"),
        ("No.", 0, "ok"),
        ("没有船", 0, "ok"),
        ("3 ships and 4 planes", None, "ambiguous"),
        ("two hundred", None, "ambiguous"),
        ("a hundred", None, "unreadable"),
        ("三万", None, "ambiguous"),
        ("3.5", None, "unreadable"),
        ("3x3", None, "unreadable"),
        ("-3", None, "out_of_range"),
        ("10001", None, "out_of_range"),
        ("no idea", None, "unreadable"),
        ("There is no way to tell", None, "unreadable"),
        ("无法判断", None, "unreadable"),
        ("many", None, "unreadable"),
        ("", None, "empty"),
        (" \n", None, "empty"),
        ("7" * 60, None, "repetition"),
    ],
)
def test_counts(text, value, status):
    reading = counting.read(text)
    assert (reading.value, reading.status) == (value, status)


def test_the_span_of_a_count_is_its_digits():
    text = "There are 17 ships."
    ((start, end),) = counting.read(text).spans
    assert text[start:end] == "17"


@pytest.mark.parametrize(
    ("text", "cells", "status"),
    [
        ("Cells 1, 2, 3 hold no ships.", None, "ambiguous"),
        ("Not cells 1, 2", None, "ambiguous"),
        ("None of the cells 1, 2", None, "ambiguous"),
        ("Cells: 1-9", None, "ambiguous"),
        ("The cells are 1 and 5. No ships lie elsewhere.", {1, 5}, "ok"),
        ("1, 2, 9", {1, 2, 9}, "ok"),
        ("Cells 1 and 5.", {1, 5}, "ok"),
        ("[3]", {3}, "ok"),
        ('{"cells": [4, 6]}', {4, 6}, "ok"),
        ("The ships are in cells 1, 2 and 3 of the 3 × 3 grid.", {1, 2, 3}, "ok"),
        ("3x3 grid: cell 7", {7}, "ok"),
        ("一、三、九", {1, 3, 9}, "ok"),
        ("第五格", {5}, "ok"),
        ("None", set(), "ok"),
        ("None of the cells", set(), "ok"),
        ("all", set(range(1, 10)), "ok"),
        ("All nine cells.", set(range(1, 10)), "ok"),
        ("0", None, "out_of_range"),
        ("1, 10", None, "out_of_range"),
        ("123", None, "out_of_range"),
        ("2 ships lie near cell 5", {5}, "ok"),
        ("1-3", None, "unreadable"),
        ("2 ships", None, "unreadable"),
        ("cells 1, 2 or cells 3, 4", None, "ambiguous"),
        ("top left", None, "unreadable"),
        ("", None, "empty"),
    ],
)
def test_cells(text, cells, status):
    reading = localization.read(text)
    assert (reading.value, reading.status) == (None if cells is None else frozenset(cells), status)


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("It doesn't look like a ship.", None, "ambiguous"),
        ("Something other than a ship.", None, "ambiguous"),
        ("ship", "ship", "ok"),
        ("The target is a Ship.", "ship", "ok"),
        ("cargo ship", "cargo ship", "ok"),
        ("It is a cargo ship", "cargo ship", "ok"),
        ("aircraft", "plane", "ok"),
        ("这是一架飞机", "plane", "ok"),
        ("舰船", "ship", "ok"),
        ("A vessel", "ship", "ok"),
        ("ship\nbecause it is not a plane", "ship", "ok"),
        ("ship or plane", None, "ambiguous"),
        ("It is not a ship", None, "ambiguous"),
        ("不是船", None, "ambiguous"),
        ("battleship", None, "unknown_class"),
        ("tank", None, "unknown_class"),
        ("", None, "empty"),
    ],
)
def test_classes(text, value, status):
    reading = classification.read(text, CLASSES)
    assert (reading.value, reading.status) == (value, status)


def test_a_class_goes_before_anothers_synonym():
    assert classification.read("aircraft", ("plane", "aircraft")).value == "aircraft"


BOX = '{"bbox_2d": [10, 20, 30, 40], "label": "ship"}'


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("No ships except [10, 10, 50, 50]", None, "unreadable"),
        ("There is no ship at [10, 10, 50, 50].", None, "unreadable"),
        (f"[{BOX}]", [(10, 20, 30, 40)], "ok"),
        (BOX, [(10, 20, 30, 40)], "ok"),
        (f"```json\n[{BOX}]\n```\nThere is one ship.", [(10, 20, 30, 40)], "ok"),
        (f"[{BOX}, {BOX}]", [(10, 20, 30, 40)], "ok"),
        ("[{'bbox_2d': (10, 20, 30, 40), 'label': 'ships'}]", [(10, 20, 30, 40)], "ok"),
        ('[{"bbox_2d": [10, 20, 30, 40]}]', [(10, 20, 30, 40)], "ok"),
        ('[{"bbox_2d": [30, 40, 10, 20], "label": "ship"}]', [(10, 20, 30, 40)], "ok"),
        ('[{"bbox_2d": [-5, 480, 30, 900], "label": "ship"}]', [(0, 480, 30, 504)], "ok"),
        (f'[{BOX}, {{"bbox_2d": [1, 2, 3, 4], "label": "plane"}}]', [(10, 20, 30, 40)], "ok"),
        (f'[{BOX}, {{"bbox_2d": [1, 2, 3], "label": "ship"}}]', [(10, 20, 30, 40)], "ok"),
        (f"[{BOX}, " + '{"bbox_2d": [50, 6', [(10, 20, 30, 40)], "truncated"),
        (f"[{BOX}", [(10, 20, 30, 40)], "truncated"),
        ("None", [], "ok"),
        ("[]", [], "ok"),
        ("There are no ships in this image.", [], "ok"),
        ('[{"bbox_2d": [600, 600, 700, 700], "label": "ship"}]', None, "out_of_range"),
        ('[{"bbox_2d": [1, 2, 3, 4], "label": "plane"}]', None, "unknown_class"),
        ('[{"bbox_2d": [1, 2, 3, 4], "label": "whale"}]', None, "unknown_class"),
        ('[{"bbox_2d": ["a", 2, 3, 4], "label": "ship"}]', None, "unreadable"),
        ('[{"bbox_2d": [1, 2, 1e999, 4], "label": "ship"}]', None, "unreadable"),
        ("I see a ship.", None, "unreadable"),
        (f"[{', '.join([BOX] * 9)}", None, "repetition"),
        ("", None, "empty"),
    ],
)
def test_boxes(text, value, status):
    reading = READERS["detect"](text)
    assert (reading.value, reading.status) == (value, status)
    if value:
        assert all(text[a:b].startswith("{") and text[a:b].endswith("}") for a, b in reading.spans)


def test_descriptions_are_taken_as_they_are():
    assert captioning.read("  A harbour.\n").value == "A harbour."
    assert captioning.read("").status == "empty"
    assert captioning.read("the sea " * 30).status == "repetition"


@given(st.integers(0, 9999))
def test_chinese_numerals(n):
    digits = "零一二三四五六七八九"
    said, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // unit % 10
        if digit:
            said += ("零" if gap and said else "") + digits[digit] + name
        gap = not digit
    assert as_integer(said or "零") == n
    assert as_integer("".join(digits[int(c)] for c in str(n))) == n


def test_numbers_are_found_as_wholes():
    assert [m[0] for m in NUMBER.finditer("seventeen, 1,200 and 3.5; 二十 twenty one")] == [
        "seventeen",
        "1,200",
        "3.5",
        "二十",
        "twenty one",
    ]


BOXED = [(10, 20, 30, 40)]
LIST = "[10, 20, 30, 40]"


@pytest.mark.parametrize(
    "text",
    [
        f"[{LIST}]",
        LIST,
        f"```json\n[{LIST}]\n```",
        f"ship: {LIST}",
        f"{LIST} ship",
        "(10, 20), (30, 40)",
        "[[10, 20], [30, 40]]",
        "<|box_start|>(10,20),(30,40)<|box_end|>",
        "<|object_ref_start|>the ship<|object_ref_end|><|box_start|>(10,20),(30,40)<|box_end|><|im_end|>",
        "<ref>ship</ref><box>[[10, 20, 30, 40]]</box>",
        f"I see <|ref|>ship<|/ref|><|det|>[{LIST}]<|/det|> here.",
        f"<|begin_of_box|>[{LIST}]<|end_of_box|>",
        f"The ship is at <|begin_of_box|>{LIST}<|end_of_box|>.",
        f'[{{"bbox_2d": [{LIST}], "label": "ship"}}]',
        f'[{{"label": "ship", "bbox_2d": {LIST}, "attributes": {{"size": "large", "at": [1, 2]}}}}]',
        f'{{"objects": [{{"attributes": {{"hull": {{"steel": true}}}}, "category": "Ship", "bbox": {LIST}}}]}}',
        '[{"bbox_2d": ["10", "20", "30", "40"], "label": "ship"}]',
        '[{"bbox_2d": "10, 20, 30, 40", "label": "ship"}]',
        '[{"bbox_2d": "[10, 20, 30, 40]", "label": "ship"}]',
        '[{"bbox_2d": [[10, 20], [30, 40]], "label": "ship"}]',
        '[{"bbox": {"x1": 10, "y1": 20, "x2": 30, "y2": 40}, "name": "ship"}]',
        '[{"bbox": {"xmin": "10", "ymin": "20", "xmax": "30", "ymax": "40"}, "label": "ship"}]',
        f'{{"bbox_2d": [{LIST}, [1, 2, 3, 4]], "label": ["ship", "plane"]}}',
        f"ship {LIST}\nplane [1, 2, 3, 4]",
        f"1. ship {LIST}\n2. plane [1, 2, 3, 4]",
    ],
)
def test_boxes_are_read_in_the_forms_that_models_write(text):
    reading = READERS["detect"](text)
    assert (reading.value, reading.status) == (BOXED, "ok")


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        (f"[{LIST}, [50, 60, 70, 80]]", [*BOXED, (50, 60, 70, 80)], "ok"),
        (f'{{"bbox_2d": [{LIST}, [50, 60, 70, 80]], "label": "ship"}}', [*BOXED, (50, 60, 70, 80)], "ok"),
        (f"<box>[{LIST}, [50, 6", BOXED, "truncated"),
        (f"<box>[{LIST}]</box><box>[[50, 60, 70, 80]]", [*BOXED, (50, 60, 70, 80)], "truncated"),
        (f"[{LIST}, [50, 60", None, "unreadable"),
        (f"[{LIST},", BOXED, "truncated"),
        ("<ref>plane</ref><box>[[10, 20, 30, 40]]</box>", None, "unknown_class"),
        ('[{"bbox_2d": [0.18, 0.19, 0.22, 0.2], "label": "ship"}]', None, "out_of_range"),
        ("[[0, 0, 1, 1]]", None, "out_of_range"),
        (f"[{LIST}, [100, 100, 100.4, 120]]", BOXED, "ok"),
        (f"The image of size [0, 0, 504, 504] shows no ship but a pier at {LIST}.", None, "unreadable"),
        ('[{"box_2d": [10, 20, 30, 40], "label": "ship"}]', None, "unreadable"),  # rows come first there
        ("[10, 20, 30]", None, "unreadable"),
        ("[10, 20, 30, 40, 0.9]", None, "unreadable"),
    ],
)
def test_what_of_lists_is_a_box(text, value, status):
    reading = READERS["detect"](text)
    assert (reading.value, reading.status) == (value, status)


@pytest.mark.parametrize(("span", "box"), [(1000, (20, 40, 60, 80)), (1, (0.02, 0.04, 0.06, 0.08))])
def test_in_declared_units_a_pixel_is_what_it_is_there(span, box):
    pixel = (span / 504, span / 504)
    text = detection.json.dumps([{"bbox_2d": box, "label": "ship"}])
    assert detection.read(text, "ship", span, span, CLASSES, pixel).value == [box]
    small = [box[0], box[1], box[0] + span / 600, box[3]]
    text = detection.json.dumps([{"bbox_2d": small, "label": "ship"}])
    assert detection.read(text, "ship", span, span, CLASSES, pixel).status == "out_of_range"


forms = st.sampled_from(
    [
        lambda b: f"[{', '.join(map(str, map(list, b)))}]",
        lambda b: "".join(f"<|box_start|>({x1},{y1}),({x2},{y2})<|box_end|>" for x1, y1, x2, y2 in b),
        lambda b: f"<ref>ship</ref><box>{list(map(list, b))}</box>",
        lambda b: f"<|begin_of_box|>{list(map(list, b))}<|end_of_box|>",
        lambda b: detection.json.dumps([{"bbox_2d": [str(v) for v in x], "label": "ship", "a": {"b": {}}} for x in b]),
        lambda b: detection.json.dumps({"bbox_2d": list(b), "label": "ship"}),
        lambda b: detection.json.dumps({"ships": [{"bbox": list(x), "category": "Ship"} for x in b]}, indent=2),
    ]
)
real_boxes = boxes.filter(lambda b: b[2] > 1 or b[3] > 1)


@given(
    st.lists(real_boxes, unique=True, min_size=1, max_size=12),
    forms,
    st.sampled_from(["{}", "<think>[[1, 2, 3, 4]]</think>{}"]),
)
def test_whatever_the_form_the_boxes_are_the_same(found, form, wrap):
    text = wrap.format("\x00").replace("\x00", form(found))
    reading = READERS["detect"](without_reasoning(text))
    assert reading.value == found
    assert all(a < b <= len(text) for a, b in reading.spans)


@given(
    st.frozensets(st.integers(1, 9), min_size=1),
    st.sampled_from([",", ", ", " and ", "/", "; ", "、", "和", " ", "|", '", "', "\n- "]),
)
def test_cells_are_read_however_they_are_separated(cells, between):
    for around in ("{}", "cells {}", '{{"cells": ["{}"]}}', "[{}]", "Cells: {}."):
        text = around.format(between.join(map(str, sorted(cells))))
        assert localization.read(text).value == cells, text


@pytest.mark.parametrize(
    "text",
    [
        "1,4,6,8",
        "cells 1/4/6/8",
        '{"cells": [1,4,6,8]}',
        '{"answer": ["1", "4", "6", "8"]}',
        "one, four, six and eight",
        "(1), (4), (6), (8)",
        "#1 #4 #6 #8",
        "- 1\n- 4\n- 6\n- 8",
        "Cell 1, cell 4, cell 6, cell 8",
        "第1、4、6和8格",
        "１，４，６，８",
        "<|begin_of_box|>1,4,6,8<|end_of_box|>",
    ],
)
def test_cells_in_the_forms_that_models_write(text):
    assert localization.read(text).value == {1, 4, 6, 8}


@pytest.mark.parametrize(
    "text",
    [
        "<think>Is the count 7? No.</think>4",
        "<think>7?</think>\n\n4",
        "Is the count 7? No.</think>4",  # its beginning was in the prompt
        "7 </think> 8 </think>4",
        "<think>7 <think> 8</think>4",
        "<thinking>7</thinking> <reasoning>8</reasoning> 4",
        "<THINK>7</THINK>4",
        "[THINK]7[/THINK]4",
        "◁think▷7◁/think▷4",
        "<|begin_of_thought|>7<|end_of_thought|><|begin_of_solution|>4<|end_of_solution|>",
        "<|channel|>analysis<|message|>7<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
        "<|channel>thought\n7<channel|>4",
        "<think>7</think><answer>4</answer>",
        "First 7, then 8. <answer>4</answer>",
        "<SUMMARY>7</SUMMARY><REASONING>8</REASONING><CONCLUSION>4</CONCLUSION>",
        "<think>7</think>There are <|begin_of_box|>4<|end_of_box|> ships.",
        "<answer>4",
        "<think>7</think>\\boxed{4}",
        "4<|im_end|>",
        "4<think>or 7?",
    ],
)
def test_reasoning_is_no_answer(text):
    answer = without_reasoning(text)
    assert len(answer) == len(text)
    reading = counting.read(answer)
    assert reading.value == 4
    ((start, end),) = reading.spans
    assert text[start:end] == "4"
    assert not only_reasoning(text)


@pytest.mark.parametrize("text", ["<think>Is it 7?", "<think>7</think>", "[THINK]7", "◁think▷ 7", "7</think>"])
def test_reasoning_alone_is_known_for_it(text):
    assert only_reasoning(text)
    assert counting.read(without_reasoning(text)).status == "empty"


@given(garbage, st.text(alphabet="<think>/ []◁▷|answer0123", max_size=80))
def test_cutting_reasoning_moves_nothing_and_leaves_other_words_alone(text, more):
    for whole in (text + more, f"<think>{more}</think>{text}"):
        cut = without_reasoning(whole)
        assert len(cut) == len(whole)
        assert all(a in (b, " ") for a, b in zip(cut, whole, strict=True))
        assert without_reasoning(cut) == cut
    assert without_reasoning("There are 3 ships, I think.") == "There are 3 ships, I think."


@pytest.mark.parametrize(
    "text", ["{" * 50_000 + "}" * 50_000, "</think>" * 20_000, "<think>" * 20_000 + "[1, 2], " * 20_000]
)
def test_endless_marks_cost_no_time(text):
    READERS["detect"](without_reasoning(text))
