from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.inputs import training_data


def test_the_reader_delivers_the_label_that_makes_an_item_relevant(shop, spec, recipe):
    tasks = {"retrieval": {"head": "retrieval"}}
    changed = parse_recipe(**{**recipe.model_dump(), "tasks": tasks, "relevant": "like"})
    data = training_data(BoundRecipe(changed, spec), shop.files, shop.transforms)
    assert data.reader.labels == ("like",)


def test_the_model_holds_what_its_towers_read_of_the_tables(shop):
    users, items = shop.data.user_side, shop.data.item_side
    assert (users.rows, items.rows) == (6, 11)
    assert set(items.content) == {
        "plot__tfidf_ids", "plot__tfidf", "genres", "price", "price__present", "poster",
        "poster__present"}
    assert not [name for name in users.content if "mail" in name]
    for side in (users, items):
        for name, values in side.content.items():
            assert len(values) == side.rows
            assert not values[0].any(), f"the unknown row of {name}"
    for name, size in items.vocabularies.items():
        column = items.content[name if name == "genres" else f"{name}__tfidf_ids"]
        assert 0 < column.max() < size, name
