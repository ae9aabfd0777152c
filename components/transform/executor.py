"""TFX's stock Transform executor, with batches bounded by their size in bytes."""

from absl import flags
from tfx.components.transform import executor as stock

_FLAG = "tfxio_use_byte_size_batching"


class Executor(stock.Executor):
    """Batches rows up to 20 MiB: a thousand rows, as usual, of media would not fit in memory.

    TFX has no parameter for the batch size; tfx_bsl has this flag, which it reads from the
    process's flags.
    """

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Does what the stock executor does."""
        if not flags.FLAGS.is_parsed():
            flags.FLAGS.mark_as_parsed()
        before = flags.FLAGS[_FLAG].value
        flags.FLAGS[_FLAG].value = True
        try:
            super().Do(input_dict, output_dict, exec_properties)
        finally:
            flags.FLAGS[_FLAG].value = before
