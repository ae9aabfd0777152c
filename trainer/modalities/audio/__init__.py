"""Sounds."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.modality import raw_modality
from trainer.modalities.audio.options import AudioOptions
from trainer.modalities.modality import Block, Modality, present_column
from trainer.network.part import Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose


class Audio(Modality):
    """The spectrogram of a sound, and its timbre."""

    raw = raw_modality("audio")
    options = AudioOptions
    divisible = True
    timed = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        frames = self.file("preprocess").frame_count(options["seconds"])
        yield Column(feature.name, feature.name, "uint8", (frames, options["mels"], 1))
        yield Column(columns.mfcc(feature.name), feature.name, "float32",
                     (2 * options["mfcc"],), purpose=Purpose.CEPSTRUM)
        yield present_column(feature)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        yield self.tower(
            feature, options, Numbers(lambda sound: self.file("explain").silence(sound), 2),
            Numbers(lambda timbre: self.file("explain").silent_timbre(timbre, options),
                    column=columns.mfcc))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import numbers, presence, unit

        return Block(unit(numbers(read[columns.mfcc(name)])) * presence(name, read))
