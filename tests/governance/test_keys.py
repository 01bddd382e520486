"""Keys: shown once, stored as a hash, found only while they hold."""

import ast
import hmac
import itertools
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kohort.clock import DAY, HOUR, SECOND
from kohort.errors import UnknownNameError, UsageError
from kohort.governance import keys as module
from kohort.governance.keys import Keys, SecretKey, WriteKey, origin_of
from kohort.project import Project
from kohort.storage.state import State
from kohort.testing.clock import SettableClock


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


@pytest.fixture
def keys(state: State, clock: SettableClock) -> Keys:
    return Keys(state, clock)


def test_a_key_is_found_and_says_what_it_allows(keys: Keys, clock: SettableClock) -> None:
    ending = clock.now() + DAY
    plain, made = keys.create_write("web", ["https://shop.example"], 100, ending)
    assert made == WriteKey(plain[:11], "web", ("https://shop.example",), 100, ending)
    assert keys.find_write(plain) == made
    plain, secret = keys.create_secret("grafana", ["metrics:read"], ending)
    assert secret == SecretKey(plain[:11], "grafana", frozenset({"metrics:read"}), ending)
    assert keys.find_secret(plain) == secret


def test_a_key_has_256_random_bits_behind_eight_letters_to_find_it_by(state: State, clock: SettableClock) -> None:
    asked = []

    def counting(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    plain, _ = Keys(state, clock, counting).create_write("web")
    assert asked == [5, 32]
    assert plain == "wk_aaaqeaye_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert re.fullmatch(r"[A-Za-z0-9_-]+", plain), "it fits a header, an address and a cookie as it is"


def test_no_two_installations_have_a_key_in_common_and_none_is_there_from_the_start(tmp_path: Path) -> None:
    shops = [Project.create(tmp_path / name) for name in ("one", "two")]
    assert [shop.keys.list() for shop in shops] == [[], []]
    (one, _), (two, _) = (shop.keys.create_write("web") for shop in shops)
    assert shops[0].keys.find_write(one) is not None
    assert shops[0].keys.find_write(two) is None


def test_no_file_holds_a_key(tmp_path: Path, keys: Keys, clock: SettableClock) -> None:
    plain, _ = keys.create_write("web")
    secret, _ = keys.create_secret("grafana", ["metrics:read"], clock.now() + DAY)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for key in (plain, secret):
        assert key[:11].encode() in kept
        assert key[12:].encode() not in kept


ALTERED: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("another last letter", lambda key: key[:-1] + ("A" if key[-1] != "A" else "E")),
    ("another first letter of the secret", lambda key: key[:12] + ("A" if key[12] != "A" else "B") + key[13:]),
    ("another id", lambda key: "wk_" + "a" * 8 + key[11:]),
    ("the id alone", lambda key: key[:11]),
    ("nothing", lambda _key: ""),
    ("a letter more", lambda key: key + "A"),
    ("a line more", lambda key: key + "\n"),
    ("capitals", str.upper),
    ("a surrogate", lambda key: key[:-1] + "\ud800"),
    ("a zero octet", lambda key: key + "\0"),
    ("a quotation mark", lambda _key: "' OR 1=1 --"),
    ("very much", lambda key: key * 10_000),
)


@pytest.mark.parametrize(("words", "alter"), ALTERED, ids=[words for words, _ in ALTERED])
def test_what_is_not_exactly_the_key_is_nothing(keys: Keys, words: str, alter: Callable[[str], str]) -> None:
    plain, _ = keys.create_write("web")
    assert keys.find_write(alter(plain)) is None
    assert keys.find_secret(alter(plain)) is None


def test_a_key_of_one_kind_is_not_one_of_the_other(keys: Keys, clock: SettableClock) -> None:
    write, _ = keys.create_write("web")
    secret, _ = keys.create_secret("grafana", ["metrics:read"], clock.now() + DAY)
    assert keys.find_secret(write) is None
    assert keys.find_write(secret) is None


def test_a_key_ends_at_its_moment(keys: Keys, clock: SettableClock) -> None:
    plain, _ = keys.create_write("web", expires_at=clock.now() + HOUR)
    clock.advance(HOUR - 1)
    assert keys.find_write(plain) is not None
    clock.advance(1)
    assert keys.find_write(plain) is None
    assert [row.state(clock.now()) for row in keys.list()] == ["expired"]


