"""An extension that tests alone define: a modality of encoded files, from raw bytes to a tower.

Only `tests/trainer/modalities/test_toy_medium.py` imports it.
"""

import tensorflow as tf

from components.media import MEDIA, MediaFault, Medium
from schemas.modality import FileForm, RawModality
from trainer.modalities import Facts, Modality, register
from trainer.modalities.modality import Block, present_column
from trainer.parts.part import Built, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column
from trainer.preprocessing.raw import one

START, FORM = b"MThd", b"notes:"  # of a file, and of what ingest makes of it
PITCHES = 128
NOTES_A_SECOND = 2


def decoded(data: bytes) -> bytes:
    """Returns the notes of a file, a byte each."""
    if not data.startswith(START) or max(data, default=0) >= PITCHES:
        raise MediaFault("tune is no MIDI, or damaged")
    return FORM + data[len(START):]


class Midi(Modality):
    """A tune: how high its notes are."""

    raw = RawModality("midi", "a tune in notes", files=FileForm("midi?", START))
    timed = True

    def facts(self, value):
        return Facts(value.hex(), {"notes": float(len(value) - len(FORM))}, blank=value == FORM)

    def seconds(self, value):
        return (len(value) - len(FORM)) / NOTES_A_SECOND

    def columns(self, feature, options):
        yield Column(feature.name, feature.name, "float32")
        yield present_column(feature)

    def preprocess(self, column, feature, options):
        value = one(column)
        present = tf.strings.length(value) > len(FORM)
        first = tf.strings.substr(tf.strings.join([value, FORM + b"\0"]), len(FORM), 1)
        pitch = tf.cast(tf.io.decode_raw(first, tf.uint8)[:, 0], tf.float32) / PITCHES
        return {feature.name: tf.where(present, pitch, 0.0),
                columns.present(feature.name): tf.cast(present, tf.float32)}

    def parts(self, feature, options):
        def build(materials):
            from trainer.layers.towers import NumericTower

            layer = NumericTower(materials.dim, name=f"{materials.side}_{feature.name}")
            return Built(layer, *layer((materials.inputs[feature.name][:, None],
                                        materials.inputs[columns.present(feature.name)])))

        yield Part(feature.name, feature.side, f"the tune {feature.name!r}", build)

    def block(self, name, read):
        return Block(read[name][:, None])


MEDIA["midi"] = Medium(1 << 16, decoded)
register(Midi())
