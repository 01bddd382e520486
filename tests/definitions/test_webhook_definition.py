"""What a file in webhooks/ may say, and how its mistakes are told."""

from pathlib import Path

import pytest

from kohort.collection.webhooks.shipped import NAMES, shipped_mappings
from kohort.definitions.references import Reference
from kohort.definitions.webhook import Pick, webhook_definition_of
from kohort.errors import DefinitionError
from kohort.pipeline.workspace import Workspace
from kohort.project import Project

ENTRY = {"event": "seen", "user_id": "user"}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_mapping_needs_a_source_and_a_secret_and_nothing_else(name: str) -> None:
    document = {"source": "shop", "mapping": name, "secret": {"env": "SHOP_SECRET"}}
    definition = webhook_definition_of(document, "webhooks/shop.yaml", shipped_mappings())
    assert definition.mappings
    assert definition.secrets == (Reference(env="SHOP_SECRET"),)


def test_a_project_says_what_differs_from_a_shipped_mapping() -> None:
    document = {
        "source": "shop",
        "mapping": "shopify",
        "secret": {"keyring": "kohort/shop"},
        "events": {"orders/create": {"properties": {"note": "note"}}, "carts/update": ENTRY},
    }
    found = webhook_definition_of(document, "webhooks/shop.yaml", shipped_mappings()).mappings
    assert found["orders/create"].properties["note"] == (Pick(("note",)),)
    assert "total" in found["orders/create"].properties
    assert found["carts/update"].event == "seen"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mapping": "shopfy"}, 'did you mean "shopify"'),
        ({"mapping": "shopify", "secret": "hush"}, "does not belong into a file"),
        ({"mapping": "shopify", "secret": {"env": "A", "keyring": "b/c"}}, "expected {env: NAME}"),
        ({"mapping": "shopify", "secret": {"keyring": "alone"}}, "expected {env: NAME}"),
        ({"mapping": "shopify", "secret": {"enw": "A"}}, 'unknown field "enw"'),
        ({"mapping": "shopify", "source": "../shop"}, "a name of letters"),
        ({"mapping": "shopify", "sorce": "shop"}, 'unknown field "sorce"'),
        ({"signature": "shopifi", "events": {"*": ENTRY}}, 'did you mean "shopify"'),
        ({"signature": {"algorithm": "sha256"}, "events": {"*": ENTRY}}, "signature.header"),
        ({"signature": {"header": "X", "algorithm": "md5"}, "events": {"*": ENTRY}}, "one of sha256"),
        ({"signature": {"header": "X", "window": "long"}, "events": {"*": ENTRY}}, "no duration"),
        ({"signature": "shopify"}, "the kinds of delivery"),
        ({"signature": "shopify", "events": {"a": ENTRY, "b": ENTRY}}, "tells these kinds apart: a, b"),
        ({"signature": "shopify", "events": {"*": {"event": "seen"}}}, "where the person stands"),
        ({"signature": "shopify", "events": {"*": {"user_id": "u"}}}, "an event, or traits"),
        ({"signature": "shopify", "events": {"*": {"user_id": "u", "traits": {"a": "b"}, "properties": {"c": "d"}}}},
         "to which the properties belong"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "properties": {"a": {"field": "b", "type": "date"}}}}},
         "one of text, number, boolean"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "properties": {"a": {"field": "b", "aggregate": "sum"}}}}},
         "beside each"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "properties": {"a": {"field": "b", "header": "c"}}}}},
         "one place"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "properties": {"a": 5}}}}, "a place such as"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "time": {"field": "t", "unit": "days"}}}},
         "one of seconds"),
        ({"signature": "shopify", "events": {"*": {**ENTRY, "properties_from": {"each": "a", "name": "b"}}}},
         "name and value"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(document: dict[str, object], said: str) -> None:
    given = {"source": "shop", "secret": {"env": "SHOP_SECRET"}, **document}
    with pytest.raises(DefinitionError, match=r"webhooks/shop\.yaml") as refused:
        webhook_definition_of(given, "webhooks/shop.yaml", shipped_mappings())
    assert said in str(refused.value)
    assert "hush" not in str(refused.value), "what stands where a secret should be referred to is not shown"


def test_a_source_has_one_webhook(shop: Project) -> None:
    folder: Path = shop.folder.path / "webhooks"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text("source: shop\nmapping: shopify\nsecret: {env: SHOP_SECRET}\n")
    with pytest.raises(DefinitionError, match=r'webhooks/two\.yaml: the source "shop"'):
        assert Workspace.open(shop.folder, shop.clock).webhooks
