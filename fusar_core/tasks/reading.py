"""What the readers of a model's words share: the result, and how numbers, fences, loops and "none" are recognised.

A reader never guesses and never raises: words it cannot read give no value and a status that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

OK = "ok"
EMPTY = "empty"
REPETITION = "repetition"
TRUNCATED = "truncated"
UNREADABLE = "unreadable"
AMBIGUOUS = "ambiguous"
OUT_OF_RANGE = "out_of_range"
UNKNOWN_CLASS = "unknown_class"
METADATA = "metadata"
"""An answer that the scene's metadata gave, not an engine."""

LOOP_TIMES = 4
LOOP_LENGTH = 40
LOOP_PERIOD = 240
"""A text whose end repeats a passage of at most LOOP_PERIOD characters LOOP_TIMES over is a loop, not an answer."""


@dataclass(frozen=True)
class Reading:
    """What a text was found to say.

    value: None when it could not be read. status: `ok`, or what was wrong; `truncated` still has the values before the
    break. spans: for each value (each box; else the one) the characters (from, to) that say it: its score comes from
    the probabilities of their tokens.
    """

    value: Any
    status: str = OK
    spans: tuple[tuple[int, int], ...] = ()


def failure(status: str) -> Reading:
    return Reading(None, status)


_BEGIN = (
    r"<(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)>|\[THINK\]|◁think▷"
    r"|<\|(?:begin_of_thought|thinking|START_THINKING)\|>|<\|channel\|>analysis<\|message\|>|<\|channel>thought\b"
)
_END = (
    r"</(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)>|\[/THINK\]|◁/think▷"
    r"|<\|(?:end_of_thought|/thinking|END_THINKING)\|>|<channel\|>"
    r"|(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>"
)
_REASONING = re.compile(rf"(?P<begin>{_BEGIN})|(?P<end>{_END})", re.IGNORECASE)
_ANSWER = re.compile(r"<(answer|conclusion|final_answer)>(.*?)(?:</\1>|$)", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"<\|(?:im_end|endoftext|end|return|eot_id|eom_id|begin_of_solution|end_of_solution)\|>|</s>")


def without_reasoning(text: str) -> str:
    """The text with all blanked that a model thinks before it answers, of the same length, so that places stay.

    Reasoning lies between marks, of which each ending one ends it; before an ending mark whose beginning was in the
    prompt; or after a beginning mark, where the words broke off. Where the answer itself is marked, the rest is none.
    """
    answer = _without(text, _reasoning(text))
    if marked := [match.span(2) for match in _ANSWER.finditer(answer)]:
        outside = zip([0, *(end for _, end in marked)], [*(start for start, _ in marked), len(text)], strict=True)
        answer = _without(answer, outside)
    return _without(answer, (match.span() for match in _CONTROL.finditer(answer)))


def _reasoning(text: str) -> Iterator[tuple[int, int]]:
    """From where to where a text thinks."""
    begun: int | None = None
    nothing_before = 0
    for mark in _REASONING.finditer(text):
        if mark["begin"] is None:
            if begun is None:
                begun = nothing_before
                nothing_before = mark.end()
            yield begun, mark.end()
            begun = None
        elif begun is None:
            begun = mark.start()
    if begun is not None:
        yield begun, len(text)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these characters (from, to) blanked."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def only_reasoning(text: str) -> bool:
    """Whether a text has words, and none of them answers."""
    return bool(text.strip()) and not without_reasoning(text).strip()


def spoilt(text: str) -> Reading | None:
    """The failure that every task has alike: nothing was said, or the same over and over; None when neither."""
    if not text.strip():
        return failure(EMPTY)
    return failure(REPETITION) if is_loop(text) else None


