from worlds import column, history, small_spec

from serving.request_log import HISTORIES, logged_histories
from trainer.export.samples import write_logged_histories


def test_neither_texts_nor_personal_data_of_histories_may_be_logged(tmp_path):
    spec = small_spec(
        users=column("age", "INT", "numeric"), items=column("genre", "BYTES", "categorical"),
        events=column("stars", "FLOAT", "label:rating", domain=(1, 5))
        + column("review", "BYTES", "text") + column("salary", "FLOAT", "numeric", "pii")
        + history("before", "item_id", "BYTES") + history("times", "timestamp", "INT")
        + history("texts", "review", "BYTES") + history("given", "stars", "FLOAT")
        + history("earned", "salary", "FLOAT"), user="BYTES who", item="BYTES what", time="when")
    write_logged_histories(spec, tmp_path)
    assert logged_histories(tmp_path) == {*HISTORIES, "history_stars"}
