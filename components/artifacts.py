"""Artifact types of our own components; everything else is a standard TFX artifact."""

from tfx.types import artifact

# Custom properties of artifacts: of a table, the fingerprint of the files that it was read from; of
# a table and a profile, the newest span that was read; of a model, the run that made it.
FINGERPRINT, SPAN, RUN = "fingerprint", "span", "run"


class Quarantine(artifact.Artifact):
    """Records and values left out at ingest: `quarantine.jsonl` and `counts.json`."""

    TYPE_NAME = "tessera.Quarantine"


class DataReport(artifact.Artifact):
    """What the data looks like: `data_report.html` and `data_report.json`."""

    TYPE_NAME = "tessera.DataReport"


class DataProfile(artifact.Artifact):
    """What a run's data are like: `profile.json`, and statistics of the tables."""

    TYPE_NAME = "tessera.DataProfile"


class DataVerdict(artifact.Artifact):
    """Whether a run's data are fit: `data_verdict.json`."""

    TYPE_NAME = "tessera.DataVerdict"


class Weights(artifact.Artifact):
    """All that training learned, in a form of the recipe's family, see `trainer.families`."""

    TYPE_NAME = "tessera.Weights"


class Predictions(artifact.Artifact):
    """What the trained model predicted before export, with its requests: `predictions.json`."""

    TYPE_NAME = "tessera.Predictions"


class Encodings(artifact.Artifact):
    """What pretrained encoders made of the tables, see `trainer.encoders.encodings`."""

    TYPE_NAME = "tessera.Encodings"


class Verdict(artifact.Artifact):
    """The outcome of one check: `verdict.json`, see `components.verdict`."""

    TYPE_NAME = "tessera.Verdict"


class Card(artifact.Artifact):
    """What a model is: `model_card.md`, `model_card.html` and `lineage.json`."""

    TYPE_NAME = "tessera.Card"


class Scores(artifact.Artifact):
    """What a model that is no SavedModel says of the test split: written scores."""

    TYPE_NAME = "tessera.Scores"
