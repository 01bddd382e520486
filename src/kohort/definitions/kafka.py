"""What `kohort.yaml` declares under `kafka`: the brokers, how to get in, and what of Kohort is kept in topics there."""

import re
from dataclasses import dataclass, replace
from typing import Final

from kohort.clock import MINUTE, SECOND, parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.references import Reference, reference_of
from kohort.errors import DefinitionError

_BROKER: Final = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}", re.ASCII)
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
_LEAST_PATIENCE, _MOST_PATIENCE = SECOND, 5 * MINUTE
_LEAST_TAKEOVER: Final = 6 * SECOND
"""Brokers allow no less, as they come."""
_NAMES: Final = "up to 249 letters, digits, dots, _ and -"
_MOST_COPIES: Final = 32
_MOST_PARTITIONS: Final = 1_000

MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class KafkaTls:
    """How the connection is protected: the files of who vouches for the brokers, and of who we are; "" for none.

    Without `ca` the system's authorities vouch. Paths start in the project's folder.
    """

    ca: str = ""
    certificate: str = ""
    key: str = ""
    key_password: Reference | None = None


@dataclass(frozen=True)
class KafkaLogin:
    """Who we are, by SASL: one of `MECHANISMS`, the user, and where the password is kept."""

    mechanism: str
    user: Reference | str
    password: Reference


@dataclass(frozen=True)
class TopicDefinition:
    """A topic; with `create`, one that is missing is made, of so many partitions, each on so many brokers."""

    name: str
    create: bool = False
    replication: int = 3
    partitions: int = 1


@dataclass(frozen=True)
class KafkaDefinition:
    """The brokers to begin with, how to get in, and the topics: of the journal, of changes of membership.

    With `events`, collectors write to that topic, whose partitions engines share, and these append it to the journal.
    None for a topic means that nothing of that kind goes there. After `patience` microseconds without an answer
    brokers are said to be away. Engines of the same journal are a consumer group, `group`; one that is not heard of for
    `takeover` microseconds is taken for dead.
    """

    brokers: tuple[str, ...]
    tls: KafkaTls | None = None
    login: KafkaLogin | None = None
    journal: TopicDefinition | None = None
    memberships: TopicDefinition | None = None
    patience: int = 10 * SECOND
    group: str = ""
    takeover: int = 10 * SECOND
    events: TopicDefinition | None = None

    def __str__(self) -> str:
        return "Kafka at " + ", ".join(self.brokers)


def kafka_definition_of(fields: Fields | None) -> KafkaDefinition | None:
    """Read the field `kafka` of `kohort.yaml`, None for none.

    Raises DefinitionError with the field of what is wrong; a password is refused, and never shown.

    >>> kafka = {"brokers": ["one:9092"], "journal": {"topic": "shop", "create": True}}
    >>> kafka_definition_of(Fields(kafka, "kohort.yaml", "kafka")).journal
    TopicDefinition(name='shop', create=True, replication=3, partitions=1)
    """
    if fields is None:
        return None
    kafka = KafkaDefinition(
        tuple(_checked(fields, "brokers", one, _BROKER, "host:port") for one in fields.texts("brokers")),
        _tls(fields),
        _login(fields),
        _topic(fields, "journal"),
        _topic(fields, "memberships", partitioned=True),
        fields.build("patience", parse_duration, default="10 seconds"),
        takeover=fields.build("takeover", parse_duration, default="10 seconds"),
        events=_topic(fields, "events", partitioned=True),
    )
    given = fields.value("group")
    usual = f"{kafka.journal.name}-engines" if kafka.journal is not None else ""
    group = usual if given is None else _checked(fields, "group", fields.text("group"), _TOPIC, _NAMES)
    kafka = replace(kafka, group=group)
    fields.refuse_unknown()
    if not _LEAST_TAKEOVER <= kafka.takeover <= _MOST_PATIENCE:
        raise fields.wrong("takeover", "6 seconds to 5 minutes", fields.value("takeover"))
    if not _LEAST_PATIENCE <= kafka.patience <= _MOST_PATIENCE:
        raise fields.wrong("patience", "1 second to 5 minutes", fields.value("patience"))
    if kafka.login is not None and kafka.login.mechanism == "PLAIN" and kafka.tls is None:
        raise DefinitionError(
            f"{fields.place('login')}: PLAIN would send the password in the clear; add tls, or use SCRAM-SHA-512"
        )
    _check_topics(kafka, fields)
    return kafka


def _check_topics(kafka: KafkaDefinition, fields: Fields) -> None:
    if kafka.events is not None and kafka.journal is None:
        raise DefinitionError(f"{fields.place('events')}: that topic needs a journal in Kafka too; declare one")
    known: dict[str, str] = {}
    for one, topic in (("journal", kafka.journal), ("events", kafka.events), ("memberships", kafka.memberships)):
        if topic is not None and known.setdefault(topic.name, one) != one:
            raise DefinitionError(f"{fields.place(one)}: that topic is of {known[topic.name]}; give it another")


def _topic(kafka: Fields, name: str, *, partitioned: bool = False) -> TopicDefinition | None:
    fields = kafka.inner(name)
    if fields is None:
        return None
    create = fields.value("create")
    if create is not None and not isinstance(create, bool):
        raise fields.wrong("create", "true or false", create)
    topic = _checked(fields, "topic", fields.text("topic"), _TOPIC, _NAMES)
    if topic in {".", ".."}:
        raise fields.wrong("topic", "a name", topic)
    found = TopicDefinition(
        topic,
        bool(create),
        _number(fields, "replication", TopicDefinition.replication, _MOST_COPIES),
        # The journal has one: its records have one order.
        _number(fields, "partitions", TopicDefinition.partitions, _MOST_PARTITIONS) if partitioned else 1,
    )
    fields.refuse_unknown()
    return found


def _tls(kafka: Fields) -> KafkaTls | None:
    fields = kafka.inner("tls")
    if fields is None:
        return None
    password = reference_of(fields, "key_password") if fields.value("key_password") is not None else None
    ca, certificate, key = (fields.text(name, default="") for name in ("ca", "certificate", "key"))
    fields.refuse_unknown()
    if bool(certificate) != bool(key):
        raise DefinitionError(f"{kafka.place('tls')}: a certificate needs its key, and a key its certificate")
    return KafkaTls(ca, certificate, key, password)


def _login(kafka: Fields) -> KafkaLogin | None:
    fields = kafka.inner("login")
    if fields is None:
        return None
    mechanism = fields.text("mechanism", default="SCRAM-SHA-512")
    if mechanism not in MECHANISMS:
        raise fields.wrong("mechanism", "one of " + ", ".join(MECHANISMS), mechanism)
    user = fields.value("user")
    given = reference_of(fields, "user") if isinstance(user, dict) else fields.text("user")
    login = KafkaLogin(mechanism, given, reference_of(fields, "password"))
    fields.refuse_unknown()
    return login


def _number(fields: Fields, name: str, usual: int, most: int) -> int:
    number = fields.integer(name, default=usual)
    if not 1 <= number <= most:
        raise fields.wrong(name, f"a number from 1 to {most}", number)
    return number


def _checked(fields: Fields, name: str, text: str, form: re.Pattern[str], expected: str) -> str:
    if not form.fullmatch(text):
        raise fields.wrong(name, expected, text)
    return text
