"""Topics: made where they are missing and `kohort.yaml` says so, and looked at before anything is entrusted to them."""

import time
from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from kohort.definitions.kafka import TopicDefinition
from kohort.errors import BrokerError, TopicError
from kohort.storage.kafka.connection import Connection

_PAUSE: Final = 0.1
_LARGEST: Final = 64 * 2**20
_SMALLEST: Final = 8 * 2**20

_KEPT_FOR_EVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""The settings of a topic that nothing is ever deleted from."""


def prepare_journal(connection: Connection, topic: TopicDefinition, *, partitioned: bool = False) -> int:
    """See that a topic can be the journal: one partition, from which nothing is deleted; make it if it may be made.

    With `partitioned` it may have more partitions than one. Returns how many it has. Raises TopicError for a topic that
    cannot be, BrokerError where nobody answers.
    """
    admin = connection.admin()
    copies = {"min.insync.replicas": str(topic.replication // 2 + 1), "max.message.bytes": str(_LARGEST)}
    partitions = _prepare(admin, connection, topic, {**_KEPT_FOR_EVER, **copies})
    where = f'the topic "{topic.name}" of {connection.kafka}'
    if not partitioned and partitions != 1:
        raise TopicError(
            f"{where} has {partitions} partitions, and the journal needs one, so that its records have one order; "
            "name another topic in kohort.yaml"
        )
    settings = _settings_of(admin, connection, topic)
    for name, wanted in _KEPT_FOR_EVER.items():
        if settings.get(name) != wanted:
            raise TopicError(
                f"{where} has {name}={settings.get(name, 'nothing')}, so records of the journal would be deleted; "
                f"set {name}={wanted} on it, then try again"
            )
    largest = int(settings.get("max.message.bytes", _SMALLEST))
    if largest < _SMALLEST:
        raise TopicError(
            f"{where} takes messages up to max.message.bytes={largest:,}, and records of the journal may be larger; "
            f"set {_SMALLEST} at least, better {_LARGEST}, then try again"
        )
    return partitions


def prepare_topic(connection: Connection, topic: TopicDefinition) -> None:
    """See that a topic is there, or make it if it may be made; raises as `prepare_journal`."""
    _prepare(connection.admin(), connection, topic, {})


def _prepare(admin: AdminClient, connection: Connection, topic: TopicDefinition, settings: Mapping[str, str]) -> int:
    """Return how many partitions a topic has, which is made first if it may be."""
    found = partitions_of(admin, connection, topic)
    if found is not None:
        return found
    if not topic.create:
        raise TopicError(
            f'there is no topic "{topic.name}" at {connection.kafka}; make it, or write create: true beside its name '
            "in kohort.yaml"
        )
    wanted = NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=topic.replication, config=dict(settings)
    )
    try:
        admin.create_topics([wanted], request_timeout=connection.patience)[topic.name].result(2 * connection.patience)
    except KafkaException as error:
        # Another process may have been first.
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise connection.failed(f'make the topic "{topic.name}"', error) from error
    for _ in range(int(connection.patience / _PAUSE)):
        found = partitions_of(admin, connection, topic)
        if found is not None:
            return found
        time.sleep(_PAUSE)  # brokers learn of it from one another
    raise BrokerError(f'the topic "{topic.name}" was made, and {connection.kafka} does not know it yet; try again')


def partitions_of(admin: AdminClient, connection: Connection, topic: TopicDefinition) -> int | None:
    """Return how many partitions a topic has, None if there is no such topic; raises BrokerError or TopicError."""
    # Unlike to list topics, to describe one never makes it.
    asked = admin.describe_topics(TopicCollection([topic.name]), request_timeout=connection.patience)
    try:
        return len(asked[topic.name].result(2 * connection.patience).partitions)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        admin.poll(0)  # why nobody answered, such as a login that is refused, is told to who polls
        raise connection.failed(f'look at the topic "{topic.name}"', error) from error


def _settings_of(admin: AdminClient, connection: Connection, topic: TopicDefinition) -> Mapping[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    asked = admin.describe_configs([resource], request_timeout=connection.patience)
    try:
        found = asked[resource].result(2 * connection.patience)
    except KafkaException as error:
        raise connection.failed(f'read the settings of the topic "{topic.name}"', error) from error
    return {name: entry.value for name, entry in found.items() if entry.value is not None}
