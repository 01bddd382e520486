"""`identity:` and `consent:` in kohort.yaml: what is read, and what is wrong in which words."""

import re

import pytest

from kohort.definitions.identity import Form, IdentityDefinition, Origin, UniqueIdentifier, normalised
from kohort.definitions.project import ProjectDefinition, project_definition_of
from kohort.errors import DefinitionError


def read(**fields: object) -> ProjectDefinition:
    return project_definition_of({"name": "shop", **fields}, "kohort.yaml")


def test_what_is_left_out_has_its_default() -> None:
    settings = read(identity={"unique": {"email": None, "phone": {"trait": "mobile"}, "card": {"limit": 1}}})
    assert settings.identity.unique == (
        UniqueIdentifier("email", Origin.TRAIT, "email", Form.EMAIL, 5),
        UniqueIdentifier("phone", Origin.TRAIT, "mobile", Form.PHONE, 5),
        UniqueIdentifier("card", Origin.TRAIT, "card", Form.TEXT, 1),
    )
    assert (settings.identity.limit_of("anonymous_id"), settings.identity.limit_of("user_id")) == (10, 500)
    assert read().identity == IdentityDefinition()
    assert read(consent={"purposes": {"ads": None}}).consent.categories() == {"ads": ("ads",)}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"identity": {"unike": {}}}, 'field "identity": unknown field "unike"; did you mean "unique"?'),
        ({"identity": {"unique": {"user_id": None}}}, "user_id needs no declaration; give its limit under limits"),
        ({"identity": {"unique": {"email": {"limit": 0}}}}, "expected a whole number from 1 on"),
        ({"identity": {"unique": {"email": {"form": "mail"}}}}, "expected one of email, phone, text"),
        ({"identity": {"unique": {"x": {"trait": "a", "device": "id"}}}}, "one of trait, external_id, device only"),
        ({"identity": {"unique": {"x": {"traits": "a"}}}}, 'unknown field "traits"; did you mean "trait"?'),
        ({"identity": {"limits": {"email": 3}}}, 'unknown field "email"'),
        ({"identity": {"blocked": {"mail": "x"}}}, "one of the kinds anonymous_id, any, user_id"),
        ({"consent": {"purpose": {}}}, 'unknown field "purpose"; did you mean "purposes"?'),
        ({"consent": {"purposes": {"ads": {"category": "x"}}}}, 'unknown field "category"'),
        ({"consent": {"purposes": {"ads": None}, "required": {"web": ["adds"]}}},
         'field "consent.required.web": unknown purpose "adds"; did you mean "ads"?'),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_place(fields: dict[str, object], says: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(says)):
        read(**fields)


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (" ADA@X.org", Form.EMAIL, "ada@x.org"),
        ("E\u0301va@x.org", Form.EMAIL, "\u00e9va@x.org"),
        ("ada", Form.EMAIL, ""),
        ("+33 6.12-34(56)78", Form.PHONE, "+33612345678"),
        ("0033612345678", Form.PHONE, "+33612345678"),
        ("06 12 34 56 78", Form.PHONE, "0612345678"),
        ("123456", Form.PHONE, ""),
        (" A-1 ", Form.TEXT, "A-1"),
    ],
)
def test_values_are_compared_in_one_form(value: str, form: Form, expected: str) -> None:
    assert normalised(value, form) == expected


@pytest.mark.parametrize("value", ["", "  ", "null", " NULL", "Undefined", "0", "00000000-0000-0000-0000-000000000000"])
def test_values_that_name_nobody_are_blocked_for_every_kind(value: str) -> None:
    assert IdentityDefinition().is_blocked("user_id", value)
    assert IdentityDefinition(blocked={"email": ("x",)}).is_blocked("email", value)
    assert not IdentityDefinition(blocked={"email": ("x",)}).is_blocked("user_id", "x")
