"""Looking up what a definition only refers to: in the environment, or in the system's keyring."""

import os

from kohort.definitions.references import Reference
from kohort.errors import MissingExtraError, ProjectError


def secret_of(reference: Reference) -> str:
    """Return the secret that `reference` names; it must never be shown.

    Raises ProjectError where there is none, MissingExtraError for a keyring without the extra `[keyring]`.

    >>> secret_of(Reference(env="KOHORT_NOT_SET"))
    Traceback (most recent call last):
    ...
    kohort.errors.ProjectError: the environment variable KOHORT_NOT_SET is not set; set it, then try again
    """
    if reference.env:
        found = os.environ.get(reference.env)
        if not found:
            raise ProjectError(f"{reference} is not set; set it, then try again")
        return found
    return _of_keyring(reference)


def _of_keyring(reference: Reference) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingExtraError("keyring", "reading a secret from the keyring") from error
    service, _, name = reference.keyring.partition("/")
    try:
        found = keyring.get_password(service, name)
    except KeyringError as error:
        raise ProjectError(f"{reference} cannot be read: {error}") from error
    if not found:
        raise ProjectError(f"{reference} is not there; set it with: keyring set {service} {name}")
    return found
