"""What every message has in common."""

import pytest

from schemas import InputError


@pytest.mark.parametrize(("given", "message"), [
    ("Cannot read x: No such file.. Check it.", "Cannot read x: No such file. Check it."),
    ("It is 'wrong.'.", "It is 'wrong.'."), ("Bad: (no).. ", "Bad: (no). "),
    ("It ends..", "It ends."),
    ("Wait... what", "Wait... what"), ("See ../data and .. too", "See ../data and .. too"),
    ("Folder a/.. is here.", "Folder a/.. is here."), ("From 1..5", "From 1..5"),
])
def test_a_sentence_has_one_full_stop(given, message):
    assert str(InputError(given)) == message
