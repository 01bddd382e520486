"""An explanation as a tree to read, or as JSON or CSV."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from rich.markup import escape
from rich.tree import Tree

from kohort.cli.output import Format, out, show_rows
from kohort.clock import Moment
from kohort.engines.evaluation import Explanation, Shown

ShowMoment = Callable[[Moment | None], str]


def show_explanation(explanation: Explanation, form: Format, show_moment: ShowMoment) -> None:
    """Show why a person is in or out."""
    if form is Format.JSON:
        sys.stdout.write(json.dumps(_plain(explanation, show_moment), ensure_ascii=False) + "\n")
    elif form is Format.CSV:
        show_rows(_flat(explanation, 0), ["depth", "holds", "sentence", "value"], form)
    else:
        out.print(_tree(explanation, show_moment), soft_wrap=False)


def _tree(node: Explanation, show_moment: ShowMoment, tree: Tree | None = None) -> Tree:
    mark = "[green]yes[/green]" if node.holds else "[red]no[/red] "
    text = f"{mark}  {escape(node.sentence)}{_found(node, show_moment)}"
    branch = Tree(text) if tree is None else tree.add(text)
    for part in node.parts:
        _tree(part, show_moment, branch)
    return branch


def _found(node: Explanation, show_moment: ShowMoment) -> str:
    if node.parts:
        return ""
    words = [f"value {escape(_text(node.value)) or 'missing'}"]
    if node.scored is not None:
        words.append(f"score of {escape(_text(node.scored))}")
    if node.thresholds:
        limits = ", ".join(_text(one) for one in node.thresholds)
        words.append(
            f"population's threshold {limits} from {node.population:,} people as of {show_moment(node.statistics_at)}"
        )
    return f"   [dim]({'; '.join(words)})[/dim]"


def _text(value: Shown) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case tuple():
            return ", ".join(value)
        case _:
            return value


def _plain(node: Explanation, show_moment: ShowMoment) -> dict[str, object]:
    found: dict[str, object] = {"sentence": node.sentence, "holds": node.holds}
    if node.parts:
        return found | {"parts": [_plain(part, show_moment) for part in node.parts]}
    found["value"] = None if node.value is None else _text(node.value)
    if node.thresholds:
        found |= {
            "thresholds": [_text(one) for one in node.thresholds],
            "population": node.population,
            "statistics_at": show_moment(node.statistics_at),
        }
    return found


def _flat(node: Explanation, depth: int) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "depth": depth,
        "holds": str(node.holds).lower(),
        "sentence": node.sentence,
        "value": _text(node.value),
    }
    return [row, *(one for part in node.parts for one in _flat(part, depth + 1))]
