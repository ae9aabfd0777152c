"""Small square patches of pictures, without their brightness and contrast."""

from keras import ops

PATCH = 6  # pixels a side
_STEPS = 16  # places along a side, at most
_FLAT = 10.0  # what is added to a patch's variance, so that a flat one stays flat


def patches(pixels):
    """Cuts pictures into overlapping patches and normalizes each.

    Neighbours are half a patch apart, in large pictures further, so that their number is bounded.
    Normalized as in Coates, Ng and Lee 2011, "An analysis of single-layer networks in unsupervised
    feature learning", section 3.1.

    Args:
      pixels: Colour values 0 to 255, `(batch, height, width, 3)`, of at least 6 by 6 pixels.

    Returns:
      float32 `(batch, patches, 108)`, each with mean 0 and, unless it is flat, deviation 1.
    """
    pixels = ops.cast(pixels, "float32")
    strides = [max(PATCH // 2, -(-(side - PATCH) // (_STEPS - 1))) for side in pixels.shape[1:3]]
    cut = ops.image.extract_patches(
        pixels, (PATCH, PATCH), strides=tuple(strides), data_format="channels_last")
    flat = ops.reshape(cut, (-1, cut.shape[1] * cut.shape[2], cut.shape[3]))
    centred = flat - ops.mean(flat, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return centred / ops.sqrt(variance + _FLAT)
