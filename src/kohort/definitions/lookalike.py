"""What a file in `scores/` declares of look-alikes: who outside a segment resembles its members."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.clock import parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.prediction import USUAL_MODELS, check_models
from kohort.definitions.privacy import snake_case
from kohort.definitions.repair import repaired_trait
from kohort.definitions.retraining import NEVER, RetrainingDefinition, retraining_of

_SHARE: Final = 0.1
_MOMENTS: Final = 12
_PROTECTED: Final = frozenset(
    (
        "age", "belief", "birth", "birthdate", "birthday", "disability", "ethnic", "ethnicity", "gender", "generation",
        "handicap", "health", "marital", "nationality", "nationalite", "political", "pregnancy", "pregnant", "race",
        "religion", "religious", "sex", "sexe", "sexual", "union",
    )
)  # fmt: skip
"""Words in the names of traits by which nobody may be chosen without saying so: EU Charter of rights, article 21."""


class LookedAt(StrEnum):
    """The moment as of which people are learnt from."""

    RUN = "run"
    """That of the run, for everybody."""

    ENTRY = "entry"
    """For each member that of entering the seed, for others one that is drawn like those."""


@dataclass(frozen=True)
class LookalikeDefinition:
    """How like the members of the segment `seed` each person outside it is.

    Of those in `among`, a rule ("" for everybody). What is known of people is that of the moment of the run, or, with
    `before`, that of so many microseconds earlier, and then only members who have entered since are learnt from. Or it
    is, `at` entry, that of before (by as much) each entered the seed, as of at most so many `moments`.
    Chosen are the first `share` of those outside, or the first `size`, or who has a `chance` of so much: one of them is
    above 0. `features` are traits, all by default that do not define the seed and are not protected. `random_seed` is
    that of all that is drawn, `retrain` says when a new model is proposed.

    Traits written, of nobody who is in the seed: `{name}`, the chance that somebody such as they is in it, which is an
    order of likeness, and `{name}_chosen`.
    """

    name: str
    seed: str
    among: str = ""
    at: LookedAt = LookedAt.RUN
    moments: int = _MOMENTS
    before: int = 0
    share: float = 0.0
    size: int = 0
    chance: float = 0.0
    features: tuple[str, ...] = ()
    rule: str = ""
    models: tuple[str, ...] = USUAL_MODELS
    random_seed: int = 0
    retrain: RetrainingDefinition = NEVER

    @property
    def seeds(self) -> tuple[str]:
        """The segments that it is learnt from."""
        return (self.seed,)

    @property
    def traits(self) -> tuple[str, str]:
        """The names of the traits written, the likeness first."""
        return self.name, f"{self.name}_chosen"

    def how_many(self, people: int) -> int:
        """Return how many of so many people outside the seed are chosen, where that is a number or a share.

        >>> LookalikeDefinition("like", "vip", share=0.1).how_many(25)
        2
        """
        return min(people, self.size or round(self.share * people))


def is_protected(trait: str) -> bool:
    """Return whether a trait is by its name one that nobody may be chosen by without saying so.

    >>> [is_protected(one) for one in ("Gender", "age_filled", "birthDate", "average_basket", "pages")]
    [True, True, True, False, False]
    """
    words = snake_case(repaired_trait(trait)).replace(".", "_").split("_")
    return not _PROTECTED.isdisjoint(words)


def lookalike_of(fields: Fields) -> LookalikeDefinition:
    """Read a score of the kind `lookalike`; raises DefinitionError with the field of what is wrong."""
    seed = fields.text("seed")
    ways = [one for one in ("share", "size", "chance") if fields.value(one) is not None]
    if len(ways) > 1:
        raise fields.wrong(ways[1], f"one of share, size and chance, and there is {ways[0]}", fields.value(ways[1]))
    definition = LookalikeDefinition(
        name=fields.text("name", default=f"like_{seed}"),
        seed=seed,
        among=fields.text("among", default=""),
        at=_looked_at(fields),
        moments=fields.integer("moments", default=_MOMENTS),
        before=0 if fields.value("before") is None else fields.build("before", parse_duration),
        share=fields.number("share", default=0.0 if ways else _SHARE),
        size=fields.integer("size", default=0),
        chance=fields.number("chance", default=0.0),
        features=fields.texts("features", default=()),
        rule=fields.text("rule", default=""),
        models=fields.texts("models", default=USUAL_MODELS),
        random_seed=fields.integer("random_seed", default=0),
        retrain=retraining_of(fields.inner("retrain")),
    )
    check_models(fields, definition.models)
    if definition.moments < 1 or (definition.at is LookedAt.RUN and fields.value("moments") is not None):
        raise fields.wrong("moments", "a number from 1 on, beside at: entry", fields.value("moments"))
    way = ways[0] if ways else "share"
    if way == "size" and definition.size < 1:
        raise fields.wrong("size", "a number of people from 1 on", definition.size)
    if way != "size" and not 0 < max(definition.share, definition.chance) < 1:
        raise fields.wrong(way, "a number between 0 and 1, such as 0.1", fields.value(way))
    return definition


def _looked_at(fields: Fields) -> LookedAt:
    said = fields.text("at", default=LookedAt.RUN)
    if said not in set(LookedAt):
        raise fields.wrong("at", "run or entry", said)
    return LookedAt(said)
