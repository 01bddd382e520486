"""What a message says of who did it: the actor, other actors that it names, identifiers that they may share.

An actor is one identifier: a user id, or an anonymous id. A message's actor is the known user where there is one, else
the anonymous visitor. A blocked value names nobody, unless a message has no other identifier.
"""

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition, Origin, normalised
from kohort.definitions.values import MICRO
from kohort.storage.hashing import hashes_of
from kohort.storage.messages import Message

Identifier = tuple[str, str]
"""A kind and a value."""

_NOBODY: Final[Identifier] = (ANONYMOUS, "")


class Named(NamedTuple):
    """Who a message speaks of: its own actor, the others that it names, and what else the actor was seen with.

    `carried` are identifiers that are no actors: of other kinds, and blocked ones, which are kept to be reported.
    """

    actor: Identifier
    others: tuple[Identifier, ...] = ()
    carried: tuple[Identifier, ...] = ()


_REMEMBERED: Final = 2**17
_SIZE: Final = 10


@lru_cache(_REMEMBERED)
def actor_id_of(kind: str, value: str) -> str:
    """Return the pseudonymous, stable id of an identifier: 80 bits of a hash.

    >>> actor_id_of("user_id", "42") == actor_id_of("user_id", "42") != actor_id_of("anonymous_id", "42")
    True
    """
    return hashlib.blake2b(f"{kind}\0{value}".encode(), digest_size=_SIZE).hexdigest()


def actor_ids_of(kind: str, values: pa.Array) -> pa.Array:
    """Return the ids of many identifiers of one kind.

    >>> actor_ids_of("user_id", pa.array(["42"])).to_pylist() == [actor_id_of("user_id", "42")]
    True
    """
    texts = values.cast(pa.binary()).to_numpy(zero_copy_only=False)
    written = hashes_of(texts, _SIZE, start=f"{kind}\0".encode()).hex().encode()
    offsets = np.arange(0, len(written) + 1, 2 * _SIZE, dtype=np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(written))


def named_in(message: Message, definition: IdentityDefinition) -> Named:
    """Return who a message speaks of.

    >>> seen = Message("1", "track", 0, 0, "web", user_id="null", anonymous_id="a1")
    >>> named_in(seen, IdentityDefinition())
    Named(actor=('anonymous_id', 'a1'), others=(), carried=(('user_id', 'null'),))
    """
    given = [(USER, message.user_id), (ANONYMOUS, message.anonymous_id), (USER, message.previous_id)]
    identifiers = list(dict.fromkeys(one for one in given if one[1]))
    actors = [one for one in identifiers if not definition.is_blocked(*one)] or identifiers[:1] or [_NOBODY]
    carried = [one for one in identifiers if one not in actors] + shared_in(message, definition)
    return Named(actors[0], tuple(actors[1:]), tuple(carried))


def actor_of(message: Message, named: Named) -> str:
    """Return the actor that did a message: the known user where there is one, else the anonymous visitor.

    `named` is who the message speaks of: a blocked user id counts for none where a visitor is known.

    >>> seen = Message("1", "track", 0, 0, "web", user_id="null", anonymous_id="a1")
    >>> actor_of(seen, named_in(seen, IdentityDefinition())) == actor_id_of("anonymous_id", "a1")
    True
    """
    if message.user_id and named.actor[0] != ANONYMOUS:
        return actor_id_of(USER, message.user_id)
    return actor_id_of(ANONYMOUS, message.anonymous_id)


def shared_in(message: Message, definition: IdentityDefinition) -> list[Identifier]:
    """Return the identifiers of declared kinds that a message carries: in traits, external ids, of its device.

    >>> from kohort.definitions.identity import Form, UniqueIdentifier
    >>> from kohort.storage.messages import Values
    >>> email = IdentityDefinition((UniqueIdentifier("email", Origin.TRAIT, "email", Form.EMAIL),))
    >>> said = Message("1", "identify", 0, 0, "web", user_id="u", values=Values(texts={"email": "Ada@X.org"}))
    >>> shared_in(said, email)
    [('email', 'ada@x.org')]
    """
    found = []
    for one in definition.unique:
        if one.origin is not Origin.TRAIT:
            texts = [message.shared.get(one.kind, "")]
        elif message.type == "identify":
            texts = trait_texts(
                message.values.texts.get(one.name),
                message.values.numbers.get(one.name),
                message.values.lists.get(one.name),
            )
        else:
            texts = []
        found += [(one.kind, value) for text in texts if (value := normalised(text, one.form))]
    return list(dict.fromkeys(found))


def trait_texts(text: str | None, number: int | None, texts: list[str] | None) -> list[str]:
    """Return what a trait says, as texts: a phone may have come as a whole number, in micros here.

    >>> trait_texts(None, 33_612_345_678_000_000, None)
    ['33612345678']
    """
    whole = [str(number // MICRO)] if number is not None and number % MICRO == 0 else []
    return ([text] if text else []) + whole + list(texts or [])