def test_a_revoked_key_is_nothing_at_once_here_and_within_two_seconds_elsewhere(
    state: State, keys: Keys, clock: SettableClock
) -> None:
    elsewhere = Keys(state, clock)
    plain, made = keys.create_write("web")
    clock.advance(SECOND)
    assert elsewhere.find_write(plain) == made
    keys.revoke(made.key_id)
    assert keys.find_write(plain) is None
    clock.advance(SECOND)
    assert elsewhere.find_write(plain) is None
    (row,) = keys.list()
    assert (row.state(clock.now()), row.revoked_at) == ("revoked", clock.now() - SECOND)
    keys.revoke(made.key_id)
    assert keys.list() == [row], "a second time changes nothing"


def test_a_new_key_is_known_within_two_seconds_elsewhere_even_if_the_clock_goes_back(
    state: State, keys: Keys, clock: SettableClock
) -> None:
    elsewhere = Keys(state, clock)
    assert elsewhere.find_write("wk_") is None
    plain, made = keys.create_write("web")
    clock.advance(-2 * HOUR)
    assert elsewhere.find_write(plain) == made


def test_finding_a_key_reads_the_store_once_a_second(state: State, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _ = keys.create_write("web")
    reads = itertools.count()
    read = Keys._read

    def counted(self: Keys) -> object:
        next(reads)
        return read(self)

    monkeypatch.setattr(Keys, "_read", counted)
    for _ in range(1_000):
        assert keys.find_write(plain) is not None
        assert keys.find_write("wk_unknown") is None
    assert next(reads) == 1


def test_every_comparison_takes_the_same_time(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _ = keys.create_write("web")
    compare = hmac.compare_digest
    compared: list[tuple[int, int]] = []

    def watched(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return compare(left, right)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for asked in (plain, plain[:-1] + "?", "wk_aaaaaaaa" + plain[11:], "sk_" + plain[3:], ""):
        keys.find_write(asked)
    assert compared == [(32, 32)] * 5
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    compares = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [one for one in compares if "digest" in one]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda keys: keys.create_write(""), "is no name"),
        (lambda keys: keys.create_write("web site"), "is no name"),
        (lambda keys: keys.create_write("../web"), "is no name"),
        (lambda keys: keys.create_write("web", rate=0), "from 1 up"),
        (lambda keys: keys.create_write("web", expires_at=5), "expired already"),
        (lambda keys: keys.create_write("web", ["*"]), "no origin"),
        (lambda keys: keys.create_secret("bi", ["metrics:reed"], 2**60), 'did you mean "metrics:read"'),
        (lambda keys: keys.create_secret("bi", [], 2**60), "needs a scope"),
    ],
)
def test_what_makes_no_sense_is_refused(keys: Keys, make: Callable[[Keys], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make(keys)
    assert keys.list() == []


def test_only_a_key_that_exists_can_be_revoked(keys: Keys) -> None:
    _, made = keys.create_write("web")
    wrong = made.key_id[:-1] + ("a" if made.key_id[-1] != "a" else "b")
    with pytest.raises(UnknownNameError, match=f'did you mean "{made.key_id}"'):
        keys.revoke(wrong)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443/", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://shop.example:80", "http://shop.example"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(text: str, origin: str) -> None:
    assert origin_of(text) == origin
    key = WriteKey("wk_abcdefgh", "web", (origin,))
    assert key.allows(origin)
    assert not key.allows("")
    assert not key.allows(origin + ".evil.example")
    assert WriteKey("wk_abcdefgh", "web").allows("")


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "*", "shop.example", "https://", "https://shop.example/path", "https://a@shop.example",
        "https://shop.example?a=b", "https://shop.example#x", "ftp://shop.example", "https://shop.example:port",
    ],
)  # fmt: skip
def test_what_no_browser_sends_as_an_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no origin"):
        origin_of(text)


def test_the_store_of_a_project_stands_beside_its_data(shop: Project) -> None:
    shop.keys.create_write("web")
    with sqlite3.connect(shop.folder.path / "data" / "state.sqlite") as connection:
        assert connection.execute("SELECT name, kind FROM keys").fetchall() == [("web", "write")]
    connection.close()
