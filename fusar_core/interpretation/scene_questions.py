"""Questions that need no model: when, where, by which sensor and how large a scene is, and how many targets it holds.

A question is known for one of these when, the class names and a few filling words apart, nothing is left of it but the
words of one topic. Anything else in it (“ships in the harbour”) makes it another question, for an engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks.classification import SYNONYMS

TIME, PLACE, SENSOR, SIZE, HOW_MANY = "time", "place", "sensor", "size", "number"

_FILLING = (
    "a an the this that these those of in on at for from by to with is was are were be been it its do does did can "
    "could you i we tell me please show give name what which whats and sar image images scene scenes picture photo "
    "data file raster here there taken acquired captured recorded made imaged"
)
_TOPICS = {
    TIME: ("when date time day year month", "acquisition shot"),
    PLACE: (
        "where location located place coordinates latitude longitude position country region city crs projection "
        "footprint",
        "area earth world map system reference coordinate lie lies shown shows cover covers covered centre center",
    ),
    SENSOR: (
        "sensor satellite instrument platform polarisation polarization polarisations polarizations band bands "
        "frequency product orbit heading incidence mission radar",
        "used took kind type pass direction flight angle how many",
    ),
    SIZE: (
        "large big wide size dimensions resolution pixel pixels spacing width height tall area",
        "how many ground km kilometres kilometers metres meters square cover covers covered one much",
    ),
    HOW_MANY: (
        "many number count",
        "how visible see seen detected found find detect present total altogether area extent",
    ),
}
"""Topic → words of which one must be there, and words that may be there too."""
_YES_OR_NO = re.compile(r"(is|are|was|were|does|do|did|has|have|will|should)\b|.*吗")

_FILLING_ZH = (
    "请问|请|告诉我|一下|这里|这|那|整|张|幅|景|个|图像|图片|影像|照片|场景|数据|图|一共|总共|共|拍摄|获取|成像|采集"
    "|用|由|被|于|里面|里|中|上|内|是|的|在|了|呢|有|什么|哪颗|哪种|哪个|方式"
)
_TOPICS_ZH = {
    TIME: "什么时候|何时|时间|日期|哪一年|哪年|哪一天|哪天|几月几日|年份",
    PLACE: "哪里|哪儿|何处|什么地方|哪个地方|位置|坐标|经纬度|地点|哪个国家",
    SENSOR: "卫星|传感器|雷达|极化|波段|平台|轨道|入射角",
    SIZE: "多大|分辨率|像素|像元|尺寸|大小|面积|多宽|多高",
    HOW_MANY: "多少|几|数量|数目",
}
_MEASURES_ZH = "艘|架|只|条|目标"


@dataclass(frozen=True)
class SceneQuestion:
    """A question that a scene answers. labels: classes whose number is asked for. chinese: how it was asked."""

    topic: str
    labels: tuple[str, ...] = ()
    chinese: bool = False


def scene_question(question: str, classes: Iterable[str]) -> SceneQuestion | None:
    """What a question asks of the scene itself; None where it asks something else. classes: that can be counted."""
    words = question.strip().lower()
    if not words or _YES_OR_NO.match(words):
        return None
    labels, rest = _named(words, classes)
    chinese = re.search(r"[\u4e00-\u9fff]", words) is not None
    topics = (HOW_MANY,) if labels else (TIME, PLACE, SENSOR, SIZE)
    topic = next((t for t in topics if (_is_zh if chinese else _is)(t, rest)), None)
    return SceneQuestion(topic, labels, chinese) if topic else None


def _named(words: str, classes: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The classes that a text names, and what else it says."""
    labels = []
    named = [(word, name) for name in classes for word in (name.lower(), *SYNONYMS.get(name, ()))]
    for word, name in sorted(named, key=lambda pair: -len(pair[0])):
        pattern = rf"\b{re.escape(word)}(?:e?s)?\b" if word.isascii() else re.escape(word)
        words, times = re.subn(pattern, " ", words)
        if times and name not in labels:
            labels.append(name)
    return tuple(labels), words


