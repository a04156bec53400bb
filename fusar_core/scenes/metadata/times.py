"""Times as metadata of SAR products write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fusar_core.scenes.metadata.product_names import moment, possible_year


def parse_time(text: str) -> tuple[datetime | None, bool | None, int | None]:
    """A time as metadata write it → (UTC time, whether only the date is known, year); Nones when it is none.

    Understands ISO 8601 (with or without zone; UTC without), YYYYMMDD[hhmmss[mmm]], DD.MM.YYYY, 02-MAY-2011 hh:mm:ss.
    Of a date such as 07/11/2020 only the year is certain.
    """
    text = text.strip()
    day_first = re.match(r"(\d\d)\.(\d\d)\.(\d{4})$", text)
    if day_first:
        text = f"{day_first[3]}-{day_first[2]}-{day_first[1]}"
    when: datetime | None = None
    date_only = False
    digits = re.sub(r"[T_ ]", "", text)
    if compact := re.match(r"(\d{8}) (\d\d):(\d\d):(\d\d)(?!\d)", text):  # JAXA
        digits = "".join(compact.groups())
    if re.fullmatch(r"\d{8}|\d{14}|\d{17}", digits):
        when, date_only = moment(digits[:14]), len(digits) == 8
    elif re.match(r"\d{4}[-/]\d\d[-/]\d\d", text):
        iso = text[:10].replace("/", "-") + text[10:]
        iso = re.sub(r"(\.\d{6})\d+", r"\1", iso)
        date_only = len(iso) == 10
        try:
            when = datetime.fromisoformat(iso)
        except ValueError:
            when = None
    elif match := re.match(r"(\d\d-[A-Z]{3}-\d{4})(?: (\d\d:\d\d:\d\d))?", text, re.IGNORECASE):
        date_only = match[2] is None
        try:
            when = datetime.strptime(f"{match[1]} {match[2] or '00:00:00'}", "%d-%b-%Y %H:%M:%S")
        except ValueError:
            when = None
    elif (match := re.match(r"\d\d?/\d\d?/(\d{4})(?!\d)", text)) and possible_year(int(match[1])):
        return None, None, int(match[1])
    if when is None:
        return None, None, None
    try:
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        return None, None, None
    return (when, date_only, when.year) if possible_year(when.year) else (None, None, None)
