"""What was seen is known for ever: a Python dict says what is right."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kohort.errors import CorruptionError, StorageError
from kohort.storage import seen as module
from kohort.storage.seen import Arrived, Keys, SeenMessages, keys_of

# Few halves of hashes, so that many are shared, at both ends of their range too.
HALVES = st.sampled_from([0, 1, 2, 2**63, 2**64 - 1])
KEYS = st.tuples(HALVES, HALVES)
STEPS = st.lists(st.dictionaries(KEYS, st.integers(-(2**62), 2**62), max_size=6), max_size=30)


def rows(keys: object) -> Keys:
    return np.array(list(keys), np.uint64).reshape(-1, 2)  # type: ignore[call-overload]


def found(seen: SeenMessages, keys: Keys) -> list[int | None]:
    """Return the digest of each message that is known, None for the others."""
    known, digests = seen.find(keys)
    return [digest if there else None for there, digest in zip(known.tolist(), digests.tolist(), strict=True)]


def added(seen: SeenMessages, keys: Keys, digests: NDArray[np.int64], watermark: int) -> None:
    """Some at once, some in two steps."""
    half = watermark % 3
    seen.stage(keys[:half], digests[:half])
    seen.stage(keys[half:], digests[half:])
    assert seen.staged == len(keys)
    seen.keep(watermark)


@given(STEPS, st.integers(2, 4), st.integers(1, 5))
def test_it_knows_what_a_dict_knows(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[tuple[int, int], int]], fan: int, at_once: int
) -> None:
    folder = tmp_path_factory.mktemp("seen")
    known: dict[tuple[int, int], int] = {}
    asked = [(high, low) for high in (0, 1, 2, 2**63, 2**64 - 1) for low in (0, 1, 2, 2**63, 2**64 - 1)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_FAN", fan)
        patched.setattr(module, "_MERGED_AT_ONCE", at_once)
        seen = SeenMessages(folder)
        for watermark, step in enumerate(steps, 1):
            new = {key: digest for key, digest in step.items() if key not in known}
            added(seen, rows(new), np.array(list(new.values()), np.int64), watermark)
            known |= new
            reader = seen if watermark % 2 else SeenMessages(folder)
            assert found(reader, rows(asked)) == [known.get(key) for key in asked]
            assert (len(reader), reader.watermark()) == (len(known), watermark)


def test_many_small_additions_make_few_files_and_stay_exact(tmp_path: Path) -> None:
    seen = SeenMessages(tmp_path)
    identities = [("web", f"message {number}") for number in range(3_000)]
    for number, some in enumerate((identities[start : start + 7] for start in range(0, 3_000, 7)), 1):
        keys = keys_of(some)
        assert found(seen, keys) == [None] * len(some)
        added(seen, keys, np.arange(len(some)) + number, number)
    assert len(list(tmp_path.glob("*.run"))) < 8 * 5
    assert None not in found(seen, keys_of(identities))
    assert found(seen, keys_of([("app", "message 1")])) == [None], "another source may use the same id"


def test_sources_and_ids_do_not_run_together() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("", "abc"), ("abc", ""), ("a", "1:bc"), ("a\0", "bc")]
    keys = keys_of(pairs).tolist()
    assert all(one != other for one, other in pairwise(sorted(keys)))


def test_an_addition_that_is_interrupted_never_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SeenMessages(tmp_path)
    for number in range(1, 8):
        added(seen, keys_of([("web", str(number))]), np.array([number]), number)
    eighth = keys_of([("web", "8")])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for place in ("kohort.storage.seen.os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(place, full)
            with pytest.raises(StorageError, match="No space left"):
                added(seen, eighth, np.array([8]), 8)
        seen.forget_staged()
        assert (found(seen, eighth), seen.watermark(), len(seen)) == ([None], 7, 7)
    added(seen, eighth, np.array([8]), 8)
    assert found(SeenMessages(tmp_path), eighth) == [8]
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".run", ".json"]


def test_files_that_are_gone_are_missed(tmp_path: Path) -> None:
    added(SeenMessages(tmp_path), keys_of([("web", "1")]), np.array([1]), 1)
    (run,) = tmp_path.glob("*.run")
    run.write_bytes(run.read_bytes()[:10])
    with pytest.raises(CorruptionError, match="kohort rebuild"):
        SeenMessages(tmp_path).find(keys_of([("web", "1")]))
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(CorruptionError, match="kohort rebuild"):
        SeenMessages(tmp_path).watermark()


def test_what_arrived_is_counted_with_what_is_kept(tmp_path: Path) -> None:
    seen, one = SeenMessages(tmp_path), {"web": Arrived(1, 2)}
    keys = [keys_of([("web", str(number))]) for number in range(4)]
    seen.stage(keys[0], np.array([0]), one)
    seen.settle(1)
    seen.seal()
    seen.stage(keys[1], np.array([0]), one)
    seen.settle(2)
    seen.stage(keys[2], np.array([0]), one)
    assert SeenMessages(tmp_path).arrived() == {}
    seen.keep_sealed({})
    assert SeenMessages(tmp_path).arrived() == {"web": Arrived(1, 2)}
    seen.forget_staged()
    seen.stage(keys[3], np.array([0]), {"app": Arrived(0, 5)})
    seen.keep(3)
    assert SeenMessages(tmp_path).arrived() == {"web": Arrived(2, 4), "app": Arrived(0, 5)}
    assert len(seen) == 3
    seen.stage(keys[2], np.array([0]), one)
    seen.forget_settled()
    seen.keep(4)
    assert seen.arrived() == {"web": Arrived(2, 4), "app": Arrived(0, 5)}, "what is forgotten is not counted"
    seen.drop()
    assert seen.arrived() == {}


def test_what_was_kept_before_anybody_counted_stays_unknown(tmp_path: Path) -> None:
    added(SeenMessages(tmp_path), keys_of([("web", "1")]), np.array([1]), 1)
    manifest = tmp_path / "manifest.json"
    said = json.loads(manifest.read_text())
    del said["arrived"]
    manifest.write_text(json.dumps(said))
    seen = SeenMessages(tmp_path)
    seen.stage(keys_of([("web", "2")]), np.array([1]), {"web": Arrived(1, 0)})
    seen.keep(2)
    assert seen.arrived() is None
