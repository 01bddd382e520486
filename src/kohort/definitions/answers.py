"""Where what somebody says stands: in a property of an event, or in a trait."""

from dataclasses import dataclass

from kohort.definitions.fields import Fields


@dataclass(frozen=True)
class AnswerSource:
    """The property `name` of the event `event`, or else the trait `trait`; what is not used is "".

    `language` is the property that tells a text's language, "" for none. `reversed` tells of a survey's item whether
    agreeing means little of what the scale measures.
    """

    event: str = ""
    name: str = ""
    trait: str = ""
    language: str = ""
    reversed: bool = False

    @property
    def label(self) -> str:
        """How a message calls it.

        >>> AnswerSource("survey_answered", "q1").label, AnswerSource(trait="q2").label
        ('survey_answered.q1', 'q2')
        """
        return self.trait or f"{self.event}.{self.name}"


def answer_source_of(fields: Fields) -> AnswerSource:
    """Read where an answer stands; raises DefinitionError unless it is a property of an event, or a trait.

    >>> answer_source_of(Fields({"trait": "q2", "reversed": True}, "scores/a.yaml"))
    AnswerSource(event='', name='', trait='q2', language='', reversed=True)
    """
    event, trait = fields.text("event", default=""), fields.text("trait", default="")
    if bool(event) == bool(trait):
        raise fields.wrong("event", "an event with a property, or a trait", event or None)
    turned = fields.value("reversed")
    if not (turned is None or isinstance(turned, bool)):
        raise fields.wrong("reversed", "true or false", turned)
    found = AnswerSource(
        event=event,
        name=fields.text("property") if event else "",
        trait=trait,
        language=fields.text("language", default="") if event else "",
        reversed=bool(turned),
    )
    fields.refuse_unknown()
    return found
