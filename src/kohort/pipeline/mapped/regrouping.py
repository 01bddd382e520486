"""Who has news gets a place in a new layer of the mapped history, with whoever stood in smaller layers before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.pipeline.mapped.generations import NEVER, Actors, Generation, Known, LayerOf, Mask, Numbers, joined_actors
from kohort.pipeline.mapped.mapping import integers
from kohort.pipeline.mapped.news import News
from kohort.storage.text_index import NONE, TextIndex

_TIMES: Final = 2
"""A layer up to so many times as large as what comes after it is joined with that: so few layers are kept."""
_TIMES_OF_ALL: Final = 4
"""The same for the first layer, which has everybody."""


@dataclass(frozen=True)
class Regrouped:
    """The people of a new layer, and where everything of them is.

    `kept` are the layers before it, `dead` which places in them are nobody's now. `origins` gives for each place before
    the one of the new layer that its rows go to, `NONE` for none. The rows of people who are `split` from others cannot
    be told from those of the others there: one boolean a person, as is `consenting`, of those whose consents may be
    others now. `pending` are rows, by table, of actors whom nobody knows yet; `strangers` of the actors nobody knew
    before.
    """

    kept: list[LayerOf]
    dead: Mask
    origins: NDArray[np.int32]
    people: pa.StringArray
    actors: Actors
    split: Mask
    consenting: Mask
    news: News
    news_places: TextIndex
    pending: Mapping[str, pa.Table]
    strangers: int

    def places_of(self, actors: pa.StringArray) -> Numbers:
        """Return the places in the new layer of actors who are there."""
        return self.actors.places[self.news_places.find(actors)]


def regrouped(before: Generation, news: News, *, whole: bool) -> Regrouped:
    """Return the new layer for what is new; of everybody if it is `whole`, and no layer before it."""
    known = before.find_actors(news.actors.column("actor_id").combine_chunks())
    news, pending, persons = _persons(before, news)
    touched = np.zeros(before.places, np.bool_)
    for places in (known.places, before.find_people(persons)):
        touched[places[places != NONE]] = True
    is_whole = before.is_whole and not len(persons) and not touched.any()
    kept = 0 if whole and not is_whole else _kept(before, touched, len(persons))
    moved = touched.copy()
    moved[sum(layer.of.places for layer in before.layers[:kept]) :] = True
    moved &= before.alive
    actors, people, old = _actors(before, moved, news.actors, known)
    origins, split = _origins(before.places, old, actors.places, len(people))
    spoken = [one.column("actor_id") for one in news.rows["consent_choices"].values()]
    index = TextIndex.of(actors.ids)
    consenting = split.copy()
    for ids in (news.actors.column("actor_id"), *spoken):
        consenting[actors.places[index.find(ids.combine_chunks())]] = True
    dead = (~before.alive | moved)[: sum(layer.of.places for layer in before.layers[:kept])]
    layers = [layer.of for layer in before.layers[:kept]]
    strangers = int(np.count_nonzero(known.places == NONE))
    return Regrouped(layers, dead, origins, people, actors, split, consenting, news, index, pending, strangers)


def _persons(before: Generation, news: News) -> tuple[News, Mapping[str, pa.Table], pa.StringArray]:
    """Return the news of actors who are known, the rows of those who are not, and the persons who have news."""
    theirs = news.of_actors()
    changed = pc.index_in(theirs, value_set=news.actors.column("actor_id").combine_chunks())
    stood, _ = before.find_actors(theirs)
    is_changed = np.asarray(pc.is_valid(changed), np.bool_)
    there = pa.array(np.flatnonzero(~is_changed & (stood != NONE)))
    unknown = theirs.filter(pa.array(~is_changed & (stood == NONE)))
    news, pending = news.without(unknown)
    stayed = before.ids_at(stood[np.asarray(there)])
    persons = pa.concat_arrays([news.actors.column("person_id").combine_chunks(), stayed]).unique()
    return news, pending, persons


def _kept(before: Generation, touched: Mask, size: int) -> int:
    """Return how many layers stay beneath a new one of so many people, who are partly theirs."""
    kept = len(before.layers)
    while kept:
        layer = before.layers[kept - 1]
        its = slice(layer.start, layer.start + layer.of.places)
        staying = int(np.count_nonzero(before.alive[its] & ~touched[its]))
        if staying > size * (_TIMES_OF_ALL if kept == 1 else _TIMES):
            break
        size += staying
        kept -= 1
    return kept


def _actors(before: Generation, moved: Mask, changed: pa.Table, known: Known) -> tuple[Actors, pa.StringArray, Numbers]:
    """Return all actors of the new layer with their places in it, its people, and the actors' places before."""
    theirs = before.actors_of(moved)
    news = changed.column("actor_id").combine_chunks()
    stays = np.asarray(pc.invert(pc.is_in(theirs.ids, value_set=news)), np.bool_)
    stayed = Actors(theirs.ids.filter(pa.array(stays)), theirs.places[stays], theirs.seen[stays])
    seen = integers(changed.column("first_seen"), NEVER)
    all_of_them = joined_actors([stayed, Actors(news, known.places, seen)])
    persons = pa.concat_arrays([before.ids_at(stayed.places), changed.column("person_id").combine_chunks()])
    encoded = persons.dictionary_encode()
    order = np.asarray(pc.sort_indices(encoded.dictionary))
    places = np.argsort(order)[integers(encoded.indices, NONE)].astype(np.int64)
    people = encoded.dictionary.take(pa.array(order))
    return Actors(all_of_them.ids, places, all_of_them.seen), people, all_of_them.places


def _origins(before: int, old: Numbers, new: Numbers, people: int) -> tuple[NDArray[np.int32], Mask]:
    """Return where the rows of each place before go, and who got only some of the actors of one."""
    pairs = np.unique(np.stack([old[old != NONE], new[old != NONE]], axis=1), axis=0)
    origins = np.full(before, NONE, np.int32)
    origins[pairs[:, 0]] = pairs[:, 1]
    split = np.zeros(people, np.bool_)
    several = np.flatnonzero(np.bincount(pairs[:, 0], minlength=before) > 1)
    split[pairs[np.isin(pairs[:, 0], several), 1]] = True
    origins[pairs[split[pairs[:, 1]], 0]] = NONE
    return origins, split
