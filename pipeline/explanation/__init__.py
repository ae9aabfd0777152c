"""Why a model gives a user an item: what each word, region and feature is worth to the score."""

from schemas import unknown

OCCLUSION, GRADIENTS = METHODS = ("occlusion", "gradients")


def check_method(name: str) -> None:
    """Refuses what is no method of explanation.

    Raises:
      InputError: It is none; those that are are named.
    """
    if name not in METHODS:
        raise unknown("method", name, METHODS)
