"""What a recipe may say of any modality; the modalities' own options add to it."""

from typing import Any, ClassVar

from pydantic import model_validator

from trainer.encoders.options import Encoder
from trainer.options import Strict


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
