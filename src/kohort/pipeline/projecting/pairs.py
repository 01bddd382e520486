"""Two actors who have to do with each other alone, as a visitor and the user who logged in: found many at a time.

Most people who are more than one actor are such a pair. What `kohort.profiles.graph` would find of them is plain to
see: the earlier is the person, and the link is what joined them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.definitions.identity import ANONYMOUS, USER, IdentityDefinition
from kohort.pipeline.projecting.concerned import LINKED, OWN_KINDS, Around, keys_of
from kohort.storage.schemas import SCHEMAS

_ORDER: Final = [(name, "ascending") for name in ("ts", "kind", "value", "actor_id", "linked_actor_id")]


class Pairs(NamedTuple):
    """Actors with their persons, and rows of `merges` for what joined them."""

    actors: pa.Array
    persons: pa.Array
    merges: pa.Table


NO_PAIRS: Final = Pairs(pa.array([], pa.string()), pa.array([], pa.string()), SCHEMAS["merges"].empty_table())


def pairs_in(around: Around, refused: Mapping[str, str], definition: IdentityDefinition) -> tuple[Pairs, Around]:
    """Return the pairs among people, and the rows of all others; nobody among them was merged or split by hand.

    `refused` tells why values join nobody, by what they are as one text. A pair are two actors linked with each other,
    with nobody else, who have no identifier but their own, which nobody else carries and which is not refused.

    >>> own = [("user_id", "ada", "a", 3, 4, None), ("anonymous_id", "v", "b", 1, 4, None)]
    >>> columns = [list(one) for one in zip(*own)]
    >>> links = pa.table([["a"], ["b"], [3], ["1"]], schema=SCHEMAS["links"])
    >>> around = Around(pa.table(columns, schema=SCHEMAS["identifiers"]), links)
    >>> pairs, left = pairs_in(around, {}, IdentityDefinition())
    >>> pairs.actors.to_pylist(), pairs.persons.to_pylist(), pairs.merges["value"].to_pylist(), left.links.num_rows
    (['a', 'b'], ['b', 'b'], ['v'], 0)
    """
    identifiers, links = around.identifiers.combine_chunks(), around.links.combine_chunks()
    coded = pc.dictionary_encode(identifiers.column("actor_id").combine_chunks())
    rows_of, firsts = _counted(coded)
    one, other = (
        np.array(pc.index_in(links.column(name).combine_chunks(), value_set=coded.dictionary)) for name in LINKED
    )
    times = np.bincount(np.concatenate([one, other]), minlength=len(rows_of))
    alone = (times == 1) & (rows_of == 1) & _joining(identifiers, refused, definition)[firsts]
    is_pair = alone[one] & alone[other]
    places = [pa.array(firsts[its[is_pair]]) for its in (one, other)]
    rows, theirs = links.filter(pa.array(is_pair)), [identifiers.take(its) for its in places]
    merges = pa.table(
        [*(rows.column(name) for name in LINKED), theirs[1].column("kind"), theirs[1].column("value"),
         rows.column("ts")],
        schema=SCHEMAS["merges"],
    )  # fmt: skip
    actors = pa.concat_arrays([its.column("actor_id").combine_chunks() for its in theirs])
    persons = _earlier(*theirs).combine_chunks()
    in_pairs = pa.array(np.isin(coded.indices.to_numpy(), np.concatenate([one[is_pair], other[is_pair]])))
    left = Around(identifiers.filter(pc.invert(in_pairs)), links.filter(pa.array(~is_pair)))
    return Pairs(actors, pa.concat_arrays([persons, persons]), merges.sort_by(_ORDER)), left


def _counted(coded: pa.DictionaryArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how often each of the values stands there, and where first."""
    codes = coded.indices.to_numpy()
    firsts = np.zeros(len(coded.dictionary), np.int64)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]
    return np.bincount(codes, minlength=len(firsts)), firsts


def _joining(identifiers: pa.Table, refused: Mapping[str, str], definition: IdentityDefinition) -> NDArray[np.bool_]:
    """Return which identifiers are an actor's own, join people, and stand there once."""
    limits = [definition.limit_of(kind) for kind in (USER, ANONYMOUS)]
    if any(limit is not None and limit < 1 for limit in limits):
        return np.zeros(identifiers.num_rows, np.bool_)
    keys = pc.dictionary_encode(keys_of(identifiers).combine_chunks())
    often, _ = _counted(keys)
    kinds, values = identifiers.column("kind"), identifiers.column("value")
    right: NDArray[np.bool_] = np.array(pc.is_in(kinds, value_set=OWN_KINDS), np.bool_) & (
        often[keys.indices.to_numpy()] == 1
    )
    right &= ~np.array(pc.is_in(keys.cast(pa.string()), value_set=pa.array(refused, pa.string())))
    for kind in (USER, ANONYMOUS):
        its = np.flatnonzero(np.array(pc.equal(kinds, kind)))
        texts = values.take(pa.array(its))
        blocked = definition.blocked_among(kind, texts.to_pylist())
        right[its[np.array(pc.is_in(texts, value_set=pa.array(blocked, pa.string())))]] = False
    return right


def _earlier(ones: pa.Table, others: pa.Table) -> pa.ChunkedArray:
    """Return of each two actors the one who was seen first, of two at once the one with the lesser id."""
    (ids, seen), (other_ids, other_seen) = (
        (its.column("actor_id"), its.column("first_seen")) for its in (ones, others)
    )
    is_first = pc.or_(pc.less(seen, other_seen), pc.and_(pc.equal(seen, other_seen), pc.less(ids, other_ids)))
    return pc.if_else(is_first, ids, other_ids)
