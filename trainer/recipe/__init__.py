"""Recipes: a model and how to train it, without a word about any dataset."""

from trainer.recipe.network import ModelOptions
from trainer.recipe.recipe import Recipe
from trainer.recipe.task import Task

__all__ = ["ModelOptions", "Recipe", "Task"]
