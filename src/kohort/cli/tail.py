"""`kohort tail`: each event as it is accepted, recognised or rejected, and why."""

import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec

from kohort.cli.output import Format, err, out
from kohort.clock import SECOND, datetime_of
from kohort.errors import UsageError, shorten
from kohort.storage.watch import Seen

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from kohort.project import Project

_PAUSE: Final = 0.2
_STYLES: Final = {
    "accepted": "green",
    "duplicate": "yellow",
    "rejected": "red",
    "refused": "red",
    "withheld": "yellow",
    "left out": "dim",
}


def show_tail(opened: "Project", source: str | None, seconds: int | None, form: Format) -> None:
    """Show events until interrupted, or for so many seconds; JSON is one object a line."""
    if form is Format.CSV:
        raise UsageError("tail has no end, so it is no CSV; choose --format table or json")
    zone, clock = opened.zone, opened.clock
    begun = clock.now()
    with opened.watch().follow() as follower:
        if form is Format.TABLE:
            err.print("watching; end with Ctrl-C", markup=False)
        try:
            while seconds is None or clock.now() - begun < seconds * SECOND:
                for one in follower.read():
                    if source is None or one.source in {source, ""}:
                        _show(one, zone, form)
                time.sleep(_PAUSE)
        except KeyboardInterrupt:
            return


def _show(one: Seen, zone: "ZoneInfo", form: Format) -> None:
    if form is Format.JSON:
        at = datetime_of(one.at, zone).isoformat()
        sys.stdout.write(msgspec.json.encode(msgspec.structs.asdict(one) | {"at": at}).decode() + "\n")
        sys.stdout.flush()
        return
    out.print(line_of(one, zone), markup=False, style=_STYLES[one.what])


def line_of(one: Seen, zone: "ZoneInfo") -> str:
    """Return one line for people.

    >>> from zoneinfo import ZoneInfo
    >>> line_of(Seen(0, "accepted", "web", "track", "order_completed", "ada", message_id="m1"), ZoneInfo("UTC"))
    '00:00:00 accepted  web track order_completed user ada id m1'
    """
    what = [one.source, one.type, one.name]
    what += ["user", one.user_id] if one.user_id else []
    what += ["anonymous", one.anonymous_id] if one.anonymous_id and not one.user_id else []
    what += ["id", one.message_id] if one.message_id else []
    why = f": {one.field} {one.reason}".replace(":  ", ": ") if one.reason else ""
    words = " ".join(shorten(part) for part in what if part)
    return f"{datetime_of(one.at, zone):%H:%M:%S} {one.what:<9} {words}{shorten(why, 300)}".rstrip()
