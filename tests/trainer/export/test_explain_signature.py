import numpy as np
import pytest
import tensorflow as tf
from tiny_shop import DAY, ITEMS, request

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def ask(exported, shop):
    """Asks for rows of the raw tables; columns named in `absent` are left out."""
    inputs = exported.signatures["explain"].structured_input_signature[1]

    def ask(user, item, absent=(), **changes):
        rows = {"users": shop.raw["users"][user], "items": shop.raw["items"][item]}
        content = {}
        for key, spec in inputs.items():
            side, _, column = key.partition("_")
            if side in rows:
                nothing = [b"" if spec.dtype == tf.string else -1]
                values = nothing if key in absent else rows[side][column] or nothing
                content[key] = tf.constant([values] if spec.shape.rank == 2 else values, spec.dtype)
        assert set(content) == {"users_about", "users_avatar", "users_age", "users_region",
                                "items_plot", "items_poster", "items_price", "items_genres"}
        return exported.ask("explain", **{
            **request(user=rows["users"]["member"][0], at=30 * DAY),
            "item_id": tf.constant([str(ITEMS[item])]), **content, **changes})

    return ask


@pytest.mark.parametrize(("user", "item"), [(0, 0), (1, 1), (2, 4), (4, 9)])
def test_the_stored_content_gives_the_stored_answer(ask, exported, shop, user, item):
    result = ask(user, item)
    expected = exported.ask(
        "serving_default", candidates=tf.constant([[str(ITEMS[item])]]),
        **request(user=shop.raw["users"][user]["member"][0], at=30 * DAY))
    assert set(result) == set(expected)
    for name in ("retrieval", "rating", "like", "item_modality_weights"):
        np.testing.assert_allclose(result[name], expected[name][:, 0], **CLOSE, err_msg=name)
    np.testing.assert_allclose(
        result["user_modality_weights"], expected["user_modality_weights"], **CLOSE)


def test_each_column_and_the_items_id_count(ask):
    for user, item, column in (
            (0, 0, "users_about"), (1, 0, "users_avatar"), (1, 0, "users_age"),
            (2, 0, "users_region"), (0, 1, "items_plot"), (0, 2, "items_poster"),
            (0, 2, "items_price"), (0, 2, "items_genres")):
        whole, without = ask(user, item), ask(user, item, absent=[column])
        assert np.abs(whole["retrieval"] - without["retrieval"]) > 1e-4, column
    without = ask(0, 0, item_id=tf.constant([""]))
    assert np.abs(ask(0, 0)["retrieval"] - without["retrieval"]) > 1e-4
