"""Sounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.media import SOUND_SECONDS
from schemas.modality import raw_modality
from trainer.modalities.audio.names import mfcc
from trainer.modalities.audio.options import AudioOptions
from trainer.modalities.modality import Block, Modality, present_column
from trainer.parts.part import Numbers, Part
from trainer.preprocessing.column import Column


class Audio(Modality):
    """The spectrogram of a sound, and its timbre."""

    raw = raw_modality("audio")
    options = AudioOptions
    divisible = True
    timed = True
    caption = f"Of a longer sound, {SOUND_SECONDS} s of the middle are kept."

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        frames = self.file("preprocess").frame_count(options["seconds"])
        yield Column(feature.name, feature.name, "uint8", (frames, options["mels"], 1))
        yield Column(mfcc(feature.name), feature.name, "float32", (2 * options["mfcc"],))
        yield present_column(feature)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        yield self.tower(
            feature, options, Numbers(lambda sound: self.file("explain").silence(sound), 2),
            Numbers(lambda timbre: self.file("explain").silent_timbre(timbre, options),
                    column=mfcc))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import numbers, presence, unit

        return Block(unit(numbers(read[mfcc(name)])) * presence(name, read))
