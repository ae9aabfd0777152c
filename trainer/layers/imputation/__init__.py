"""Imputation: what stands in the place of absent modalities, between towers and fusion.

Every imputation maps `(vectors, present, truth, there)` to `(filled, usable, loss)`. `vectors`
`(batch, modalities, dim)` and `present` `(batch, modalities)` are what fusion would get without
it, tokens in the place of what is absent or hidden; `truth` and `there` are the same before
modality dropout hid anything. In a row that has something, each modality is usable afterwards: a
guess takes part in the fusion, or it could change nothing. A row that has nothing keeps its
tokens. `loss` `(batch,)` is what the row's guesses cost in training, 0 for an imputation that
does not learn.
"""

from trainer.layers.imputation.adversarial import AdversarialImputation
from trainer.layers.imputation.mean import MeanImputation
from trainer.layers.imputation.regression import RegressionImputation

IMPUTATIONS = {
    "mean": MeanImputation,
    "regression": RegressionImputation,
    "adversarial": AdversarialImputation,
}
