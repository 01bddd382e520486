"""Sending what is due: each journey in a lane of its own, so that a receiver that is down holds up nobody else's."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from threading import Event
from typing import Final, Protocol, Self

from kohort.activation.decisions import GONE
from kohort.activation.deliveries import Answer, Delivery, State
from kohort.activation.ledger import Ledger, Progress
from kohort.clock import Clock
from kohort.definitions.journey import JourneyDefinition

_AT_ONCE: Final = 16
"""The most that are posted to one receiver at the same time."""
_MOST_LANES: Final = 256
FAILED: Final = "failed"
"""What is told of an attempt that will be made again."""

Told = Callable[[str, str, int], None]
"""Listens to what became of deliveries: the journey, a state or `FAILED`, how many."""


class Destination(Protocol):
    """Where deliveries go."""

    async def post(self, delivery: Delivery) -> Answer:
        """Make one attempt, and return what came of it."""


Opening = Callable[[JourneyDefinition], AbstractAsyncContextManager[Destination]]


class Lanes:
    """The lanes of all journeys; those that are under way end before the context does, after what they are sending."""

    def __init__(self, ledger: Ledger, clock: Clock, opening: Opening, told: Told) -> None:
        self._ledger, self._clock, self._opening, self._told = ledger, clock, opening, told
        self._threads = ThreadPoolExecutor(_MOST_LANES, thread_name_prefix="lane")
        self._running: dict[str, Future[None]] = {}
        self._stopped = Event()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End after what is under way."""
        self._stopped.set()
        self._threads.shutdown()

    def start(self, journeys: Iterable[JourneyDefinition], progress: Mapping[str, Progress]) -> None:
        """Send what is due of these journeys, without waiting for it; those that are being sent already go on.

        Raises what a lane that has ended since had raised.
        """
        for journey in journeys:
            before = self._running.get(journey.name)
            if before is not None:
                if not before.done():
                    continue
                del self._running[journey.name]
                before.result()
            if self._ledger.is_due(journey.name, self._clock.now()):
                lane = self._threads.submit(self._send, journey, progress[journey.name])
                self._running[journey.name] = lane

    def wait(self) -> None:
        """Wait until all that was due has been tried; raises what a lane raised."""
        for one in list(self._running.values()):
            one.result()

    def _send(self, journey: JourneyDefinition, progress: Progress) -> None:
        if progress.gone_url == journey.webhook.url:
            self._give_up(journey)
        else:
            asyncio.run(self._send_to(journey))

    async def _send_to(self, journey: JourneyDefinition) -> None:
        async with self._opening(journey) as destination:
            while not self._stopped.is_set():
                batch, over = self._ledger.start(journey, self._clock.now(), _AT_ONCE)
                if over:
                    self._told(journey.name, State.CAPPED, over)
                elif not batch:
                    return
                answers = await asyncio.gather(*(destination.post(one) for one in batch))
                now = self._clock.now()
                for one in self._ledger.finish(list(zip(batch, answers, strict=True)), now):
                    self._told(journey.name, FAILED if one.state is State.WAITING else one.state, 1)
                if any(answer.status == GONE for answer in answers):
                    self._give_up(journey)

    def _give_up(self, journey: JourneyDefinition) -> None:
        dead = self._ledger.give_up(journey.name, journey.webhook.url, self._clock.now())
        if dead:
            self._told(journey.name, State.DEAD, dead)
