"""What `kafka` in `kohort.yaml` may say, and what is refused, with its place."""

from collections.abc import Mapping

import pytest

from kohort.definitions.kafka import KafkaLogin, KafkaTls, TopicDefinition
from kohort.definitions.project import ProjectDefinition, project_definition_of
from kohort.definitions.references import Reference
from kohort.errors import DefinitionError


def declared(kafka: Mapping[str, object], **others: object) -> ProjectDefinition:
    return project_definition_of({"name": "shop", "kafka": {"brokers": "one:9092", **kafka}, **others}, "kohort.yaml")


def test_all_that_can_be_said() -> None:
    kafka = declared(
        {
            "brokers": ["one.example.org:9092", "[::1]:9093"],
            "tls": {"ca": "ca.pem"},
            "login": {"user": {"env": "SHOP_USER"}, "password": {"env": "SHOP_PASSWORD"}},
            "journal": {"topic": "kohort-shop", "create": True, "replication": 2},
            "memberships": {"topic": "kohort-shop-memberships", "partitions": 6},
        }
    ).kafka
    assert kafka is not None
    assert kafka.brokers == ("one.example.org:9092", "[::1]:9093")
    assert kafka.tls == KafkaTls("ca.pem")
    assert kafka.login == KafkaLogin("SCRAM-SHA-512", Reference("SHOP_USER"), Reference("SHOP_PASSWORD"))
    assert kafka.journal == TopicDefinition("kohort-shop", create=True, replication=2)
    assert kafka.memberships == TopicDefinition("kohort-shop-memberships", partitions=6)


def test_without_it_there_is_no_kafka() -> None:
    assert project_definition_of({"name": "shop"}, "kohort.yaml").kafka is None


@pytest.mark.parametrize(
    ("kafka", "problem"),
    [
        ({"brokers": []}, r'field "kafka\.brokers": expected a text'),
        ({"brokers": "one"}, r'field "kafka\.brokers": expected host:port'),
        ({"brokers": "kafka://one:9092"}, "expected host:port"),
        ({"topic": "shop"}, 'unknown field "topic"'),
        ({"patience": "an age"}, r'field "kafka\.patience"'),
        ({"patience": "1 hour"}, "expected 1 second to 5 minutes"),
        ({"journal": {}}, r'field "kafka\.journal\.topic": expected text'),
        ({"journal": {"topic": "a b"}}, "up to 249 letters"),
        ({"journal": {"topic": ".."}}, "expected a name"),
        ({"journal": {"topic": "a", "create": "yes"}}, r'"kafka\.journal\.create": expected true or false'),
        ({"journal": {"topic": "a", "partitions": 2}}, 'unknown field "partitions"'),
        ({"journal": {"topic": "a", "replication": 0}}, "a number from 1 to 32"),
        ({"journal": {"topic": "a"}, "memberships": {"topic": "a"}}, "that topic is of journal"),
        ({"events": {"topic": "a"}}, "needs a journal in Kafka too"),
        ({"journal": {"topic": "a"}, "events": {"topic": "a"}}, "that topic is of journal"),
        ({"takeover": "1 second"}, "6 seconds to 5 minutes"),
        ({"group": "a b"}, "up to 249 letters"),
        ({"tls": {"certificate": "c.pem"}}, "a certificate needs its key"),
        ({"login": {"user": "a", "password": "secret"}}, "a secret itself does not belong into a file"),
        ({"login": {"mechanism": "NONE"}}, "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        ({"login": {"mechanism": "PLAIN", "user": "a", "password": {"env": "A"}}}, "in the clear; add tls"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(kafka: Mapping[str, object], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem) as told:
        declared(kafka)
    assert "secret" not in str(told.value).replace("a secret itself", "")


def test_limits_of_files_are_refused_for_a_journal_in_kafka() -> None:
    with pytest.raises(DefinitionError, match='"journal": these limits are of files'):
        declared({"journal": {"topic": "a"}}, journal={"quota": "20 GB"})
    assert declared({"memberships": {"topic": "a"}}, journal={"quota": "20 GB"}).journal.quota == 20 * 10**9
