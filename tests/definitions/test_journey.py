"""What a file in `journeys/` may say, and how its mistakes are told."""

import pytest

from kohort.clock import DAY, HOUR
from kohort.definitions.journey import Cap, Endpoint, JourneyDefinition, journey_definition_of
from kohort.definitions.references import Reference
from kohort.errors import DefinitionError

HOOK = {"url": "https://mail.example/hook", "secret": {"env": "OFFER_SECRET"}}
OFFER = {"version": 1, "name": "offer", "when": {"enters": "keen"}, "webhook": HOOK}


def test_all_that_a_journey_can_say() -> None:
    document = OFFER | {"wait": "1 hour", "unless": "left", "at_most": {"times": 2, "every": "7 days"}}
    assert journey_definition_of(document, "journeys/offer.yaml") == JourneyDefinition(
        name="offer",
        file="journeys/offer.yaml",
        change="entered",
        segment="keen",
        webhook=Endpoint("https://mail.example/hook", (Reference(env="OFFER_SECRET"),)),
        wait=HOUR,
        unless="left",
        at_most=Cap(2, 7 * DAY),
    )


@pytest.mark.parametrize(
    ("given", "unless"),
    [
        ({}, None),
        ({"wait": "1 hour"}, "left"),
        ({"wait": "1 hour", "unless": "nothing"}, None),
        ({"wait": "1 hour", "when": {"leaves": "keen"}}, "entered"),
        ({"wait": "1 hour", "when": {"leaves": "keen"}, "unless": "entered"}, "entered"),
    ],
)
def test_who_turns_back_during_the_wait_is_not_told_of_unless_that_is_wanted(
    given: dict[str, object], unless: str | None
) -> None:
    assert journey_definition_of(OFFER | given, "journeys/offer.yaml").unless == unless


def test_once_is_what_at_most_means_without_a_number() -> None:
    assert journey_definition_of(OFFER | {"at_most": {"every": "1 week"}}, "a.yaml").at_most == Cap(1, 7 * DAY)


def test_several_secrets_sign_while_one_is_being_changed() -> None:
    document = OFFER | {"webhook": HOOK | {"secret": [{"env": "NEW"}, {"keyring": "kohort/old"}]}}
    secrets = journey_definition_of(document, "a.yaml").webhook.secrets
    assert [str(one) for one in secrets] == ["the environment variable NEW", 'the keyring entry "kohort/old"']


@pytest.mark.parametrize(
    ("url", "allow_private"),
    [
        ("https://mail.example/hook?list=7", False),
        ("https://mail.example:8443/", False),
        ("https://93.184.215.14/hook", False),
        ("https://[2606:4700:4700::1111]/hook", False),
        ("http://localhost:8000/hook", True),
        ("http://127.0.0.1:8000/hook", True),
        ("http://[::1]:8000/hook", True),
        ("https://10.0.0.7/hook", True),
    ],
)
def test_where_webhooks_may_go(url: str, allow_private: bool) -> None:
    document = OFFER | {"webhook": HOOK | {"url": url, "allow_private": allow_private}}
    assert journey_definition_of(document, "a.yaml").webhook.url == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://mail.example/hook", "in the clear"),
        ("http://10.0.0.7/hook", "in the clear"),
        ("http://localhost/hook", "allow_private: true"),
        ("https://127.0.0.1/hook", "allow_private: true"),
        ("https://10.0.0.7/hook", "allow_private: true"),
        ("https://169.254.169.254/latest/meta-data", "allow_private: true"),
        ("https://[fd00::1]/hook", "allow_private: true"),
        ("https://ada:hush@mail.example/hook", "without a user"),
        ("https://mail.example/hook#part", "#fragment"),
        ("https:///hook", "an address such as"),
        ("https://mail.example:99999/", "an address such as"),
        ("https://mail.example:0/", "an address such as"),
        ("https://[mail/", "an address such as"),
        ("https://mail.example/a b", "an address such as"),
        ("https://mail.example/\r\nx-y: z", "an address such as"),
        ("https://bücher.example/", "an address such as"),
        ("ftp://mail.example/", "an address such as"),
        ("mail.example/hook", "an address such as"),
        ("https://mail.example/" + "a" * 2_000, "an address such as"),
    ],
)
def test_where_webhooks_may_not_go(url: str, said: str) -> None:
    document = OFFER | {"webhook": HOOK | {"url": url}}
    with pytest.raises(DefinitionError, match=r'journeys/offer\.yaml, field "webhook\.url"') as refused:
        journey_definition_of(document, "journeys/offer.yaml")
    assert said in str(refused.value)
    assert "hush" not in str(refused.value), "an address may hold a secret"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"version": None}, "expected a whole number"),
        ({"version": 2}, "reads version 1, not 2"),
        ({"name": "an offer"}, "a name of letters"),
        ({"when": None}, "{enters: SEGMENT} or {leaves: SEGMENT}"),
        ({"when": {"enter": "keen"}}, 'unknown field "enter"; did you mean "enters"?'),
        ({"when": {}}, "one of {enters: SEGMENT}"),
        ({"when": {"enters": "keen", "leaves": "keen"}}, "one of {enters: SEGMENT}"),
        ({"when": {"enters": ["keen"]}}, "expected text"),
        ({"wait": "1 fortnight"}, "no duration"),
        ({"wait": "400 days"}, "at most 366 days"),
        ({"unless": "left"}, "there is none"),
        ({"wait": "1 hour", "unless": "entered"}, '"left" or "nothing"'),
        ({"at_most": {"times": 0, "every": "7 days"}}, "from 1 on"),
        ({"at_most": {"times": 1}}, "at_most.every"),
        ({"at_most": {"every": "7 days", "time": 1}}, 'unknown field "time"'),
        ({"webhook": None}, "fields with url and secret"),
        ({"webhook": HOOK | {"secret": "hush"}}, "does not belong into a file"),
        ({"webhook": HOOK | {"allow_private": "yes"}}, "true or false"),
        ({"webhook": HOOK | {"header": "x"}}, 'unknown field "header"'),
        ({"at_mots": {"every": "7 days"}}, 'unknown field "at_mots"; did you mean "at_most"?'),
        ({"steps": []}, 'unknown field "steps"'),
    ],
)
def test_a_mistake_is_told_with_its_place(given: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=r"journeys/offer\.yaml") as refused:
        journey_definition_of(OFFER | given, "journeys/offer.yaml")
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)
