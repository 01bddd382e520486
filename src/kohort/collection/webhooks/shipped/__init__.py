"""The mappings that come with Kohort: files as a project's own, without source and secret."""

from functools import cache
from importlib.resources import files
from typing import Final

import yaml

NAMES: Final = ("shopify", "typeform", "woocommerce", "zapier")


@cache
def shipped_mappings() -> dict[str, object]:
    """Return the content of each mapping's file, by name.

    >>> sorted(shipped_mappings()["shopify"]["events"])[0]
    'checkouts/create'
    """
    folder = files("kohort.collection.webhooks.shipped")
    return {name: yaml.safe_load(folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")) for name in NAMES}
