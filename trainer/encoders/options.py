"""What a recipe may say of the pretrained networks that turn contents into vectors."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.media import SOUND_SECONDS
from schemas.values.text import plain_path
from trainer.options import Count, Number, Strict, Whole

KERAS = ".keras"
Pixels = Annotated[Count, Field(le=4096)]


def _name_or_place(given: object) -> object:
    named = isinstance(given, str) or given is None
    if not named and (not isinstance(given, int) or isinstance(given, bool) or given < 0):
        raise ValueError("a name, or a place from 0 on, is allowed")
    return given


class Encoder(Strict):
    """One pretrained network, which is not trained any further.

    Attributes:
      handle: A TF-Hub handle (anything with `://`), the folder of a SavedModel, or a `.keras`
        file; a relative path starts at the recipe's folder.
      batch_size: How many values are encoded at once.
      output: Which of several outputs is the vector: its name, or its place from 0 on.
      replaces_tower: Whether the vector replaces the modality's trained tower; else
        beside it.
    """

    handle: Annotated[str, Field(min_length=1), AfterValidator(plain_path)]
    batch_size: Annotated[Count, Field(le=65_536)] = 32
    output: Annotated[str | Whole | None, BeforeValidator(_name_or_place)] = None
    replaces_tower: bool = False

    def located(self, folder: Path) -> "Encoder":
        """Returns the same with an absolute path, a relative one starting at a folder."""
        if self.local is None:
            return self
        return self.model_copy(update={"handle": str((folder / self.local).absolute())})

    @property
    def local(self) -> Path | None:
        """The path that the handle is; `None` for one of TF-Hub."""
        return None if "://" in self.handle else Path(self.handle)


class ImageEncoder(Encoder):
    """One for pictures.

    Attributes:
      height: Rows of pixels that it takes, where it does not say so itself.
      width: Columns likewise.
      fine_tune: How many of its last layers are trained with the model; it is a Keras model then.
    """

    height: Pixels | None = None
    width: Pixels | None = None
    fine_tune: Annotated[Whole, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _only_keras_models_have_layers(self) -> "ImageEncoder":
        if self.fine_tune and not self.handle.endswith(KERAS):
            raise ValueError(f"'fine_tune' was given ({self.fine_tune}), but only a Keras model, a "
                             f"file ending in '{KERAS}', has layers to train; 'handle' is "
                             f"'{self.handle}'")
        return self


class AudioEncoder(Encoder):
    """One for sounds.

    Attributes:
      seconds: How much of a sound's middle it hears, where it does not say so itself.
    """

    seconds: Annotated[Number, Field(ge=0.1, le=SOUND_SECONDS)] = 10.0
