"""What a message says of consent, in the forms in which SDKs and banners say it.

Segment: `context.consent.categoryPreferences`, true or false by category. RudderStack: `context.consentManagement`, two
lists of ids. Google Consent Mode: `ad_storage`, `ad_user_data`, `ad_personalization` and `analytics_storage` in
`context.consent` or `context.consentMode`, where a pixel says its own choice as well, by purpose. A message of the type
"consent" has `purposes` and may name its `proof`, or it tells by its context as any other does. Google's words are
"granted" and "denied"; "withdrawn" is denied, and true and false are as good.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kohort.collection.flattening import Breach
from kohort.storage.messages import Choices

LONGEST_CATEGORY: Final = 200
MOST_CATEGORIES: Final = 100
LONGEST_PROOF: Final = 1_000

GOOGLE: Final = frozenset({"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"})

_WORDS: Final = {"granted": True, "denied": False, "withdrawn": False}
_TOLD_IN: Final = frozenset({"consent", "consentMode", "consentManagement"})
_BESIDE: Final = frozenset({"categoryPreferences"})

Told = dict[str, bool]


def choices_in(document: Mapping[str, Any]) -> Choices | None:
    """Return the choices that a message of any type tells by its `context`, None if it tells none.

    What is neither yes nor no is left out: unknown is never granted. Told twice, a refusal counts.

    >>> choices_in({"context": {"consent": {"categoryPreferences": {"Advertising": True, "Analytics": False}}}})
    Choices(form='segment', granted=['Advertising'], denied=['Analytics'], proof='')
    >>> choices_in({"context": {"consent": {"ad_user_data": "granted"}}}).form
    'google'
    """
    context = document.get("context")
    if not isinstance(context, Mapping) or _TOLD_IN.isdisjoint(context):
        return None
    by_form = _by_form(document)
    forms = [form for form, told in by_form.items() if told]
    return _choices("+".join(forms), [by_form[form] for form in forms], _page_of(document)) if forms else None


def consent_alone(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a `context` that tells of consent what the one of a message tells, and nothing else.

    >>> context = {"ip": "10.0.0.1", "consent": {"analytics_storage": "denied", "note": "call ada@example.org"}}
    >>> consent_alone({"context": context})
    {'consent': {'categoryPreferences': {}, 'analytics_storage': False}}
    """
    told = _by_form(document)
    managed = told["rudderstack"]
    alone: dict[str, dict[str, Any]] = {
        "consent": {"categoryPreferences": told["segment"], **told["google"], **told["pixel"]},
        "consentManagement": {
            "allowedConsentIds": [name for name, granted in managed.items() if granted],
            "deniedConsentIds": [name for name, granted in managed.items() if not granted],
        },
        "page": {"url": _page_of(document)},
    }
    return {name: part for name, part in alone.items() if any(told.values()) and any(map(_says, part.values()))}


def _says(part: object) -> bool:
    return isinstance(part, bool) or bool(part)


def _by_form(document: Mapping[str, Any]) -> dict[str, Told]:
    context = _mapping(document.get("context"))
    consent, managed = _mapping(context.get("consent")), _mapping(context.get("consentManagement"))
    plain = [
        (name, value)
        for part in (consent, _mapping(context.get("consentMode")))
        for name, value in part.items()
        if name not in _BESIDE
    ]
    return {
        "segment": _told(_mapping(consent.get("categoryPreferences")).items()),
        "rudderstack": _told(
            [(name, True) for name in _texts(managed.get("allowedConsentIds"))]
            + [(name, False) for name in _texts(managed.get("deniedConsentIds"))]
        ),
        "google": _told((name, value) for name, value in plain if name in GOOGLE),
        "pixel": _told((name, value) for name, value in plain if name not in GOOGLE),
    }


def recorded_choices(document: Mapping[str, Any]) -> Choices | Breach:
    """Return the choices of a message of the type "consent", or what is wrong with it.

    >>> recorded_choices({"purposes": {"email_marketing": "granted"}, "proof": "form 3 of 2026"})
    Choices(form='record', granted=['email_marketing'], denied=[], proof='form 3 of 2026')
    >>> recorded_choices({"purposes": {"email_marketing": "yes"}}).reason
    'expected granted, denied or withdrawn'
    """
    told_by_context = choices_in(document) if "purposes" not in document else None
    if told_by_context is not None:
        return told_by_context
    purposes, proof = document.get("purposes"), document.get("proof", "")
    if not isinstance(purposes, Mapping) or not 1 <= len(purposes) <= MOST_CATEGORIES:
        return Breach("/purposes", f"expected an object of 1 to {MOST_CATEGORIES} purposes")
    if not isinstance(proof, str) or len(proof) > LONGEST_PROOF:
        return Breach("/proof", f"expected a text of at most {LONGEST_PROOF} characters")
    told = _told(purposes.items())
    for name in purposes:
        if name not in told:
            return Breach(f"/purposes/{name[:LONGEST_CATEGORY]}", "expected granted, denied or withdrawn")
    return _choices("record", [told], proof)


def _choices(form: str, parts: Iterable[Told], proof: str) -> Choices:
    told: Told = {}
    for part in parts:
        for name, granted in part.items():
            told[name] = granted and told.get(name, True)
    # Where there are more than anybody reads, refusals are kept first.
    kept = sorted(told, key=lambda name: (told[name], name))[:MOST_CATEGORIES]
    agreed, refused = ([name for name in kept if told[name] is given] for given in (True, False))
    return Choices(form, agreed, refused, proof[:LONGEST_PROOF])


def _told(pairs: Iterable[tuple[str, object]]) -> Told:
    found: Told = {}
    for name, value in pairs:
        granted = value if isinstance(value, bool) else _WORDS.get(value.lower()) if isinstance(value, str) else None
        if granted is not None and 0 < len(name) <= LONGEST_CATEGORY and "\0" not in name:
            found[name] = granted and found.get(name, True)
    return found


def _page_of(document: Mapping[str, Any]) -> str:
    page = _mapping(_mapping(document.get("context")).get("page")).get("url")
    # What follows the address may say more of a person than a proof needs.
    return page.partition("?")[0].partition("#")[0] if isinstance(page, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
