"""Recipes: a model and how to train it, without a word about any dataset."""

from trainer.recipe.network import ModelOptions
from trainer.recipe.reading import parse_recipe
from trainer.recipe.recipe import BoundRecipe, Recipe, bind
from trainer.recipe.task import Task

__all__ = ["BoundRecipe", "ModelOptions", "Recipe", "Task", "bind", "parse_recipe"]
