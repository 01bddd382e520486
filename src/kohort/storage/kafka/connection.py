"""The clients of a project's brokers: how they are made, and what their errors mean."""

from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from kohort.clock import SECOND
from kohort.definitions.kafka import KafkaDefinition
from kohort.definitions.references import Reference
from kohort.errors import BrokerError, KohortError, TopicError
from kohort.storage.secrets import secret_of

_LARGEST_MESSAGE: Final = 1_000_000_000
_READ_AHEAD: Final = 32 * 2**10
"""How many kB a consumer holds that nobody has asked for yet."""

_COMMON: Final[dict[str, Any]] = {
    "client.id": "kohort",
    "log_level": 0,  # what goes wrong is told by errors
    "socket.keepalive.enable": True,
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1_000,
}
_PRODUCING: Final[dict[str, Any]] = {
    "acks": "all",
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,
    "partitioner": "murmur2_random",  # as clients in Java
    "linger.ms": 1,
    "compression.type": "zstd",
    # The topic says how large a record may be, not we.
    "message.max.bytes": _LARGEST_MESSAGE,
}
_CONSUMING: Final[dict[str, Any]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    "isolation.level": "read_uncommitted",
    "check.crcs": True,
    "queued.max.messages.kbytes": _READ_AHEAD,
}

_MUST_BE_MENDED: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._INVALID_ARG,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.POLICY_VIOLATION,
        KafkaError.MSG_SIZE_TOO_LARGE,
    }
)
"""What will not go away by itself."""


class Connection:
    """Makes the clients for the brokers that a project in `folder` declares; each waits up to `patience` seconds."""

    def __init__(self, kafka: KafkaDefinition, folder: Path) -> None:
        self.kafka, self.patience = kafka, kafka.patience / SECOND
        self._folder = folder
        self._trouble: KafkaError | None = None

    def producer(self) -> Producer:
        """Return a producer whose messages are acknowledged by all brokers that keep them, once and in order."""
        return Producer({**self._settings(), **_PRODUCING, "delivery.timeout.ms": int(self.patience * 1_000)})

    def consumer(self, group: str = "kohort") -> Consumer:
        """Return a consumer that joins no group, but may keep the offsets of one, and is told where partitions end."""
        return Consumer({**self._settings(), **_CONSUMING, "group.id": group})

    def member(self, group: str, timeout: int) -> Consumer:
        """Return a consumer of a group, taken for dead when nothing is heard of it for so many microseconds."""
        membership = {
            "group.id": group,
            "session.timeout.ms": timeout // 1_000,
            "heartbeat.interval.ms": timeout // 4_000,
            # Partitions stay where they are while their owner lives, as far as may be.
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.partition.eof": False,
            "auto.offset.reset": "earliest",
        }
        return Consumer({**self._settings(), **_CONSUMING, **membership})

    def admin(self) -> AdminClient:
        """Return what looks after topics."""
        return AdminClient(self._settings())

    def failed(self, doing: str, error: KafkaError | KafkaException) -> KohortError:
        """Return the error for what was being done ("append to the topic …"), by what a client said of it.

        It is BrokerError for what may succeed later, TopicError for what must be mended first.
        """
        found: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
        # What a client says while it has no connection changes all the time; how that began says more, and stays.
        cause = found if found.code() in _MUST_BE_MENDED else self._trouble or found
        said = cause.str() or cause.name()
        if cause.code() in _MUST_BE_MENDED:
            return TopicError(f"could not {doing} of {self.kafka}: {said}; mend it there, or kafka in kohort.yaml")
        return BrokerError(
            f"could not {doing} of {self.kafka}: {said}; see that the brokers run and can be reached, then try again"
        )

    def worked(self) -> None:
        """Forget troubles that are over."""
        self._trouble = None

    def _settings(self) -> dict[str, Any]:
        kafka = self.kafka
        settings = {**_COMMON, "bootstrap.servers": ",".join(kafka.brokers), "error_cb": self._note}
        tls, login = kafka.tls, kafka.login
        protocol = "SSL" if tls is not None else "PLAINTEXT"
        settings["security.protocol"] = protocol if login is None else f"SASL_{protocol}"
        if tls is not None:
            files = {"ca": tls.ca, "certificate": tls.certificate, "key": tls.key}
            settings |= {f"ssl.{name}.location": str(self._folder / path) for name, path in files.items() if path}
            if tls.key_password is not None:
                settings["ssl.key.password"] = secret_of(tls.key_password)
        if login is not None:
            user = secret_of(login.user) if isinstance(login.user, Reference) else login.user
            settings |= {
                "sasl.mechanism": login.mechanism,
                "sasl.username": user,
                "sasl.password": secret_of(login.password),
            }
        return settings

    def _note(self, error: KafkaError) -> None:
        before = None if self._trouble is None else self._trouble.code()
        if before in {None, KafkaError._ALL_BROKERS_DOWN} or error.code() in _MUST_BE_MENDED:
            self._trouble = error