def is_loop(text: str) -> bool:
    """Whether the text ends in a repetition loop."""
    text = text.rstrip()
    for period in range(1, min(LOOP_PERIOD, len(text) // LOOP_TIMES) + 1):
        least = max(LOOP_LENGTH, LOOP_TIMES * period)
        if len(text) >= least and text[-least + period :] == text[-least:-period]:
            return True
    return False


def simplified(text: str) -> str:
    """The text in lower case without fences, emphasis and marks, of the same length, so that places stay the same."""
    text = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return re.sub(r"(```|''')\w*|<\|/?[a-z_]+\|>|\\boxed\b|[*_`]", lambda match: " " * len(match[0]), text)


_TARGETS = r"(such )?(\w+ )?(targets?|objects?|instances?|ships?|vessels?|boats?|planes?|aircraft|airplanes?|any)\b"
_NONE = re.compile(
    rf"\s*(none\b|nothing\b|null\b|no\s*[.!]?\s*$|\[\s*\]|no {_TARGETS}|there (is|are) (none\b|(no|not) {_TARGETS})|"
    rf"(i )?(do not|don't|did not|didn't) (see|find|detect) {_TARGETS}|没有(?!办法|把握)|未发现|未检测到|无(?!法))"
)


_ENDS = re.compile(r"[.!?;。！？；\n]")
"""Of sentences."""
_NOT_QUITE = re.compile(
    r"\b(except|excluding|but|besides|apart from|other than|possible)\b|除|但|[\[(]\s*[-−]?\d"
    r"|\b(detection|count|identification)\b|\b(can|could) be (said|determined|given|concluded|told|counted|assessed)\b"
)
"""What makes "none" in the same sentence another saying: exceptions, a place, or that nobody can tell."""
DENIED = re.compile(
    r"\b(not|no|none|neither|nor|without|except|excluding|cannot|other than|different from|unlike|unlikely)\b"
    r"|n['’]t\b|不|没|无|非|除"
)
"""What turns a saying round, or away from what it names."""


def says_none(text: str) -> bool:
    """Whether the (simplified) text begins by saying that there are none; "no idea" does not, nor "nothing can be
    said"."""
    return _NONE.match(text) is not None and _NOT_QUITE.search(_ENDS.split(text.lstrip())[0]) is None


def sentence_of(text: str, span: tuple[int, int]) -> str:
    """The sentence of a text around these characters (from, to), without them."""
    before, behind = _ENDS.split(text[: span[0]]), _ENDS.split(text[span[1] :])
    return f"{before[-1]} {behind[0]}"


_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = "".join([*_DIGITS, *_UNITS])
_SMALL = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen"
)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_LARGE = r"(?:hundred|thousand|million|billion|dozen)s?"

NUMBER = re.compile(
    rf"(?<![a-z0-9.])[-−]?\d+(?:[.,]\d+)*(?![a-z0-9%])"
    rf"|(?<![{_CHINESE}])(?!一[共些般样])[{_CHINESE}]+|[万亿]"
    rf"|\b(?:(?:{_TENS})(?:[ -](?:{_SMALL}))?|{_SMALL}|{_LARGE})\b"
)
"""A number in digits, in Chinese, or in English words up to 99, in a simplified text. Larger words match so that "two
hundred" is not read as two; they say no number."""


def as_integer(number: str) -> int | None:
    """The whole number that a match of NUMBER says; None for 3.5, or 1,2, or a hundred."""
    if number[0] in _CHINESE:
        return _chinese(number)
    if number[0].isalpha():
        return _english(number)
    number = number.replace("−", "-")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+", number):
        number = number.replace(",", "")
    return int(number) if re.fullmatch(r"-?\d{1,18}", number) else None


def _english(number: str) -> int | None:
    """seventeen is 17, twenty-one is 21; None for hundreds and what is no number."""
    small, tens = _SMALL.split("|"), _TENS.split("|")
    first, _, second = number.replace("-", " ").partition(" ")
    if first in small:
        return small.index(first)
    if first not in tens or (second and not 0 < small.index(second) < 10):
        return None
    return 20 + 10 * tens.index(first) + (small.index(second) if second else 0)


def _chinese(number: str) -> int | None:
    """十二 is 12, 三百零五 is 305, 一二 is 12 read digit by digit; None for what is no number."""
    if all(c in _DIGITS for c in number):
        return int("".join(str(_DIGITS[c]) for c in number)) if len(number) <= 18 else None
    total, digit, last = 0, None, 10_000
    for c in number:
        if c in _UNITS:
            if _UNITS[c] >= last:
                return None
            last = _UNITS[c]
            total += (1 if digit is None else digit) * last
            digit = None
        elif digit in (None, 0):
            digit = _DIGITS[c]
        else:
            return None
    return total + (digit or 0)
