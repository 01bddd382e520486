"""An explanation as a tree to read, or as JSON or CSV."""

import json
import sys

from rich.markup import escape
from rich.tree import Tree

from kohort.cli.output import Format, out, show_rows
from kohort.engines.evaluation import Doing, Explanation, Fact, Outlook, Setting
from kohort.reports.explanation import WORDS, ShowMoment, Telling, value_text
from kohort.rules.languages import Language


def show_explanation(explanation: Explanation, form: Format, show_moment: ShowMoment, language: Language) -> None:
    """Show why a person is in or out, since when, and what would change it."""
    if form is Format.JSON:
        document = _plain(explanation, show_moment) | _whole(explanation, show_moment)
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    elif form is Format.CSV:
        show_rows(_flat(explanation, 0), ["depth", "holds", "sentence", "value"], form)
    else:
        telling = Telling(WORDS[language], show_moment)
        out.print(_tree(explanation, telling), soft_wrap=False)
        for sentence in telling.closing(explanation):
            out.print(escape(sentence), soft_wrap=True)


def _tree(node: Explanation, telling: Telling, tree: Tree | None = None) -> Tree:
    words = telling.words
    width = max(len(words.yes), len(words.no))
    mark = f"[green]{words.yes:{width}}[/green]" if node.holds else f"[red]{words.no:{width}}[/red]"
    text = f"{mark}  {escape(node.sentence)}{_found(node, telling)}"
    branch = Tree(text) if tree is None else tree.add(text)
    for part in node.parts:
        _tree(part, telling, branch)
    for fact in node.facts:
        branch.add(f"[dim]{escape(telling.fact(fact))}[/dim]")
    if node.facts_in_all > len(node.facts):
        branch.add(f"[dim]… {words.facts_in_all.format(node.facts_in_all)}[/dim]")
    return branch


def _found(node: Explanation, telling: Telling) -> str:
    found = telling.found(node)
    return f"   [dim]({escape('; '.join(found))})[/dim]" if found else ""


def _plain(node: Explanation, show_moment: ShowMoment) -> dict[str, object]:
    found: dict[str, object] = {"sentence": node.sentence, "holds": node.holds}
    if node.parts:
        return found | {"parts": [_plain(part, show_moment) for part in node.parts]}
    found["value"] = None if node.value is None else value_text(node.value)
    if node.thresholds:
        found |= {
            "thresholds": [value_text(one) for one in node.thresholds],
            "population": node.population,
            "statistics_at": show_moment(node.statistics_at),
        }
    return found | {
        "facts": [_plain_fact(fact, show_moment) for fact in node.facts],
        "facts_in_all": node.facts_in_all,
    }


def _plain_fact(fact: Fact, show_moment: ShowMoment) -> dict[str, object]:
    value = None if fact.value is None else value_text(fact.value)
    return {
        "name": fact.name,
        "at": show_moment(fact.at),
        "property": fact.property,
        "value": value,
        **({"mark": fact.mark} if fact.mark else {}),
    }


def _whole(explanation: Explanation, show_moment: ShowMoment) -> dict[str, object]:
    """Return what is said of the membership as a whole."""
    outlook = explanation.outlook
    return {
        "since": show_moment(explanation.since) or None,
        "outlook": None if outlook is None else _plain_outlook(outlook, show_moment),
    }


def _plain_outlook(outlook: Outlook, show_moment: ShowMoment) -> dict[str, object]:
    change: dict[str, object] | None = None
    match outlook.single_change:
        case Doing(event=event, times=times, properties=properties):
            named = {name: value_text(value) for name, value in properties}
            change = {"event": event, "times": times, "properties": named}
        case Setting(trait=trait, value=value):
            change = {"trait": trait, "value": None if value is None else value_text(value)}
        case None:
            pass
    return {
        "time_alone": show_moment(outlook.time_alone) or None,
        "looked_until": show_moment(outlook.looked_until),
        "single_change": change,
    }


def _flat(node: Explanation, depth: int) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "depth": depth,
        "holds": str(node.holds).lower(),
        "sentence": node.sentence,
        "value": value_text(node.value),
    }
    return [row, *(one for part in node.parts for one in _flat(part, depth + 1))]
