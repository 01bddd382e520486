"""`POST /v1/webhook/{source}`: what shops and forms deliver, kept like any other event."""

from dataclasses import replace
from typing import Final

import msgspec

from kohort.collection.acceptance import Acceptance, EventError, RequestBody, RequestRefusedError, accept
from kohort.collection.webhooks.deliveries import WebhookOutcome, Webhooks
from kohort.collection.webhooks.letters import received_unread
from kohort.web.collector import Collector
from kohort.web.http import Request, Response

PATH: Final = "/v1/webhook/"


def mount_webhooks(collector: Collector, webhooks: Webhooks) -> None:
    """Let the collector take deliveries for the sources of `webhooks`."""

    async def deliver(request: Request) -> Response:
        with collector.waiting.room(collector.limits.batch):
            body = await request.body(collector.limits.batch)
            return await _deliver(collector, webhooks, request, body)

    collector.routes.add("POST", PATH, deliver)


async def _deliver(collector: Collector, webhooks: Webhooks, request: Request, body: bytes) -> Response:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    source = request.path.removeprefix(PATH)
    outcome = webhooks.receive(source, headers, body, request.received_at)
    if outcome.status != 200:  # noqa: PLR2004 - the one that says it is believed
        raise RequestRefusedError(outcome.status, outcome.code, outcome.message)
    if outcome.unread is not None:
        received = received_unread(webhooks.definition(source), outcome.unread, headers, body, request.received_at)
        error = EventError(0, outcome.code, outcome.unread.place, outcome.unread.reason)
        await collector.keep(Acceptance(received, [error]))
    elif outcome.events:
        documents = [msgspec.json.decode(event) for event in outcome.events]
        given = RequestBody(list(map(msgspec.Raw, outcome.events)), documents, write_key="")
        kept = await collector.keep(accept(given, source, request.received_at, collector.limits))
        if kept.withheld:
            outcome = replace(outcome, code="consent_required", message=collector.withholding.reason(source))
    webhooks.remember(outcome)
    return _answer(outcome)


def _answer(outcome: WebhookOutcome) -> Response:
    """Tell the sender that it need not come again, and, for who reads its log, what became of it."""
    return Response(200, msgspec.json.encode({"success": True, "code": outcome.code, "message": outcome.message}))
