import pytest
from worlds import id_columns, own_project

from pipeline.config import load_config
from pipeline.run import run
from schemas import InputError

IDS = "".join(id_columns())


@pytest.fixture
def refused(tmp_path, console):
    """Runs on two events with a schema of the interactions; returns the message."""

    def refused(interactions: str, **values) -> str:
        (tmp_path / "events.csv").write_text("who,what,stars\nann,tea,4\nbob,cup,2\n")
        path = own_project(tmp_path, {"interactions": interactions},
                           root=str(tmp_path / "root"), **values)
        with pytest.raises(InputError) as caught:
            run(load_config(path), console)
        return str(caught.value)

    return refused


def test_a_recipe_whose_label_the_data_lack(refused):
    message = refused(IDS, split="random")
    assert "Recipe 'flagship', task 'retrieval', key 'label': needs the label 'like'" in message
    assert " has: none" in message
    assert "'label:like'" in message and "'implicit' needs events alone" in message


def test_a_click_head_without_unseen_items(refused):
    message = refused(IDS, split="random", recipe="implicit")
    assert "Recipe 'implicit', task 'click'" in message
    assert "tag 'unseen'" in message and "value_count { min: 2 max: 2 }" in message
