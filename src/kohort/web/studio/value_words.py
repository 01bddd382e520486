"""What the traits of a score of value are called in the studio."""

from collections.abc import Mapping

from kohort.rules.languages import Language
from kohort.web.studio.languages import translations


def value_names(score: str, language: Language) -> Mapping[str, str]:
    """Return what each trait of a score of value is called.

    >>> value_names("clv", Language.FR)["clv_decile"]
    'Décile de valeur'
    """
    gettext = translations(language).gettext
    return {
        score: gettext("Worth to come"),
        f"{score}_low": gettext("Worth to come, at least (nine in ten)"),
        f"{score}_high": gettext("Worth to come, at most (nine in ten)"),
        f"{score}_decile": gettext("Decile of worth"),
        f"{score}_top": gettext("Chance to be in the top 5 % of spenders"),
        f"{score}_expected_purchases": gettext("Purchases to expect"),
        f"{score}_expected_value": gettext("Value of a purchase"),
        f"{score}_active": gettext("Chance to buy in the horizon"),
        f"{score}_alive": gettext("Not stopped, as the model supposes (no score of churn)"),
    }
