"""What a recipe may say of any modality and its encoder; the modalities' own options add to it."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.values.text import plain_path
from trainer.options import Count, Strict, Whole

KERAS = ".keras"


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


class ModalityOptions(Strict):
    """Base of the options of a modality.

    Attributes:
      prepared: The options that Transform reads; all others are training's.
    """

    prepared: ClassVar[tuple[str, ...]] = ()

    @property
    def encoded_by(self) -> Encoder | None:
        """The pretrained network that the modality's contents go through, if there is one."""
        return getattr(self, "encoder", None)

    @property
    def trained(self) -> bool:
        """Whether the modality has a tower of its own; else an encoder's vectors are all."""
        return self.encoded_by is None or not self.encoded_by.replaces_tower

    @model_validator(mode="after")
    def _options_have_a_reader(self) -> "ModalityOptions":
        others = self.model_copy(update={"encoder": None})
        if not self.trained and others != type(self)():
            raise ValueError("'encoder.replaces_tower' is true: nothing reads the other options")
        return self

    def of_transform(self) -> dict[str, Any]:
        """Returns the options that Transform reads, as plain values."""
        return self.model_dump(mode="json", include=set(self.prepared))

    def of_network(self) -> list[str]:
        """Returns the options that were given and that only a network reads, by name."""
        plain = type(self)()
        return [name for name in type(self).model_fields
                if name not in self.prepared and getattr(self, name) != getattr(plain, name)]
