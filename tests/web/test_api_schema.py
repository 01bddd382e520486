"""The API keeps what its schema promises, whatever it is asked: schemathesis on the real application."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import settings

from kohort.clock import DAY
from kohort.governance.keys import SCOPES
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from small_shop import NOW, order


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """A small shop that has run, and its API; the stream of memberships ends after what there is."""
    folder = tmp_path_factory.mktemp("api")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    file = folder / "orders.jsonl"
    import json

    file.write_text("".join(json.dumps(order(who, n, days_ago=n)) + "\n" for n, who in enumerate("abc")))
    shop.folder.settings.write_text(shop.folder.settings.read_text() + "api: {rate: 1000000}\n")
    shop.ingest(file)
    list(shop.run())
    key, _ = shop.keys.create_secret("tests", SCOPES, NOW + DAY)
    feed = Feed(shop.membership_log(), print, running=lambda: False)
    found = schemathesis.openapi.from_asgi("/openapi.json", application(shop, feed))
    found.config.update(headers={"Authorization": f"Bearer {key}"})
    yield found


asked = schemathesis.pytest.from_fixture("schema")


@asked.parametrize()
@settings(max_examples=10)
def test_the_api_keeps_its_promises(case: schemathesis.Case) -> None:
    case.call_and_validate()
