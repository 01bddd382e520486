"""Whether people are still as a model knows them: what the last look for drift found."""

from kohort.learning.drift.alarm import Sensitivity
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number
from kohort.reports.checks import Check, Measured, alone, held
from kohort.reports.predictions_data import DriftShown

_INDEX = Bilingual(
    "The population stability index of each feature, and of what the model says of people, against months that "
    "nothing happened in",
    "Indice de stabilité de la population de chaque variable, et de ce que le modèle dit des personnes, face à des "
    "mois où rien n'est arrivé",
)
_JUDGED = Bilingual(
    "; calibration and AUC of people whose time is over",
    f"{SEMICOLON} calibration et AUC des personnes dont le délai est écoulé",
)


def drift_checks(key: str, score: str, drift: DriftShown | None, *, foretells: bool) -> tuple[Check, ...]:
    """Return what the last look at the model of a score found, nothing where no run has looked.

    Of one that `foretells`, what it said is judged too.
    """
    if drift is None:
        return ()
    features = sorted(drift.features, key=lambda one: -one.index)
    figures = tuple(Measured(Bilingual(one.name, one.name), alone(one.index)) for one in features)
    smallest = Sensitivity().smallest
    bar, judged = number(smallest, 3), _JUDGED if foretells else Bilingual("", "")
    return (
        Check(
            key,
            Bilingual(
                f"{score}: are people still as it knows them?",
                f"{score}{COLON} les personnes sont-elles encore telles qu'il les connaît\u202f?",
            ),
            drift.words,
            held(not drift.found),
            Bilingual(
                f"no index of {bar.en} or more that is beyond what quiet months have",
                f"aucun indice de {bar.fr} ou plus au-delà de ce qu'ont les mois calmes",
            ),
            Bilingual(f"{_INDEX.en}{judged.en}.", f"{_INDEX.fr}{judged.fr}."),
            figures,
            smallest,
            decisive=figures[0].value if figures else None,
        ),
    )
