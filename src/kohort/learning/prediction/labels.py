"""Who reached a goal after their cut-off: only of people whose time to do so is over."""

from collections.abc import Mapping, Sequence

from kohort.clock import Moment


def reached_labels(
    cut_offs: Mapping[str, Moment],
    people: Sequence[str],
    moments: Sequence[Moment],
    *,
    horizon: int,
    gap: int = 0,
    until: Moment,
) -> dict[str, bool]:
    """Return whether people did something within `horizon` after their cut-off and a `gap`, all in microseconds.

    `people` and `moments` have who did it and when, in step. What happens at the very cut-off, or at the end of the
    gap, is not after it. People whose window is not over `until` then are left out, whatever they did: those who have
    not done it may still do so, and to keep only those who have would leave nobody but them (right censoring; Klein and
    Moeschberger 2003, Survival Analysis, section 3.2).

    >>> reached_labels({"ann": 0, "bob": 0, "cy": 5}, ["ann", "cy"], [3, 6], horizon=4, until=6)
    {'ann': True, 'bob': False}
    """
    complete = {person: cut for person, cut in cut_offs.items() if cut + gap + horizon <= until}
    reached = dict.fromkeys(complete, False)
    for person, moment in zip(people, moments, strict=True):
        if person in complete and complete[person] + gap < moment <= complete[person] + gap + horizon:
            reached[person] = True
    return reached
