"""What modalities share that describe content without a tower."""

from keras import ops

from trainer.preprocessing import columns

_GRID = 4


def pixels(name: str, read):
    """Returns the colours of a feature's pictures, -0.5 to 0.5."""
    return ops.cast(read[name], "float32") / 255.0 - 0.5


def numbers(values):
    """Returns values as float32."""
    return ops.cast(values, "float32")


def indicators(indices):
    """Returns the weights of a row's values, all alike, `(batch, values)`; 0 for none."""
    return unit(ops.cast(indices > 0, "float32"))


def bounded(values):
    """Returns numbers `(batch,)` between -1 and 1, `(batch, 1)`."""
    return ops.tanh(ops.cast(values, "float32"))[:, None]


def mean_frame(frames):
    """Returns the mean of a video's frames, `(batch, frames, ...)`."""
    return ops.mean(frames, axis=1)


def presence(name: str, read):
    """Returns 1.0 where a feature has a value, `(batch, 1)`."""
    return ops.cast(read[columns.present(name)], "float32")[:, None]


def colours(pixels):
    """Describes pictures by mean and deviation of each colour in a grid of four by four cells.

    Args:
      pixels: `(batch, height, width, colours)`, 8 pixels a side at least.

    Returns:
      `(batch, 4 * 4 * 2 * colours)`.
    """
    height, width, depth = pixels.shape[1:]
    tall, wide = height // _GRID, width // _GRID
    cut = pixels[:, : tall * _GRID, : wide * _GRID]
    cells = ops.reshape(cut, (-1, _GRID, tall, _GRID, wide, depth))
    mean = ops.mean(cells, axis=(2, 4))
    deviation = ops.sqrt(ops.maximum(ops.mean(ops.square(cells), axis=(2, 4)) - mean * mean, 0.0))
    return ops.reshape(ops.concatenate([mean, deviation], axis=-1), (-1, _GRID**2 * 2 * depth))


def unit(vectors):
    """Scales vectors `(batch, width)` to length 1; zeros stay."""
    length = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
    return vectors / ops.maximum(length, 1e-6)
