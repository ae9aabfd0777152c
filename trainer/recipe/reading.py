"""A recipe from the tree of its file: the family decides which keys there are."""

from typing import Any

from trainer.recipe.computed import ForestRecipe, RankersRecipe, SimilarityRecipe
from trainer.recipe.families import FactorizationRecipe, NetworkRecipe
from trainer.recipe.recipe import Recipe

RECIPES: dict[str, type[Recipe]] = {
    "network": NetworkRecipe, "factorization": FactorizationRecipe,
    "similarity": SimilarityRecipe, "rankers": RankersRecipe, "forest": ForestRecipe,
}
# Keys of earlier files, each with what is written now.
MOVED = {
    "encoders": "modalities: {text: {encoder: {handle: ...}}}",
    "preprocessing": "modalities: {text: {tokens: 48}, image: {height: 32}}",
    "preprocessing.text.characters": "modalities: {text: {tower: {tfidf: {characters: [3, 5]}}}}",
    "model.towers.text": "modalities: {text: {tower: cnn}}",
    "model.towers.image": "modalities: {image: {tower: fourier}}",
    "model.towers.history": "behaviour: {history: {tower: gru}, context: {}}",
    "model.towers.series": "behaviour: {series: {tower: vae}}",
    "model.history": "behaviour: []",
    "model.behaviour": "behaviour: [history, context]",
    "model.series_days": "behaviour: {series: {days: 28}}",
    "model.stranger_dropout": "model: {user_dropout: 0.05}",
    "model.decision": "model: {fusion: {late: {decision: stack}}}",
    "model.experts": "model: {sharing: {mmoe: {experts: 4}}}",
    "training.temperature": "tasks: {next: {head: {retrieval: {temperature: 0.5}}}}",
    "training.softmax": "tasks: {next: {head: {retrieval: {softmax: catalogue}}}}",
    "training.hard_negatives":
        "tasks: {next: {head: {retrieval: {softmax: {batch: {hard_negatives: 8}}}}}}",
    "training.reconstruction": "behaviour: {series: {tower: {vae: {reconstruction: 0.1}}}}",
    "training.augmentation.text": "modalities: {text: {tower: {tfidf: {hidden: 0.1}}}}",
    "training.augmentation.image": "modalities: {image: {augmentation: 0.5}}",
    "training.augmentation.sound": "modalities: {audio: {augmentation: 0.5}}",
    "factorization": "family: factorization\ndim: 32",
    "similarity": "family: similarity\nvectors: {content: {distance: cosine}}",
    "forest": "family: forest\ntrees: 100",
}


def recipe_class(tree: Any) -> type[Recipe]:
    """Returns the class that reads a recipe's tree.

    Args:
      tree: What a recipe's file holds.

    Raises:
      ValueError: The family is unknown, or a key is one of earlier files; the message shows what is
        written now.
    """
    family = tree.get("family", "network") if isinstance(tree, dict) else "network"
    if not isinstance(family, str) or family not in RECIPES:
        raise ValueError(f"family: given {family!r}, but one of these is allowed: "
                         f"{', '.join(RECIPES)}")
    for key in sorted(MOVED, key=len, reverse=True):
        if _has(tree, key.split(".")):
            raise ValueError(f"{key}: the key has moved; write\n{MOVED[key]}")
    return RECIPES[family]


def parse_recipe(**tree: Any) -> Recipe:
    """Returns the recipe of a tree.

    Raises:
      ValueError: See `recipe_class`.
      ValidationError: A key is unknown or missing, or a value is not allowed.
    """
    return recipe_class(tree).model_validate(tree)


def _has(tree: Any, path: list[str]) -> bool:
    for part in path:
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True
