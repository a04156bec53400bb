"""The tasks an engine can be asked; one file a task."""

DETECT = "detect"
COUNT = "count"
LOCATE = "locate"

TASKS: tuple[str, ...] = (DETECT, COUNT, LOCATE)
"""Names of all tasks, in the order in which answers are listed."""
