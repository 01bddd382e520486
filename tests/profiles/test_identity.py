"""Who is who: the order of arrival must not matter."""

from hypothesis import given
from hypothesis import strategies as st

from kohort.profiles.identity import persons_of

ACTORS = [f"a{n}" for n in range(8)]
PAIRS = st.lists(st.tuples(st.sampled_from(ACTORS), st.sampled_from(ACTORS)), max_size=12)
SEEN = st.lists(st.integers(0, 3), min_size=8, max_size=8)


def reference(first_seen: dict[str, int], links: list[tuple[str, str]]) -> dict[str, str]:
    """Slow and obvious: spread along links until nothing changes."""
    group = {actor: {actor} for actor in first_seen}
    for _ in first_seen:
        for one, other in links:
            together = group[one] | group[other]
            for actor in together:
                group[actor] = together
    return {actor: min(group[actor], key=lambda one: (first_seen[one], one)) for actor in first_seen}


@given(SEEN, PAIRS)
def test_persons_are_connected_components_named_by_the_earliest(seen: list[int], links: list[tuple[str, str]]) -> None:
    first_seen = dict(zip(ACTORS, seen, strict=True))
    expected = reference(first_seen, links)
    assert persons_of(first_seen, links) == expected
    assert persons_of(first_seen, [(other, one) for one, other in reversed(links)]) == expected
