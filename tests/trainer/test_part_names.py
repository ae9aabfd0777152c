"""The names that are checked before a run are those of the network that is built."""

import pytest

from trainer.part_names import part_names


@pytest.mark.parametrize("changes", [
    {},
    {"modalities": ["numeric"]},
    {"modalities": ["numeric"], "model": {"dim": 4, "history": False}},
    {"modalities": ["categorical"], "model": {"dim": 4, "behaviour": ["series", "history"]}},
])
def test_parts_of_a_network_have_the_names_that_are_checked(build, spec, changes):
    network, recipe = build(**changes)
    for side, found in (("users", network.user_modalities), ("items", network.item_modalities)):
        assert [name for name, _ in part_names(spec, recipe, side)] == found
