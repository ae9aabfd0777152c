"""The users and the items: one row each, in memory, addressed by index."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from schemas import InputError
from trainer.preprocessing import columns
from trainer.preprocessing.column import columns_of


@dataclass(frozen=True)
class Table:
    """All rows of the users or of the items table.

    Attributes:
      ids: Ids in the order of the table, without the unknown one at index 0.
      vocabulary: The file that lists them, one a line.
      columns: Transformed columns, `(1 + len(ids), ...)`; row 0 is an unknown id: all absent.
      events: Number of training events of each row, `(1 + len(ids),)`.
    """

    ids: list[str]
    vocabulary: str
    columns: dict[str, np.ndarray]
    events: np.ndarray

    def __len__(self) -> int:
        """Returns the number of rows, the unknown one included."""
        return len(self.ids) + 1


def read_table(files: list[str], transform: tft.TFTransformOutput) -> Table:
    """Reads a transformed table.

    Args:
      files: TFRecord files of its transformed Examples.
      transform: The transform's output, which declares the columns and holds the ids.

    Returns:
      The table, in the order of the id vocabulary.

    Raises:
      InputError: The table has no rows.
    """
    ids = [name.decode("utf-8") for name in transform.vocabulary_by_name(columns.INDEX)]
    if not ids:
        raise InputError("table-without-rows",
                         "The users or the items table is empty. Give at least one row of each.")
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP").batch(1024)
    spec = transform.transformed_feature_spec()
    parsed = [tf.io.parse_example(batch, spec) for batch in dataset]
    merged = {name: np.concatenate([part[name].numpy() for part in parsed]) for name in spec}
    position = merged.pop(columns.INDEX) + 1
    placed, declared = {}, columns_of(transform)
    for name, values in merged.items():
        full: np.ndarray = np.zeros((len(ids) + 1, *values.shape[1:]), declared[name].dtype)
        full[position] = values
        placed[name] = full
    events = placed.pop(columns.EVENTS, np.zeros(len(ids) + 1, np.int32))
    vocabulary = str(transform.vocabulary_file_by_name(columns.INDEX))
    return Table(ids, vocabulary, placed, events)
