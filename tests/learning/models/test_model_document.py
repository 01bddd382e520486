"""A model's document gives the same model again, and one that is damaged, forged or malicious gives none."""

import hashlib
import hmac
import json
import os
import pickle
from typing import Any

import numpy as np
import pytest
from fitted_models import ALL, NAMES, TAKE_MISSING, fitted, people
from hypothesis import given
from hypothesis import strategies as st

from kohort.errors import CorruptionError, KohortError, ProjectError, UsageError
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.models import document
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.document import FORMAT, digest_of, document_of, model_of
from kohort.learning.models.plain import Linear, Link, OddsSigmoid, Part, PlainModel, calibrated_by
from kohort.learning.models.scoring import scores

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ONE = PlainModel(("orders",), (Part(Linear(np.array([0.1]), -1.0), Link.LOGIT),))


def signed(body: bytes) -> bytes:
    """Return a document around any body, rightly signed: what somebody with the key could write."""
    signature = hmac.digest(KEY, FORMAT.encode() + b"\0" + body, "sha256").hex()
    head = {"format": FORMAT, "digest": hashlib.sha256(body).hexdigest(), "signature": signature}
    return json.dumps(head).encode()[:-1] + b', "model": ' + body + b"}"


def body_of(name: str = "histogram") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(document_of(plain_model(fitted(name), NAMES), KEY))["model"]
    return body


@pytest.mark.parametrize("name", ALL)
def test_the_same_model_comes_back_and_scores_alike(name: str) -> None:
    model = plain_model(fitted(name), NAMES, background=np.nan_to_num(people()[0]))
    written = document_of(model, KEY)
    again = model_of(written, [OTHER, KEY])
    assert document_of(again, KEY) == written
    assert json.loads(written)["digest"] == digest_of(model) == digest_of(again)
    values = people()[0] if name in TAKE_MISSING else np.nan_to_num(people()[0])
    assert scores(again, values).tolist() == scores(model, values).tolist()


def test_a_preparation_and_a_curve_are_kept_with_the_model() -> None:
    values, _ = people(300)
    table = FeatureTable(tuple(map(str, range(300))), NAMES, values, {"city": ("Lyon", "Nice", None) * 100})
    preparation = fit_preparation(table)
    weights = np.ones(len(preparation.names))
    plain = PlainModel(preparation.names, (Part(Linear(weights, 0.2), Link.LOGIT),), preparation=preparation)
    model = calibrated_by(plain, OddsSigmoid(0.7, -0.4, 1e-6))
    again = model_of(document_of(model, KEY), [KEY])
    assert again.preparation == preparation
    assert again.parts[0].calibrator == model.parts[0].calibrator
    body = json.loads(document_of(model, KEY))["model"]
    prepared = body["preparation"]
    wrongs: list[dict[str, Any]] = [
        {"reduction": {"method": "tsne"}},
        {"columns": [prepared["columns"][0] | {"spread": 0.0}]},
        {"columns": [prepared["columns"][0] | {"median": "2"}]},
        {"one_hots": [{"name": "city"}]},
        {"one_hots": []},
        {"code": "run"},
    ]
    for wrong in wrongs:
        with pytest.raises(ProjectError, match=r"cannot be used|cannot be read"):
            model_of(signed(json.dumps(body | {"preparation": prepared | wrong}).encode()), [KEY])


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/kohort-was-here",)


def test_a_pickle_is_no_document_and_is_not_run() -> None:
    with pytest.raises(ProjectError, match="it is no document of"):
        model_of(pickle.dumps(Malicious()), [KEY])
    with pytest.raises(ProjectError, match="cannot be read"):
        model_of(signed(json.dumps(pickle.dumps(Malicious()).decode("latin-1")).encode()), [KEY])
    assert not os.path.exists("/tmp/kohort-was-here")  # noqa: PTH110, S108 - as above


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_single_changed_byte_is_noticed(place: int, change: int) -> None:
    written = bytearray(document_of(ONE, KEY))
    written[place % len(written)] ^= change
    with pytest.raises(ProjectError):
        model_of(bytes(written), [KEY])


def test_who_signed_it_is_asked_first() -> None:
    with pytest.raises(CorruptionError, match="this project did not sign it; do not use it"):
        model_of(document_of(ONE, OTHER), [KEY])
    with pytest.raises(CorruptionError, match="did not sign"):
        model_of(document_of(ONE, KEY), [])
    forged = json.loads(document_of(ONE, KEY))
    forged["model"]["parts"][0]["core"]["weights"] = [9.9]
    body = json.dumps(forged["model"]).encode()
    forged["digest"] = hashlib.sha256(body).hexdigest()
    with pytest.raises(CorruptionError, match="did not sign"):
        model_of(json.dumps(forged).encode(), [KEY])
    other = json.loads(document_of(ONE, KEY)) | {"digest": "0" * 64}
    with pytest.raises(CorruptionError, match="does not match its digest"):
        model_of(json.dumps(other, separators=(",", ":")).encode(), [KEY])
    with pytest.raises(UsageError, match="at least 32 bytes; got 3"):
        document_of(ONE, b"abc")


