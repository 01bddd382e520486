"""The table of a score, from what was found block by block."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from kohort.definitions.values import ValueType


def joined_table(
    parts: Sequence[tuple[pa.StringArray, Mapping[str, pa.Array]]], types: Mapping[str, ValueType]
) -> pa.Table:
    """Return the column person_id and one for each trait of `types`, of the people of each part.

    >>> joined_table([(pa.array(["a"]), {"age": pa.array([1])})], {"age": ValueType.NUMBER}).to_pylist()
    [{'person_id': 'a', 'age': 1}]
    """
    arrow = {name: pa.string() if kind is ValueType.TEXT else pa.int64() for name, kind in types.items()}
    schema = pa.schema([("person_id", pa.string()), *arrow.items()])
    tables = [
        pa.table([people, *(traits[name] for name in types)], names=schema.names).cast(schema)
        for people, traits in parts
    ]
    return pa.concat_tables([schema.empty_table(), *tables])
