"""The parser's tables: made from the grammar once, kept beside it, and read at every start.

To make them takes a tenth of a second, to read them a hundredth. They are plain JSON. `make generate` writes them anew,
and a test holds them to the grammar.
"""

import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from kohort.rules.build import Builder
from kohort.rules.languages import VOCABULARIES, Language

Table = dict[str, Any]

_FOLDER: Final = Path(__file__).parent
_OPTIONS: Final[Mapping[str, Any]] = {"parser": "lalr", "lexer": "contextual", "maybe_placeholders": True}
_SHIFT: Final = 0  # what lark calls it in a table; else an action reduces

_LOG: Final = logging.getLogger(__name__)


@cache
def parser_of(language: Language) -> Lark:
    """Return the parser of a language, which builds nodes.

    A table that another version of lark made, or that was made of another grammar, is made anew, and the log says so.

    >>> parser_of(Language.FR).parse("a fait commande")
    Did(event='commande', where=None, window=None)
    """
    grammar = grammar_of(language)
    table: Table = json.loads(table_path(language).read_text(encoding="utf-8"))
    if (table["lark"], table["grammar"]) != (lark.__version__, grammar):
        _LOG.warning("the rule grammar's table for %r is out of date: making it anew for this process", language.value)
        table = json.loads(json.dumps(make_table(language)))
    return _parser(table, Builder(VOCABULARIES[language]))


def table_path(language: Language) -> Path:
    """Return where the table of a language is kept."""
    return _FOLDER / f"grammar.{language.value}.json"


def grammar_of(language: Language) -> str:
    """Return the grammar of a language: the common productions with its words."""
    vocabulary = VOCABULARIES[language]
    productions = (_FOLDER / "grammar.lark").read_text(encoding="utf-8")
    return f"{productions}\n{vocabulary.orders}\n{vocabulary.terminals()}"


def make_table(language: Language) -> Table:
    """Return the table of a language's grammar, the same at every call: lark's own numbers depend on hash seeds."""
    grammar = grammar_of(language)
    data, memo = Lark(grammar, **_OPTIONS).memo_serialize([TerminalDef, Rule])
    actions = data["parser"]["parser"]
    data["parser"]["parser"] = _renumbered(actions)
    return {"lark": lark.__version__, "grammar": grammar, "data": data, "memo": memo}


def _renumbered(actions: Table) -> Table:
    """Return the table with tokens numbered by name, and states in the order in which those reach them."""
    names: dict[int, str] = actions["tokens"]
    states = {
        state: dict(sorted((names[token], action) for token, action in its.items()))
        for state, its in actions["states"].items()
    }
    (start,), (end,) = actions["start_states"].values(), actions["end_states"].values()
    numbers = {start: 0}
    waiting = [start]
    for state in waiting:
        for kind, target in states[state].values():
            if kind == _SHIFT and target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
    tokens = {name: number for number, name in enumerate(sorted(names.values()))}
    return {
        "tokens": {number: name for name, number in tokens.items()},
        "states": {
            numbers[state]: {
                tokens[name]: (kind, numbers[target] if kind == _SHIFT else target)
                for name, (kind, target) in states[state].items()
            }
            for state in waiting
        },
        "start_states": {"start": numbers[start]},
        "end_states": {"start": numbers[end]},
    }


def _parser(table: Table, builder: Builder) -> Lark:
    """Return a parser from a table as JSON holds it, where the keys of an object are texts."""
    data = table["data"]
    actions = data["parser"]["parser"]
    actions["tokens"] = _by_number(actions["tokens"])
    actions["states"] = {state: _by_number(its) for state, its in _by_number(actions["states"]).items()}
    data["options"]["transformer"] = builder
    parser: Lark = Lark.load({"data": data, "memo": _by_number(table["memo"])})
    return parser


def _by_number(texts: Mapping[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in texts.items()}
