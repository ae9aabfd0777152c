"""Sounds."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from schemas import Feature
from trainer.modalities.audio import explain
from trainer.modalities.audio.options import AudioOptions
from trainer.modalities.modality import Block, Division, Modality
from trainer.modalities.presence import present_column
from trainer.network.part import Materials, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose


class Audio(Modality):
    """The spectrogram of a sound, and its timbre."""

    name = "audio"
    options = AudioOptions
    divisible = True
    timed = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        from trainer.modalities.audio.preprocess import frame_count

        frames = frame_count(options["seconds"])
        yield Column(feature.name, feature.name, "uint8", (frames, options["mels"], 1))
        yield Column(columns.mfcc(feature.name), feature.name, "float32",
                     (2 * options["mfcc"],), purpose=Purpose.CEPSTRUM)
        yield present_column(feature)

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.audio.preprocess import spectrogram
        from trainer.preprocessing.raw import one

        picture, coefficients, present = spectrogram(one(column), **options)
        return {feature.name: picture, columns.mfcc(feature.name): coefficients,
                columns.present(feature.name): present}

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        def build(materials: Materials):
            from trainer.modalities.audio.tower import tower

            return tower(feature, materials, options)

        silent = partial(explain.silent_timbre, options=options)
        yield Part(feature.name, feature.side, f"the column {feature.name!r}", build, gradient=(
            Numbers(explain.silence, 2), Numbers(silent, column=columns.mfcc)))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from keras import ops

        from trainer.modalities.blocks import presence, unit

        values = unit(ops.cast(read[columns.mfcc(name)], "float32"))
        return Block(values * presence(name, read))

    def divide(self, values: list) -> Iterator[Division]:
        """See `Modality`."""
        return explain.divide(values)

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """See `Modality`."""
        return explain.shares(found[name], values, options.seconds)

    def seconds(self, value: bytes) -> float:
        """See `Modality`."""
        return max(0.0, explain.seconds(value))

    def encoder_input(self) -> Any:
        """See `Modality`."""
        from trainer.modalities.audio.encode import INPUT

        return INPUT

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """See `Modality`."""
        return explain.show(values, tints)
