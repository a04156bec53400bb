"""Values that the FUSAR-GPT paper (CVPR 2026) prints, in percent, to stand beside ours. They are of other data."""

from __future__ import annotations

COUNTING_AND_GRIDS = {
    "Qwen2.5-VL-7B": (34.85, 30.81, 57.07, 78.28),
    "Qwen3-VL-4B": (45.45, 43.94, 71.21, 82.32),
    "FUSAR-GPT": (52.53, 52.02, 79.29, 91.41),
}
"""Table 2: counting accuracy, Acc@100, Acc@50, Top1 on 198 images (95 % interval of 52.53: 45.6 to 59.4)."""

CLASSIFICATION = {"Qwen2.5-VL-7B": (64.66, 55.19), "FUSAR-GPT": (76.85, 67.42)}
"""Table 3: coarse accuracy, plane and ship."""

DETECTION = {"Qwen2.5-VL-7B": (47.1, 27.7, 7.3), "FUSAR-GPT": (74.8, 58.7, 24.1)}
"""Table 4: F1 of all classes at IoU .25, .5, .75."""

FUSIONS = {"none": 34.85, "sum": 36.36, "concat": 37.88, "tlm": 52.53}
"""Table 6: counting accuracy by fusion. "Base" there is Qwen2.5-VL-7B after stage 2."""

CAPTIONS = {"Qwen2.5-VL-7B": (66.71, 51.19, 91.68), "FUSAR-GPT": (77.92, 64.01, 160.21)}
"""Table 7: BLEU-1, BLEU-4, CIDEr."""

STAGES = {"none-stage2": 34.85, "none": 36.36, "tlm-stage2": 41.92, "tlm": 52.53}
"""Table 9: counting accuracy; with or without stage 1 before stage 2, with or without TLM. (It prints 52.23 for the
last, Tables 2 and 6 print 52.53.)"""