def test_what_follows_or_is_missing_makes_it_no_document() -> None:
    written = document_of(ONE, KEY)
    for content in (b"", written + b"x", written + written, written[:-1], b"[]", b"null", b"\xff\xfe"):
        with pytest.raises(ProjectError, match="no document"):
            model_of(content, [KEY])
    more = json.dumps(json.loads(written) | {"run": "me"}).encode()
    with pytest.raises(ProjectError, match="no document"):
        model_of(more, [KEY])
    later = json.dumps(json.loads(written) | {"format": "kohort.model/2"}).encode()
    with pytest.raises(ProjectError, match="is of format 'kohort"):
        model_of(later, [KEY])


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(ProjectError):
        model_of(b"[" * depth + b"]" * depth, [KEY])
    with pytest.raises(ProjectError):
        model_of(signed(b'{"names":' * depth + b"1" + b"}" * depth), [KEY])


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_BYTES", 100)
    with pytest.raises(ProjectError, match="bytes long, of at most 100"):
        model_of(b" " * 101, [KEY])
    with pytest.raises(UsageError, match="train with fewer or smaller trees"):
        document_of(ONE, KEY)


def changed(body: dict[str, Any], **nodes: tuple[int, object]) -> bytes:
    core = body["parts"][0]["core"]
    for name, (place, value) in nodes.items():
        core[name][place] = value
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ({"left": (0, 0)}, "a tree has a cycle"),
        ({"left": (1, 0)}, "a tree has a cycle"),
        ({"right": (0, 1)}, "a node has not one parent"),
        ({"left": (0, 10**6)}, "children of nodes lie outside"),
        ({"left": (0, -5)}, "children of nodes lie outside"),
        ({"right": (0, 14)}, "a node has not one parent"),
        ({"right": (0, 40)}, "a tree has a cycle"),
        ({"feature": (0, 4)}, "features of nodes lie outside"),
        ({"feature": (0, 2**70)}, "cannot be read|cannot be used"),
        ({"roots": (1, 3)}, "parent|cycle"),
        ({"roots": (0, 1)}, "does not begin at the first node"),
        ({"weight": (0, -1.0)}, "a node has a negative weight"),
        ({"threshold": (0, "1")}, "Expected `float`, got `str`"),
        ({"threshold": (0, None)}, "Expected `float`, got `null`"),
        ({"missing_left": (0, 2)}, "Expected `bool`, got `int`"),
    ],
)
def test_trees_that_are_none_are_refused(nodes: dict[str, Any], words: str) -> None:
    with pytest.raises(ProjectError, match=words):
        model_of(signed(changed(body_of(), **nodes)), [KEY])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    body = json.loads(document_of(ONE, KEY))["model"]
    body["parts"][0]["core"]["weights"] = ["?"]
    with pytest.raises(ProjectError):
        model_of(signed(json.dumps(body).encode().replace(b'"?"', number.encode())), [KEY])


def test_sizes_and_names_have_limits() -> None:
    body = json.loads(document_of(ONE, KEY))["model"]
    part = body["parts"][0]
    wrongs: list[dict[str, Any]] = [
        {"names": []},
        {"names": ["a", "a"]},
        {"names": ["a\0"]},
        {"names": ["a" * 2_000]},
        {"names": [str(one) for one in range(20_000)]},
        {"parts": []},
        {"parts": [part] * 101},
        {"parts": [part | {"link": "eval"}]},
        {"parts": [part | {"core": {"kind": "python", "code": "1"}}]},
        {"parts": [part | {"core": part["core"] | {"weights": [1.0, 2.0]}}]},
        {"parts": [part | {"steps": [{"kind": "choose", "places": [0], "of": 10**30}]}]},
        {"parts": [part | {"steps": [{"kind": "scale", "centre": [0.0], "spread": [0.0]}]}]},
        {"parts": [part | {"calibrator": {"kind": "isotonic", "scores": [1.0, 1.0], "values": [0.0, 1.0]}}]},
    ]
    for wrong in wrongs:
        with pytest.raises(ProjectError):
            model_of(signed(json.dumps(body | wrong).encode()), [KEY])
    assert scores(model_of(signed(json.dumps(body).encode()), [KEY]), [[10.0]]).tolist() == [0.5]


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_any_other_bytes_are_refused_by_an_error_of_ours(content: bytes) -> None:
    for one in (content, signed(content)):
        with pytest.raises(KohortError):
            model_of(one, [KEY])
