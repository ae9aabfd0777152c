"""What the data is: one folder of schemas per dataset and the reader that turns it into a spec."""

from schemas.errors import DataAnomalyError, InputError, TesseraError, unknown
from schemas.modality import MODALITIES
from schemas.reader import available, parse_spec, read_spec
from schemas.spec import ENTITIES, SIDES, Feature, FeatureSpec, Label

__all__ = [
    "ENTITIES", "MODALITIES", "SIDES", "DataAnomalyError", "Feature", "FeatureSpec",
    "InputError", "Label", "TesseraError", "available", "parse_spec", "read_spec", "unknown",
]
