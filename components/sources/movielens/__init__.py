"""MovieLens in GroupLens' own files: its editions, one source that reads them all."""

from components.sources.movielens.editions import Edition
from components.sources.movielens.source import EDITIONS, MovieLensSource

__all__ = ["EDITIONS", "Edition", "MovieLensSource"]
