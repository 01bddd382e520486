"""Who is who: actors joined by links into persons.

An actor is one identifier (a user id, or an anonymous id). A message that carries both, or an alias, links two
actors; persons are the connected components of that graph, so the order of arrival cannot matter. The survivor,
whose actor id names the person, is the actor seen earliest, ties by smallest id.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from kohort.clock import Moment

USER: Final = "user_id"
ANONYMOUS: Final = "anonymous_id"

_REMEMBERED: Final = 2**17


@lru_cache(_REMEMBERED)
def actor_id_of(kind: str, value: str) -> str:
    """Return the pseudonymous, stable id of an identifier: 80 bits of a hash.

    >>> actor_id_of("user_id", "42") == actor_id_of("user_id", "42") != actor_id_of("anonymous_id", "42")
    True
    """
    return hashlib.blake2b(f"{kind}\0{value}".encode(), digest_size=10).hexdigest()


def persons_of(first_seen: Mapping[str, Moment], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the person of each actor.

    `first_seen` maps every actor to the earliest moment it was seen; `links` are pairs of actors that are the
    same person. The person's id is the survivor's actor id.

    >>> persons_of({"a": 2, "b": 1, "c": 3}, [("a", "b")])
    {'a': 'b', 'b': 'b', 'c': 'c'}
    """
    survivor: dict[str, str] = {}

    def root(actor: str) -> str:
        while (above := survivor.get(actor, actor)) != actor:
            survivor[actor] = survivor.get(above, above)
            actor = above
        return actor

    for one, other in links:
        first, second = sorted((root(one), root(other)), key=lambda actor: (first_seen[actor], actor))
        if first != second:
            survivor[second] = first
    return {actor: root(actor) for actor in first_seen}
