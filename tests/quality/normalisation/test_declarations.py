"""What is found wrong in a declaration once the libraries are asked, before a row is read."""

import sys
from zoneinfo import ZoneInfo

import pytest
from normal_values import declared, reader

from kohort.errors import DefinitionError, MissingExtraError
from kohort.quality.normalisation import countries, languages, quantities
from kohort.quality.normalisation.kinds import Normalisers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quantity, unit: kgg", 'sources/test.yaml: unknown unit "kgg"; write one such as kg'),
        ("quantity, unit: 2**9**9", 'unknown unit "2'),
        ("phone, region: ZZ", 'sources/test.yaml: there are no phone numbers of the region "ZZ"'),
    ],
)
def test_a_name_that_no_library_knows(text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as error:
        reader(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("amount", "currency_converter"),
        ("quantity, unit: kg", "pint"),
        ("email", "email_validator"),
        ("phone", "phonenumbers"),
        ("country", "pycountry"),
        ("language", "pycountry"),
    ],
)
def test_a_library_that_is_missing(text: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for cached in (quantities._registry, countries._names, languages._names):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[clean\]"'):
        Normalisers("EUR", "FR").of(declared(text), ZoneInfo("UTC"))


def test_without_libraries_the_other_kinds_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("currency_converter", "pint", "email_validator", "phonenumbers", "pycountry"):
        monkeypatch.setitem(sys.modules, module, None)
    for text in ("number", "duration", "date", "text"):
        assert Normalisers().of(declared(text), ZoneInfo("UTC"))([]) == []
