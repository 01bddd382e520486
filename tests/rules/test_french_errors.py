"""In a project that writes French, what is wrong with a rule is said in French."""

import ast
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_rule_errors import CATALOG

import kohort.rules
from kohort.definitions.values import ValueType
from kohort.errors import NEAREST, RuleError
from kohort.rules.french_messages import FRENCH_MESSAGES
from kohort.rules.languages import Language
from kohort.rules.read import read_rule

FRENCH = replace(
    CATALOG,
    language=Language.FR,
    segments={
        "vip": "clv dans les 5 % supérieurs",
        "serpent": 'dans le segment "queue"',
        "queue": 'pas dans le segment "serpent"',
        "cassé": "clv >",
    },
)
MODULES = sorted(Path(next(iter(kohort.rules.__path__))).glob("*.py"))
KINDS = ("event", "trait", "segment", "period", "purpose")


CONDITION = 'une condition (comme country = "FR" ou nombre de order_completed >= 3)'
VALUE = 'une valeur (un nombre, un "texte" entre guillemets droits, vrai, faux, une date comme 2026-01-31)'
VALUE_OR_THRESHOLD = f'{VALUE}, "moyenne", "médiane" ou "quantile 0.9"'


@pytest.mark.parametrize(
    ("sentence", "underlined", "problem", "hint"),
    [
        ("", "", f"la règle s'arrête trop tôt ; attendu : {CONDITION}", ""),
        ("clv >", "", f"la règle s'arrête trop tôt ; attendu : {VALUE_OR_THRESHOLD}", ""),
        (
            "clv > 3 eet country existe",
            "eet",
            'eet ne convient pas ici ; attendu : "et", "ou" ou la fin de la règle',
            'vouliez-vous dire "et" ?',
        ),
        (
            "country = FR",
            "FR",
            f"FR ne convient pas ici ; attendu : {VALUE_OR_THRESHOLD}",
            'un texte s\'écrit entre guillemets droits : "FR"',
        ),
        ("cvl > 3", "cvl", 'trait inconnu : "cvl"', 'vouliez-vous dire "clv" ?'),
        ("consentement à add", "consentement à add", 'finalité inconnue : "add"', 'vouliez-vous dire "ads" ?'),
        (
            "a fait order_complete",
            "a fait order_complete",
            'événement inconnu : "order_complete"',
            'vouliez-vous dire "order_completed" ?',
        ),
        (
            "somme de order_completed.totl > 3",
            "somme de order_completed.totl",
            'propriété inconnue de order_completed : "totl"',
            'vouliez-vous dire "total" ?',
        ),
        (
            'clv = "3"',
            '"3"',
            "clv est un nombre ; impossible de comparer avec un texte",
            "écrivez le nombre sans guillemets",
        ),
        (
            "dernière valeur de order_completed.mixed >= 2026-01-01",
            "2026-01-01",
            "dernière valeur de order_completed.mixed est un nombre ou un texte ; impossible de comparer avec un moment",  # noqa: E501
            "",
        ),
        (
            "nombre de page_viewed dans les 0 derniers jours > 3",
            "dans les 0 derniers jours",
            "une période de durée nulle ne contient rien ; écrivez au moins 1",
            "",
        ),
        (
            'dans le segment "serpent"',
            'dans le segment "serpent"',
            'des segments se renvoient l\'un à l\'autre en boucle : "serpent" → "queue" → "serpent"',
            "",
        ),
        (
            'dans le segment "cassé"',
            "",
            f'dans le segment "cassé" : la règle s\'arrête trop tôt ; attendu : {VALUE_OR_THRESHOLD}',
            "",
        ),
    ],
)
def test_a_message_is_french_from_end_to_end(sentence: str, underlined: str, problem: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule(sentence, FRENCH)
    error = caught.value
    assert (error.problem, error.sentence[error.start : error.end], error.hint) == (problem, underlined, hint)


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("clv ≥ 3", "écrivez >="),
        ('country = "FR', "n'est pas fermé"),
        ("nomber de page_viewed > 3", 'vouliez-vous dire "nombre de" ?'),
        ("nombre de page_viewed dans 7 jours > 3", 'après "dans" viennent'),
        ("order_completed > 3", "écrivez : a fait order_completed"),
        ("country contient 3", 'attendu : un "texte" entre guillemets droits'),
        ("signed_up > 2026-02-30", "2026-02-30 n'existe pas dans le calendrier"),
        ("clv dans les 0 % supérieurs", "de plus de 0 % à 100 %"),
        ("clv > 99999999999999", "trop grand pour Kohort"),
        ("clv > quantile 99999999999999", "trop grand pour Kohort"),
        ("clv dans les 99999999999999 % supérieurs", "trop grand pour Kohort"),
        ("distance à (99999999999999, 2) < 5 km", "trop grand pour Kohort"),
        ('country correspond à "(?=F)"', "seuls (…) et (?:…) sont des groupes"),
        ("pas " * 16 + "clv > 3", "imbriquée sur plus de 16 niveaux"),
        ("x" * 100_001, "dépasse 100000 caractères"),
        ("home dans le polygone ((1, 1), (2, 2))", "de 3 à 1000 sommets"),
        ("location dans le polygone ((1, 1), (2, 2), (1, 2))", "n'est pas un point"),
    ],
)
def test_other_messages_are_french_too(sentence: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule(sentence, FRENCH)
    assert says in str(caught.value)
    assert not {"expected", "unknown", "write", "means"} & set(str(caught.value).split())


def templates() -> Iterator[str]:
    """Yield every text that is written where a message begins: in `RefusalError(…)` and in `say(…)`."""
    yield from NEAREST
    yield from (f'unknown {kind} "{{name}}"' for kind in KINDS)
    yield from (f"a {type_}" for type_ in ValueType)
    for tree in (ast.parse(module.read_text(encoding="utf-8")) for module in MODULES):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in {"say", "RefusalError"}:
                    yield from (
                        one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    )


def test_every_message_has_its_french() -> None:
    assert sorted(set(templates()) - set(FRENCH_MESSAGES)) == []


def test_no_french_message_is_left_over() -> None:
    written = {
        node.value
        for module in MODULES
        if module.name != "french_messages.py"
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    assert sorted(set(FRENCH_MESSAGES) - written - set(templates())) == []


@pytest.mark.parametrize("english", FRENCH_MESSAGES)
def test_a_french_message_names_what_the_english_one_names(english: str) -> None:
    def named(template: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    assert named(FRENCH_MESSAGES[english]) == named(english)
