"""What a column's raw values are, by modality, as far as a schema, a check or a report asks."""

from dataclasses import dataclass

from schemas.errors import unknown


@dataclass(frozen=True)
class RawModality:
    """A modality's raw values.

    Attributes:
      name: The tag in a schema, and the name in a recipe.
      meaning: What a value is, in words.
      media: A value is an encoded file, which ingest decodes.
      language: A value is written by people, in words.
      categories: A column has few different values, which recur.
      taken_from: The modality whose values may hold one of this, which ingest takes out; `None`
        for most.
      domain: The field of a schema's feature that says what its values are.
    """

    name: str
    meaning: str
    media: bool = False
    language: bool = False
    categories: bool = False
    taken_from: str | None = None
    domain: str | None = None


MODALITIES: dict[str, RawModality] = {one.name: one for one in (
    RawModality("categorical", "a category, or several", categories=True),
    RawModality("numeric", "a number"),
    RawModality("text", "words", language=True),
    RawModality("image", "a picture", media=True, domain="image_domain"),
    RawModality("audio", "a sound", media=True, taken_from="video"),
    RawModality("video", "a film", media=True),
    RawModality("sequence", "a history"),
)}


def raw_modality(name: str) -> RawModality:
    """Returns what a modality's raw values are.

    Raises:
      InputError: There is no such modality.
    """
    if name not in MODALITIES:
        raise unknown("modality", name, MODALITIES)
    return MODALITIES[name]
