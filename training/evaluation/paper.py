"""Values that the FUSAR-GPT paper (CVPR 2026) prints, in percent, to stand beside ours. They are of other data, which
is not published: 198 images with 633 planes and 31 ships, each with targets in one to eight of its cells."""

from __future__ import annotations

from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE

TASKS = (COUNT, LOCATE, CLASSIFY, DETECT, DESCRIBE)
"""In the order of its tables 2, 3, 4 and 7, which is that of our evaluations."""
ABLATED = TASKS[:4]
"""What the arms of the ablation are asked."""
TESTED = TASKS[:2]
"""What they are tested on against their twins, and asked with the controls of the prior."""
IMAGES, TARGETS = 198, {"all": 664, "plane": 633, "ship": 31}

COUNTING_AND_GRIDS = {
    "Qwen2-VL-2B": (35.86, 23.23, 46.97, 75.25),
    "Qwen2-VL-7B": (41.41, 35.35, 67.68, 83.33),
    "Qwen2.5-VL-3B": (35.35, 23.23, 46.97, 68.18),
    "Qwen2.5-VL-7B": (34.85, 30.81, 57.07, 78.28),
    "Qwen3-VL-4B": (45.45, 43.94, 71.21, 82.32),
    "Qwen3-VL-8B": (41.41, 42.93, 71.72, 85.86),
    "LLaVA-1.5-7B": (40.91, 35.86, 63.64, 84.85),
    "LLaVA-1.6-7B": (44.44, 39.90, 70.20, 85.86),
    "InternVL-3.5-4B": (40.40, 39.90, 70.20, 83.84),
    "FUSAR-GPT": (52.53, 52.02, 79.29, 91.41),
}
"""Table 2: counting accuracy, Acc@100, Acc@50, Top1 (95 % interval of 52.53: 45.6 to 59.4; floor of counting 21.21)."""

CLASSIFICATION = {"Qwen2.5-VL-7B": (64.66, 55.19), "FUSAR-GPT": (76.85, 67.42)}
"""Table 3: coarse accuracy, plane and ship. Its fine classes P-1…P-13 and S-1…S-3 are not named."""

DETECTION = {
    "Qwen2.5-VL-7B": {"all": (39.9, 47.1, 27.7, 7.3), "plane": (40.3, 47.5, 28.7, 7.5), "ship": (32.3, 38.5, 7.7, 3.8)},
    "FUSAR-GPT": {"all": (66.4, 74.8, 58.7, 24.1), "plane": (67.1, 75.7, 59.8, 24.8), "ship": (51.6, 57.1, 35.7, 10.7)},
}
"""Table 4: recall at IoU .25; F1 at IoU .25, .5, .75."""

FUSIONS = {"none-stage2": 34.85, "none": None, "sum": 36.36, "concat": 37.88, "tlm": 52.53}
"""Table 6: counting accuracy by fusion. Its "Base" has the value that Table 9 gives Qwen2.5-VL-7B after stage 2 alone,
while its TLM is the model of both stages; how Sum and Concat were trained it does not say."""

CAPTIONS = {
    "LLaVA-1.6-7B": (75.03, 69.08, 63.35, 57.83, 93.63),
    "Qwen2.5-VL-7B": (66.71, 61.39, 56.22, 51.19, 91.68),
    "Qwen3-VL-8B": (77.41, 71.49, 65.84, 60.36, 110.79),
    "SARLANG-1M": (74.56, 69.84, 65.17, 60.61, 149.60),
    "FUSAR-GPT": (77.92, 73.21, 68.62, 64.01, 160.21),
}
"""Table 7: BLEU-1…4, CIDEr; some of its rows. METEOR and SPICE of FUSAR-GPT: 45.60 and 89.29."""

STAGES = {"none-stage2": 34.85, "none": 36.36, "tlm-stage2": 41.92, "tlm": 52.23}
"""Table 9: counting accuracy; with or without stage 1 before stage 2, with or without TLM."""

FUSIONS_NOTE = """The paper's base is the model after stage 2 alone; `none` had both stages, as `tlm` had."""
STAGES_NOTE = """For the whole model the paper's Table 9 prints 52.23, its Tables 2, 5 and 6 print 52.53."""
TARGETS_NOTE = """The chips of the paper all hold targets, so its values stand under "with targets" too."""
