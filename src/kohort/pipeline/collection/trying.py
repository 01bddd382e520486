"""What would become of one event: judged as the collector and the projection would, and written nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from kohort.clock import Moment
from kohort.collection.acceptance import Acceptance, RequestRefusedError, accept, read_batch
from kohort.collection.assembly import FIELDS
from kohort.collection.received_messages import read_received
from kohort.definitions.values import ValueType
from kohort.engines.evaluation import Shown
from kohort.pipeline.biography import shown_value
from kohort.pipeline.collection.admission import requirements
from kohort.pipeline.collection.withholding import Withholding
from kohort.pipeline.workspace import Workspace
from kohort.profiles.identity import actor_of, named_in
from kohort.storage.journals import open_intake
from kohort.storage.lookups import rows_with
from kohort.storage.messages import Message, Values
from kohort.storage.received import encode_received
from kohort.storage.seen import keys_of

Fate = Literal["accepted", "duplicate", "rejected", "withheld"]


class Remark(NamedTuple):
    """Something found in the value `name`, which does not keep the event out."""

    name: str
    text: str


class TriedValue(NamedTuple):
    """A value as it would be stored."""

    name: str
    type: str
    value: Shown


@dataclass(frozen=True)
class TriedEvent:
    """What would become of an event: one that is rejected or withheld has a reason, and the place in it, a pointer.

    One that is accepted has what it becomes: a row of `events` called `name`, or, where that is "", what its `type`
    says: traits of an identify, for one. `event_id` is "" where the sender gave no messageId. `person_id` is who it is
    about, None for somebody new.
    """

    fate: Fate
    pointer: str = ""
    reason: str = ""
    remarks: Sequence[Remark] = ()
    type: str = ""
    name: str = ""
    at: Moment | None = None
    event_id: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    person_id: str | None = None
    values: Sequence[TriedValue] = ()
    removed: Sequence[str] = ()
    choices: Mapping[str, bool] = field(default_factory=dict)


def try_event(workspace: Workspace, text: str, source: str) -> TriedEvent:
    """Return what would become of an event, a JSON text, if `source` sent it now, by today's tracking.yaml."""
    return _judged(workspace, text, source)[0]


def send_event(workspace: Workspace, text: str, source: str) -> TriedEvent:
    """Hand an event over as the collector does, unless it is rejected or withheld, and return what becomes of it.

    It is in the journal then. Raises StorageError where the journal refuses.
    """
    tried, acceptance = _judged(workspace, text, source)
    if acceptance is not None and tried.fate in {"accepted", "duplicate"}:
        intake = open_intake(workspace.folder, workspace.settings, workspace.journal)
        body = encode_received(acceptance.received)
        intake.append_all([("received", body)], recorded_at=workspace.clock.now())
    return tried


def _judged(workspace: Workspace, text: str, source: str) -> tuple[TriedEvent, Acceptance | None]:
    limits, now = workspace.settings.collect, workspace.clock.now()
    try:
        document = _document(text)
        body = read_batch(b'{"batch":[%b]}' % text.encode(), limits)
    except RequestRefusedError as error:
        return TriedEvent("rejected", reason=str(error)), None
    withholding = Withholding(requirements(workspace), workspace.settings.consent.categories())
    acceptance = withholding.judge(accept(body, source, now, limits))
    if acceptance.errors:
        first = acceptance.errors[0]
        return TriedEvent("rejected", first.pointer, first.message), acceptance
    if acceptance.withheld:
        return TriedEvent("withheld", reason=withholding.reason(source)), acceptance
    settings = workspace.settings
    batch = read_received(acceptance.received, 0, workspace.plan, settings.zone, settings.identity)
    remarks = [Remark(one.field, one.message) for one in batch.warnings]
    if batch.rejected:
        letter = batch.rejected[0]
        return TriedEvent("rejected", letter.field, letter.reason, remarks), acceptance
    return _accepted(workspace, batch.messages[0], remarks, named=bool(document.get("messageId"))), acceptance


def _document(text: str) -> dict[str, Any]:
    """Return the one object that a text is: what follows a closing bracket would otherwise be read as another event."""
    try:
        document = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise RequestRefusedError(400, "invalid_json", f"malformed JSON: {error}") from error
    if not isinstance(document, dict):
        raise RequestRefusedError(400, "invalid_json", "expected a JSON object")
    return document


def _accepted(workspace: Workspace, message: Message, remarks: Sequence[Remark], *, named: bool) -> TriedEvent:
    is_known = named and bool(workspace.seen.find(keys_of([(message.source, message.event_id)]))[0][0])
    actor = actor_of(message, named_in(message, workspace.settings.identity))
    people = rows_with(workspace.tables, "actors", "actor_id", [actor]).column("person_id").to_pylist()
    told = message.choices
    return TriedEvent(
        "duplicate" if is_known else "accepted",
        remarks=remarks,
        type=message.type,
        name=message.name,
        at=message.ts,
        event_id=message.event_id if named else "",
        user_id=message.user_id,
        anonymous_id=message.anonymous_id,
        person_id=next(iter(people), None),
        values=_values(message.values),
        removed=message.values.removed,
        choices={} if told is None else dict.fromkeys(told.granted, True) | dict.fromkeys(told.denied, False),
    )


def _values(values: Values) -> list[TriedValue]:
    typed = [
        TriedValue(name, kind.value, shown_value(one, kind))
        for kind, place in FIELDS.items()
        for name, one in getattr(values, place).items()
    ]
    others = [TriedValue(name, ValueType.TEXT.value, one) for name, one in values.others.items()]
    return sorted([*typed, *others])
