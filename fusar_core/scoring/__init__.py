"""Scorers of the tasks: one file a task, and what they share (intervals, floors, paired tests) in `intervals`.

In every scorer an answer that could not be parsed is wrong and stays in the denominator, so that engines which refuse
or ramble are measured on the same cases as those which do not.
"""
