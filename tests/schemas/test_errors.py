import pickle

import pytest

from schemas import InputError, TesseraError, unknown


@pytest.mark.parametrize(("given", "message"), [
    ("Cannot read x: No such file.. Check it.", "Cannot read x: No such file. Check it."),
    ("It is 'wrong.'.", "It is 'wrong.'."), ("Bad: (no).. ", "Bad: (no). "),
    ("It ends..", "It ends."),
    ("Wait... what", "Wait... what"), ("See ../data and .. too", "See ../data and .. too"),
    ("Folder a/.. is here.", "Folder a/.. is here."), ("From 1..5", "From 1..5"),
])
def test_a_sentence_has_one_full_stop(given, message):
    assert str(InputError("a-code", given)) == message


def test_a_failed_command_shows_the_code_before_the_message():
    assert InputError("no-thing", "Give a thing.").line == "error[no-thing]: Give a thing."
    assert unknown("sort of thing", "x", ["y"]).code == "unknown-sort-of-thing"


def test_an_error_passes_through_beam_and_other_processes_unchanged():
    class WithStatus(TesseraError):
        def __init__(self, code, message, status):
            super().__init__(code, message)
            self.status = status

    error = InputError("no-thing", "Give a thing.")
    first, *others = error.args
    # As apache_beam.runners.common makes it anew.
    annotated = InputError(f"{first} [while running 'Ingest/Read']", *others)
    sent = pickle.loads(pickle.dumps(error))
    assert annotated.line == sent.line == error.line
    assert WithStatus("no-thing", "Give a thing.", 404).line == error.line