def _is(topic: str, words: str) -> bool:
    keys, others = (set(text.split()) for text in _TOPICS[topic])
    said = set(re.findall(r"[^\W_]+", words.replace("'s", " "))) - set(_FILLING.split())
    return bool(said & keys) and said <= keys | others


def _is_zh(topic: str, words: str) -> bool:
    rest, found = re.subn(_TOPICS_ZH[topic], " ", words)
    more = f"|{_MEASURES_ZH}" if topic == HOW_MANY else ""
    return bool(found) and not re.sub(rf"{_FILLING_ZH}{more}|[\s\W]", "", rest)


def told_by_metadata(scene: SarScene, asked: SceneQuestion) -> str:
    """The answer of a scene's metadata, and where each value comes from, in the language of the question."""
    said = [text for text in _TELLING[asked.topic](describe(scene), asked.chinese) if text]
    if not said:
        return "元数据没有说明。" if asked.chinese else "The metadata of this scene do not say."
    return "；".join(said) + "（来自元数据）。" if asked.chinese else "; ".join(said) + " (from metadata)."


def told_by_targets(label: str, count: int | None, flagged: int, engine: str, doubts: Iterable[str], zh: bool) -> str:
    """How many targets of a class the merged detections of an engine make. doubts: what was not read."""
    if zh:
        number = "数目未知" if count is None else f"{count}"
        ghosts = f"，另有 {flagged} 个疑似虚影未计入" if flagged else ""
        return " ".join([f"{label}：{number}（来自 {engine} 合并后的检测结果{ghosts}）。", *doubts])
    number = "an unknown number" if count is None else f"{count}"
    ghosts = f"; {flagged} that look like ghosts are not counted" if flagged else ""
    return " ".join([f"{label}: {number} (from the merged detections of {engine}{ghosts}).", *doubts])


Report: TypeAlias = dict[str, Any]
Telling: TypeAlias = Callable[[Report, bool], list[str]]


def _time(report: Report, zh: bool) -> list[str]:
    found = report["acquisition"]
    if found["acquired"] is None:
        return []
    origin = found["provenance"].get("acquired") or found["provenance"].get("year")
    return [
        f"成像时间 {found['acquired']}，依据：{origin}" if zh else f"Acquired {found['acquired']}, as {origin} says"
    ]


def _place(report: Report, zh: bool) -> list[str]:
    if not report["footprint"]:
        return []
    lons, lats = zip(*report["footprint"], strict=True)
    lon, lat = f"{min(lons):.4f}…{max(lons):.4f}", f"{min(lats):.4f}…{max(lats):.4f}"
    return [f"经度 {lon}，纬度 {lat}" if zh else f"Longitude {lon}, latitude {lat}", report["crs"] or ""]


def _sensor(report: Report, zh: bool) -> list[str]:
    found = report["acquisition"]
    names = {
        "sensor": ("Sensor", "传感器"),
        "product": ("product", "产品"),
        "band": ("radar band", "波段"),
        "orbit_pass": ("orbit", "轨道"),
        "heading_deg": ("heading in degrees", "飞行方向（度）"),
        "incidence_deg": ("incidence in degrees", "入射角（度）"),
    }
    told = [f"{words[zh]} {found[key]}" for key, words in names.items() if found[key] is not None]
    stated = found["polarisations"]
    return [*told, f"{'极化' if zh else 'polarisation'} {', '.join(stated)}"] if stated else told


def _size(report: Report, zh: bool) -> list[str]:
    width, height, pixel = report["width"], report["height"], report["pixel_size_m"]
    told = [f"{width} × {height} " + ("像素" if zh else "pixels")]
    if pixel:
        along, down = pixel
        told.append(f"{'像素大小' if zh else 'a pixel is'} {along:.2f} × {down:.2f} m")
        told.append(f"{'约' if zh else 'about'} {width * along / 1000:.1f} × {height * down / 1000:.1f} km")
    return told


_TELLING: dict[str, Telling] = {TIME: _time, PLACE: _place, SENSOR: _sensor, SIZE: _size}
