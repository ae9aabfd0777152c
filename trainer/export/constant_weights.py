"""A network's weights as constants of the exported graph.

A server looks each variable up and reads it in each request, which takes as long as most
operations on it; and what is computed from constants alone is computed once.
"""

import keras
from keras import ops

from trainer.layers.lookup import TableLookup
from trainer.network.model import Network

_MOST_BYTES = 1 << 20


def constant_weights(network: Network) -> keras.StatelessScope:
    """Returns a context in which functions are traced with a network's weights as constants.

    Tables stay variables: a row of one is read without the others, and users' rows are forgotten.

    Args:
      network: The trained network.
    """
    layers = [layer for part in (network.user, network.item, *network.heads.values())
              for layer in part._flatten_layers()]
    tables = {id(weight) for layer in layers
              if isinstance(layer, (TableLookup, keras.layers.Embedding))
              for weight in layer.variables}
    small = {id(one): one for layer in layers for one in layer.variables
             if id(one) not in tables and one.value.dtype.size * one.shape.num_elements()
             <= _MOST_BYTES}
    return keras.StatelessScope(state_mapping=[
        (one, ops.convert_to_numpy(one)) for one in small.values()])
