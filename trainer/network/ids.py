"""The part that knows somebody, or an item, by the id."""

from trainer.layers.lookup import UserEmbedding
from trainer.layers.towers import IdTower
from trainer.parts.part import USERS, Built, Materials
from trainer.recipe.families import NetworkRecipe


def id_part(recipe: NetworkRecipe, materials: Materials) -> Built:
    """Builds the tower of a side's ids; items share their embedding with the histories."""
    options, one = recipe.model, materials.side.removesuffix("s")
    embedding = materials.past.items
    if materials.side == USERS:
        embedding = UserEmbedding(materials.table.rows, options.dim, name="user_embedding")
    layer = IdTower(options.dim, embedding, options.id_dropout, materials.seed,
                    dropout=options.dropout, name=f"{one}_id")
    return Built(layer, *layer(materials.ids()))
