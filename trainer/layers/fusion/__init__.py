"""Fusion: the vectors of all modalities to one, with a weight for each.

Every fusion maps `((batch, modalities, width), (batch, modalities))`, vectors and flags that say
what is present, to `(fused (batch, dim), weights (batch, modalities))`. Weights sum to 1, and an
absent modality has weight 0. Where all are absent, the result is that of their tokens, and all
weights are 0.
"""

from trainer.layers.fusion.attention import AttentionFusion, CoAttentionFusion
from trainer.layers.fusion.joint import ConcatFusion, GatedFusion, WeightedFusion
from trainer.layers.fusion.late import HybridFusion, LateFusion

FUSIONS = {
    "concat": ConcatFusion,
    "weighted": WeightedFusion,
    "gated": GatedFusion,
    "attention": AttentionFusion,
    "co_attention": CoAttentionFusion,
    "late": LateFusion,
    "hybrid": HybridFusion,
}
