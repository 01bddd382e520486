"""A person's score in sentences, in English and French: what goes with it, by names that people use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kohort.definitions.score import ScoreDefinition
from kohort.learning.models.explanation.wording import brought_words
from kohort.learning.traits import TraitLabel, label_of
from kohort.learning.wording import COLON, NARROW_SPACE, SEMICOLON, Bilingual, number, percent
from kohort.pipeline.learning.explained.found import Driver, Drivers, Told
from kohort.pipeline.learning.explained.of_segments import SegmentDriver, SegmentDrivers
from kohort.pipeline.wording import known_labels
from kohort.stats.intervals import Interval

_UNKNOWN: Final = Bilingual("unknown", "inconnu")
_DAYS: Final = ": days"
_LEAST_WHOLE: Final = 100


@dataclass(frozen=True)
class FeatureLabels:
    """What features are called: by the wording of the trait that each is made of, else by its name.

    >>> labels = FeatureLabels.of([])
    >>> labels.of_feature("recency_days").fr, labels.of_feature("signup: days").en
    ('jours depuis la dernière commande', 'days since signup')
    """

    known: Mapping[str, TraitLabel]

    @staticmethod
    def of(scores: Sequence[ScoreDefinition]) -> "FeatureLabels":
        """Return the labels of a project whose scores these are."""
        return FeatureLabels(known_labels(scores))

    def of_feature(self, name: str) -> Bilingual:
        """Return what a feature is called."""
        if name in self.known:
            return self._trait(name)
        if name.endswith(_DAYS):
            since = self._trait(name.removesuffix(_DAYS))
            return Bilingual(f"days since {since.en}", f"jours depuis {since.fr}")
        trait, colon, item = name.partition(": ")
        of_trait = self._trait(trait)
        return Bilingual(f"{of_trait.en}: {item}", f"{of_trait.fr}{COLON} {item}") if colon else of_trait

    def of_features(self, names: Sequence[str]) -> Bilingual:
        """Return what several features that are read as one are called."""
        found = [self.of_feature(name) for name in names]
        return Bilingual(", ".join(one.en for one in found), ", ".join(one.fr for one in found))

    def _trait(self, name: str) -> Bilingual:
        label = label_of(name, self.known)
        return Bilingual(label.en, label.fr)


def value_words(value: Told) -> Bilingual:
    """Return a feature's value as people read it.

    >>> value_words(None).fr, value_words(12.0).en, value_words(0.25).fr, value_words("Lyon").en
    ('inconnu', '12', '0,25', 'Lyon')
    """
    if value is None:
        return _UNKNOWN
    if isinstance(value, str):
        return Bilingual(value, value)
    return number(value, 0 if float(value).is_integer() or abs(value) >= _LEAST_WHOLE else 2)


def driver_words(driver: Driver, labels: FeatureLabels) -> Bilingual:
    """Return a sentence on what goes with a score, and how much of it.

    >>> words = driver_words(Driver(("recency_days",), (42.0,), 0.12, 0.5), FeatureLabels.of([]))
    >>> print(words.en.replace(chr(8239), " "))
    days since the last order (42) goes with 12.0 points more.
    """
    names = [
        Bilingual(f"{label.en} ({value.en})", f"{label.fr} ({value.fr})")
        for label, value in (
            (labels.of_feature(name), value_words(told))
            for name, told in zip(driver.features, driver.values, strict=True)
        )
    ]
    return brought_words(names, driver.points, probability=True)


def base_words(drivers: Drivers) -> Bilingual:
    """Return a sentence on where the model begins.

    >>> from kohort.pipeline.learning.explained.found import Method
    >>> print(base_words(Drivers(Method.EXACT, 0.3, None, "log-odds", ())).en.replace(chr(8239), " "))
    The model begins at 30.0 %; what goes with this person makes the rest.
    """
    begins = percent(drivers.base, 1)
    return Bilingual(
        f"The model begins at {begins.en}; what goes with this person makes the rest.",
        f"Le modèle part de {begins.fr}{COLON} ce qui va de pair avec cette personne fait le reste.",
    )


def method_words(drivers: Drivers) -> Bilingual:
    """Return how far a method that asks the model is to be trusted.

    >>> from kohort.pipeline.learning.explained.found import Method
    >>> words = method_words(Drivers(Method.LIME, 0.3, None, "log-odds", (), 0.62))
    >>> print(words.en.replace(chr(8239), " ")[:54])
    LIME tells 62 % of how scores vary nearby (R²): its pa
    """
    if drivers.fidelity is None:
        return Bilingual(
            "SHAP is sampled, and compares with people of the same run: its parts add up to the chance from another "
            "beginning than the model's own.",
            f"SHAP procède par tirages et compare aux gens de la même exécution{COLON} ses parts font la probabilité "
            "à partir d'un autre point de départ que celles du modèle lui-même.",
        )
    share = percent(max(0.0, drivers.fidelity))
    return Bilingual(
        f"LIME tells {share.en} of how scores vary nearby (R²): its parts come near, and do not add up to the chance. "
        "Below about 80 % read them with care.",
        f"LIME rend compte de {share.fr} de la variation des scores alentour (R²){COLON} ses parts sont approchées et "
        f"ne font pas la probabilité. En dessous de 80{NARROW_SPACE}% environ, lisez-les avec prudence.",
    )


def mean_words(found: SegmentDrivers) -> Bilingual:
    """Return a sentence on the chances of a segment's members beside those of everybody, or why there is none.

    >>> from kohort.pipeline.learning.explained.of_segments import SegmentDrivers
    >>> print(mean_words(SegmentDrivers("vip", "churn", 0, 1, 3, 90, 0, None, None, None, ())).en)
    churn: 3 members were scored, too few to tell a mean of.
    """
    many = number(found.members)
    if found.mean is None or found.mean_of_all is None:
        if found.few:
            return Bilingual(
                f"{found.score}: {many.en} members were scored, too few to tell a mean of.",
                f"{found.score}{COLON} {many.fr} membres ont un score, trop peu pour en dire une moyenne.",
            )
        return Bilingual(
            f"{found.score}: the model does not say whom it compares people with; train it again.",
            f"{found.score}{COLON} le modèle ne dit pas à qui il compare les gens, entraînez-le à nouveau.",
        )
    mean, low, high, everybody = (
        percent(one, 1) for one in (found.mean.estimate, found.mean.low, found.mean.high, found.mean_of_all.estimate)
    )
    return Bilingual(
        f"{found.score}: {many.en} members have a mean chance of {mean.en} ({low.en} to {high.en}), everybody one of "
        f"{everybody.en}.",
        f"{found.score}{COLON} {many.fr} membres ont une probabilité moyenne de {mean.fr} (de {low.fr} à {high.fr}), "
        f"et l'ensemble de {everybody.fr}.",
    )


def segment_words(driver: SegmentDriver, labels: FeatureLabels) -> Bilingual:
    """Return a sentence on what goes with the chances of members, beside everybody.

    >>> from kohort.stats.intervals import Interval
    >>> from kohort.pipeline.learning.explained.of_segments import SegmentDriver
    >>> one = SegmentDriver(("orders",), Interval(0.1, 0.08, 0.12, 90), Interval(-0.01, -0.02, 0.0, 90))
    >>> print(segment_words(one, FeatureLabels.of([])).en.replace(chr(8239), " "))
    orders: goes with 10.0 points on average (8.0 to 12.0); of everybody, with -1.0 (-2.0 to 0.0).
    """
    names = labels.of_features(driver.features)
    ours, low, high = (number(100 * one, 1) for one in _parts(driver.members))
    theirs, theirs_low, theirs_high = (number(100 * one, 1) for one in _parts(driver.everybody))
    return Bilingual(
        f"{names.en}: goes with {ours.en} points on average ({low.en} to {high.en}); of everybody, with {theirs.en} "
        f"({theirs_low.en} to {theirs_high.en}).",
        f"{names.fr}{COLON} va de pair avec {ours.fr} points en moyenne (de {low.fr} à {high.fr}){SEMICOLON} pour "
        f"l'ensemble, avec {theirs.fr} (de {theirs_low.fr} à {theirs_high.fr}).",
    )


def _parts(one: Interval) -> tuple[float, float, float]:
    return one.estimate, one.low, one.high
