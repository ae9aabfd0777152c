"""What a column's raw values are, by modality, as far as a schema, a check or a report asks."""

import re
from dataclasses import dataclass

from schemas.errors import unknown


@dataclass(frozen=True)
class FileForm:
    """How encoded files of a modality are recognized.

    Attributes:
      suffixes: Endings of their names, any of which matches, in any case.
      magic: What their bytes begin with.
      moving: The modality that they are of if they have several frames.
    """

    suffixes: str
    magic: bytes
    moving: str | None = None

    def fits(self, value: object) -> bool:
        """Returns whether a value is such a file's bytes, or a name that such a file may have."""
        if isinstance(value, bytes):
            return re.match(self.magic, value, re.DOTALL) is not None
        pattern = rf".+\.({self.suffixes})"
        return isinstance(value, str) and bool(
            re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL))


@dataclass(frozen=True)
class RawModality:
    """A modality's raw values.

    Attributes:
      name: The tag in a schema, and the name in a recipe.
      meaning: What a value is, in words.
      files: How its encoded files are recognized, which ingest decodes; `None` if it has none.
      language: A value is written by people, in words.
      categories: A column has few different values, which recur: its input, `(values,)`, has their
        places in the vocabulary of its name, by which lists are filtered and figures grouped.
      taken_from: The modality whose values may hold one of this, which ingest takes out; `None`
        for most.
      domain: The field of a schema's feature that says what its values are.
    """

    name: str
    meaning: str
    files: FileForm | None = None
    language: bool = False
    categories: bool = False
    taken_from: str | None = None
    domain: str | None = None

    @property
    def media(self) -> bool:
        """Whether a value is an encoded file."""
        return self.files is not None


MODALITIES: dict[str, RawModality] = {one.name: one for one in (
    RawModality("categorical", "a category, or several", categories=True),
    RawModality("numeric", "a number"),
    RawModality("text", "words", language=True),
    RawModality("image", "a picture", domain="image_domain", files=FileForm(
        "png|jpe?g|gif|bmp|webp|tiff?|hei[cf]|avif",
        rb"\x89PNG|\xff\xd8\xff|GIF8|BM|RIFF....WEBP|II\*\0|MM\0\*"
        rb"|....ftyp(hei|hev|mif1|msf1|avi)", moving="video")),
    RawModality("audio", "a sound", taken_from="video", files=FileForm(
        "wav|flac|ogg|mp3|m4a|aac", rb"RIFF....WAVE|fLaC|OggS|ID3|\xff[\xfb\xf3\xf2]")),
    RawModality("video", "a film", files=FileForm(
        "mp4|mov|avi|mkv|webm|mpe?g",
        rb"....ftyp|RIFF....AVI |\x1a\x45\xdf\xa3|\x00\x00\x01\xba")),
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
