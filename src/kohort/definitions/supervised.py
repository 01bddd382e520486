"""What a file in `scores/` declares of a segment that is learnt from examples: of whom somebody said yes or no."""

from dataclasses import dataclass

from kohort.clock import parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.places import file_of
from kohort.definitions.prediction import USUAL_MODELS, check_models, costs_of
from kohort.definitions.retraining import NEVER, RetrainingDefinition, retraining_of


@dataclass(frozen=True)
class ExamplesDefinition:
    """A file of the project, CSV or JSON lines: `person` is the column of their ids, `label` that of the answers.

    `positive` is the answer that means yes; "" where it can be told from the two that there are.
    """

    file: str
    person: str
    label: str
    positive: str = ""


@dataclass(frozen=True)
class SupervisedDefinition:
    """The chance of each person of `among`, a rule ("" for everybody), to be as those of whom somebody said yes.

    The examples are those of a file, or the members of the segment `positive` against those of `negative`. What is
    known of them is that of the moment of the run, or, with `before`, that of so many microseconds earlier: then
    members who were in either segment already are not learnt from. `features` are traits, all by default that do not
    define a segment and are not protected. Whoever has a chance from the threshold on is chosen: the cheapest by
    `costs` of one missed and one chosen for nothing, else that of the best F1.

    Traits written: `{name}`, a chance from 0 to 1, and `{name}_chosen`.
    """

    name: str
    examples: ExamplesDefinition | None = None
    positive: str = ""
    negative: str = ""
    among: str = ""
    before: int = 0
    features: tuple[str, ...] = ()
    rule: str = ""
    models: tuple[str, ...] = USUAL_MODELS
    costs: tuple[float, float] | None = None
    random_seed: int = 0
    retrain: RetrainingDefinition = NEVER

    @property
    def seeds(self) -> tuple[str, ...]:
        """The segments that it is learnt from, yes before no; none where a file says it."""
        return () if self.examples is not None else (self.positive, self.negative)

    @property
    def traits(self) -> tuple[str, str]:
        """The names of the traits written, the chance first."""
        return self.name, f"{self.name}_chosen"


def supervised_of(fields: Fields) -> SupervisedDefinition:
    """Read a score of the kind `supervised`; raises DefinitionError with the field of what is wrong."""
    inner = fields.inner("examples")
    if inner is not None:
        for name in ("positive", "negative"):
            if fields.value(name) is not None:
                raise fields.wrong(name, "either examples or two segments", fields.value(name))
    definition = SupervisedDefinition(
        name=fields.text("name"),
        examples=None if inner is None else _examples(inner),
        positive="" if inner is not None else fields.text("positive"),
        negative="" if inner is not None else fields.text("negative"),
        among=fields.text("among", default=""),
        before=0 if fields.value("before") is None else fields.build("before", parse_duration),
        features=fields.texts("features", default=()),
        rule=fields.text("rule", default=""),
        models=fields.texts("models", default=USUAL_MODELS),
        costs=costs_of(fields),
        random_seed=fields.integer("random_seed", default=0),
        retrain=retraining_of(fields.inner("retrain")),
    )
    check_models(fields, definition.models)
    if definition.positive and definition.positive == definition.negative:
        raise fields.wrong("negative", "another segment than positive", definition.negative)
    return definition


def _examples(fields: Fields) -> ExamplesDefinition:
    file = file_of(fields, "file", "a CSV or JSON lines file")
    if not file:
        raise fields.wrong("file", "a CSV or JSON lines file in the project's folder", None)
    found = ExamplesDefinition(file, fields.text("person"), fields.text("label"), fields.text("positive", default=""))
    fields.refuse_unknown()
    return found
