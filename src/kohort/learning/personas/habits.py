"""When and through what people usually act, and which of these habits a persona has more often than everyone else."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.learning.clustering.kmeans import Labels
from kohort.learning.personas.categories import CategoricalTrait, CategoryDifference, category_differences
from kohort.learning.wording import COLON, Bilingual, sentence_case

CHANNEL: Final = "channel"
SOURCE: Final = "source"
WEEKDAY: Final = "weekday"
DAYTIME: Final = "daytime"
_WEEKDAYS: Final = (
    Bilingual("Monday", "lundi"), Bilingual("Tuesday", "mardi"), Bilingual("Wednesday", "mercredi"),
    Bilingual("Thursday", "jeudi"), Bilingual("Friday", "vendredi"), Bilingual("Saturday", "samedi"),
    Bilingual("Sunday", "dimanche"),
)  # fmt: skip
_DAYTIMES: Final = (
    Bilingual("night, 0 to 6", "nuit, de 0\u202fh à 6\u202fh"),
    Bilingual("morning, 6 to 12", "matin, de 6\u202fh à 12\u202fh"),
    Bilingual("afternoon, 12 to 18", "après-midi, de 12\u202fh à 18\u202fh"),
    Bilingual("evening, 18 to 24", "soir, de 18\u202fh à 24\u202fh"),
)
_HOURS: Final = 6
_FACETS: Final = {
    CHANNEL: Bilingual("usual channel", "canal habituel"),
    SOURCE: Bilingual("usual source", "source habituelle"),
    WEEKDAY: Bilingual("usual day", "jour habituel"),
    DAYTIME: Bilingual("usual time of day", "moment habituel"),
    "visit_channel": Bilingual("usual channel of visits", "canal de visite habituel"),
    "preferred_channel": Bilingual("channel that they answer", "canal auquel ils répondent"),
}


def usual(
    name: str, person: npt.NDArray[np.int64], codes: npt.NDArray[np.int64], categories: Sequence[str], people: int
) -> CategoricalTrait:
    """Return what each of so many `people` does most often: the first of equals, None for who never did anything.

    `person` and `codes`, both of shape (acts,), are who acted and in which category; -1 counts nowhere. One habit a
    person makes people, who are independent of each other, what is compared, and not their acts, which are not.

    >>> usual("channel", np.array([0, 0, 1]), np.array([1, 1, 0]), ("web", "shop"), 3).categories
    ('shop', 'web', None)
    """
    known = codes >= 0
    places = person[known] * len(categories) + codes[known]
    counts = np.bincount(places, minlength=people * len(categories)).reshape(people, len(categories))
    acting = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    named = (*categories, None)
    return CategoricalTrait(name, tuple(named[code] for code in acting.tolist()))


def moments(
    person: npt.NDArray[np.int64], weekdays: npt.NDArray[np.int64], hours: npt.NDArray[np.int64], people: int
) -> tuple[CategoricalTrait, CategoricalTrait]:
    """Return each person's usual weekday (0: Monday) and quarter of the day, of acts at these local times.

    >>> [one.categories for one in moments(np.array([0]), np.array([5]), np.array([19]), 1)]
    [('5',), ('3',)]
    """
    return (
        usual(WEEKDAY, person, weekdays, [str(day) for day in range(len(_WEEKDAYS))], people),
        usual(DAYTIME, person, hours // _HOURS, [str(part) for part in range(len(_DAYTIMES))], people),
    )


def preferred(habits: Sequence[CategoricalTrait], labels: Labels, cluster: int) -> tuple[CategoryDifference, ...]:
    """Return the habits that are significantly more frequent in `cluster` than elsewhere, the surest first.

    p-values are adjusted by Holm for all categories of all `habits` together.
    """
    found = category_differences(habits, labels, cluster)
    return tuple(one for one in found if one.lift.estimate > 1)


def habit_words(trait: str, category: str) -> Bilingual:
    r"""Return how a habit is called.

    >>> habit_words("weekday", "5")
    Bilingual(en='Usual day: Saturday', fr='Jour habituel\u202f: samedi')
    >>> habit_words("channel", "web").en
    'Usual channel: web'
    """
    facet = _FACETS.get(trait) or Bilingual(trait.replace("_", " "), trait.replace("_", " "))
    parts = {WEEKDAY: _WEEKDAYS, DAYTIME: _DAYTIMES}.get(trait)
    words = parts[int(category)] if parts else Bilingual(category, category)
    return Bilingual(f"{sentence_case(facet.en)}: {words.en}", f"{sentence_case(facet.fr)}{COLON} {words.fr}")
