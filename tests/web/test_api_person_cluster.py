"""The API tells somebody's cluster as of now, and so does its client."""

from pathlib import Path

import pytest
from api_desk import answering

from cluster_shop import ten_days_later, two_groups
from kohort.client import Client, RefusedError
from kohort.governance.keys import SCOPES


@pytest.mark.slow
def test_somebody_who_came_after_the_last_run_has_a_cluster(tmp_path: Path) -> None:
    found = two_groups(tmp_path / "before", "    methods: [k_means]\n")
    found.discover(follow=False)
    shop = ten_days_later(found, tmp_path)
    with answering(shop, *SCOPES) as counter, Client(counter.url, counter.key) as client:
        told, known = client.person_cluster("zoe"), shop.person_cluster("zoe")
        assert (told.score, told.number, told.identity) == ("persona", known.number, known.identity)
        assert told.person_id == known.person_id
        assert known.persona is not None
        assert told.persona is not None
        assert (told.persona.en, told.persona.fr) == (known.persona.en, known.persona.fr)
        assert told.found_at < told.at
        with pytest.raises(RefusedError):
            client.person_cluster("zoe", "none such")
