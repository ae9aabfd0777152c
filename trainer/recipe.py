"""What a recipe may say: the validated tree behind each YAML file of `pipeline/recipes`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from schemas.media import SOUND_SECONDS, VIDEO_FRAMES, VIDEO_SIDE

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Modality = Literal["categorical", "numeric", "text", "image", "audio", "video"]


class _Strict(BaseModel):
    """Unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoricalOptions(_Strict):
    """Preprocessing of categorical columns."""

    vocabulary: PositiveInt = 10_000


class TextOptions(_Strict):
    """Preprocessing of texts: words kept of each, and words known."""

    tokens: PositiveInt = 48
    vocabulary: PositiveInt = 8_000


class ImageOptions(_Strict):
    """Preprocessing of pictures: size of the tensor in pixels."""

    height: Annotated[int, Field(ge=8, le=512)] = 32
    width: Annotated[int, Field(ge=8, le=512)] = 32


class AudioOptions(_Strict):
    """Preprocessing of sounds: seconds heard from the middle, mel bands, cepstral coefficients."""

    seconds: Annotated[float, Field(ge=0.1, le=SOUND_SECONDS)] = 4.0
    mels: Annotated[int, Field(ge=8, le=128)] = 40
    mfcc: Annotated[int, Field(ge=1, le=40)] = 13

    @model_validator(mode="after")
    def _fewer_coefficients(self) -> "AudioOptions":
        if self.mfcc > self.mels:
            raise ValueError(f"mfcc is {self.mfcc}, at most mels ({self.mels}) is possible")
        return self


class VideoOptions(_Strict):
    """Preprocessing of videos: frames seen, evenly chosen, and their size in pixels."""

    frames: Annotated[int, Field(ge=2, le=VIDEO_FRAMES)] = 8
    height: Annotated[int, Field(ge=8, le=VIDEO_SIDE)] = 32
    width: Annotated[int, Field(ge=8, le=VIDEO_SIDE)] = 32


class Preprocessing(_Strict):
    """Options of Transform, by modality."""

    categorical: CategoricalOptions = CategoricalOptions()
    text: TextOptions = TextOptions()
    image: ImageOptions = ImageOptions()
    audio: AudioOptions = AudioOptions()
    video: VideoOptions = VideoOptions()


class ModelOptions(_Strict):
    """Shape of the network.

    Attributes:
      dim: Width of all vectors.
      dropout: Share of a layer's outputs that training drops.
      id_dropout: Share of ids that training hides, so that content alone learns to serve.
      stranger_dropout: Share of rows whose user training makes unknown in every respect.
      history: Whether the user's earlier events are read, where the dataset has them.
      modality_dropout: Chance of each present modality to be hidden in training; one always stays.
      fusion: How modalities become one vector.
      decision: How the modalities' decisions are joined, where `fusion` is `late` or `hybrid`;
        `average` where `None`.
      sharing: How one vector becomes one for each task.
      experts: Experts of `mmoe`, 4 where `None`; of `ple` those of each task, and shared ones, 2
        where `None`.
    """

    dim: PositiveInt = 64
    dropout: Share = 0.3
    id_dropout: Share = 0.1
    stranger_dropout: Share = 0.05
    history: bool = True
    modality_dropout: Share = 0.0
    fusion: Literal[
        "concat", "weighted", "gated", "attention", "co_attention", "late", "hybrid"
    ] = "gated"
    decision: Literal["average", "vote", "stack"] | None = None
    sharing: Literal["shared_bottom", "mmoe", "ple"] = "shared_bottom"
    experts: PositiveInt | None = None

    @model_validator(mode="after")
    def _options_have_a_reader(self) -> "ModelOptions":
        if self.decision is not None and self.fusion not in ("late", "hybrid"):
            raise ValueError(f"'decision' was given ('{self.decision}'), but only the fusions "
                             f"'late' and 'hybrid' decide; 'fusion' is '{self.fusion}'")
        if self.experts is not None and self.sharing not in ("mmoe", "ple"):
            raise ValueError(f"'experts' was given ({self.experts}), but only the sharings "
                             f"'mmoe' and 'ple' have experts; 'sharing' is '{self.sharing}'")
        return self


class Task(_Strict):
    """One thing that the model learns.

    Attributes:
      head: `retrieval` ranks the catalogue, `regression` predicts a value, `binary` a
        probability, `click` the probability of an event, learned against unseen items.
      label: The schema's label; for `retrieval` and `click`, the label that makes an event a
        positive one (every event, where there is none).
      weight: Weight of the task's loss under fixed balancing.
    """

    head: Literal["retrieval", "regression", "binary", "click"]
    label: str | None = None
    weight: PositiveFloat = 1.0

    @model_validator(mode="after")
    def _has_label(self) -> "Task":
        if self.head in ("regression", "binary") and self.label is None:
            raise ValueError(f"a task with head '{self.head}' needs a label")
        return self

    @property
    def probability(self) -> bool:
        """Whether the head predicts a probability."""
        return self.head in ("binary", "click")


class Training(_Strict):
    """How the model is fitted.

    Attributes:
      batch_size: Rows a step; where `None`, a power of two from 128 to 4096 that makes about 80
        steps an epoch, so that a small dataset gets enough steps and a large one enough negatives.
      hard_negatives: How many of a batch's negatives count in retrieval for each row, those with
        the largest logits; all where `None`.
      alignment: Weight of a loss that lets an item's modalities recognize each other.
    """

    batch_size: PositiveInt | None = None
    learning_rate: PositiveFloat = 1e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 1e-4
    temperature: PositiveFloat = 1.0
    hard_negatives: PositiveInt | None = None
    alignment: Annotated[float, Field(ge=0.0)] = 0.0
    max_epochs: PositiveInt = 30
    patience: PositiveInt = 3
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"

    @model_validator(mode="after")
    def _batch_has_the_negatives(self) -> "Training":
        rows, hard = self.batch_size, self.hard_negatives
        if rows is not None and hard is not None and hard >= rows:
            raise ValueError(f"'hard_negatives' is {hard}, but a batch of {rows} rows has "
                             f"{rows - 1} negatives for each")
        return self


class Recipe(_Strict):
    """A model and how to train it, without a word about any dataset.

    Attributes:
      description: One line for `tessera recipes`.
      modalities: Modalities that the towers read, of users and of items.
      relevant: The label that makes an event relevant in the ranking evaluation; that of the
        retrieval task, where there is none.
      tasks: What is learned, by name.
    """

    description: str
    modalities: tuple[Modality, ...] = ("categorical", "numeric", "text", "image")
    relevant: str | None = None
    preprocessing: Preprocessing = Preprocessing()
    model: ModelOptions = ModelOptions()
    tasks: dict[str, Task]
    balancing: Literal["fixed", "uncertainty", "gradnorm", "pcgrad"] = "fixed"
    training: Training = Training()

    @model_validator(mode="after")
    def _one_retrieval(self) -> "Recipe":
        heads = [task.head for task in self.tasks.values()]
        if heads.count("retrieval") != 1:
            raise ValueError("exactly one task must have the head 'retrieval'")
        return self

    @model_validator(mode="after")
    def _losses_have_names_of_their_own(self) -> "Recipe":
        if self.training.alignment and "alignment" in self.tasks:
            raise ValueError("no task may be called 'alignment' while 'training.alignment' is "
                             "above 0: the losses would have one name")
        return self

    @property
    def retrieval(self) -> str:
        """The name of the retrieval task."""
        return next(name for name, task in self.tasks.items() if task.head == "retrieval")

    @property
    def relevance(self) -> str | None:
        """The label that makes an event relevant; every event is, where there is none."""
        return self.relevant or self.tasks[self.retrieval].label

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that training and its early stopping read."""
        named = (*(task.label for task in self.tasks.values()), self.relevance)
        return tuple(dict.fromkeys(label for label in named if label))

    @property
    def judged(self) -> dict[str, Task]:
        """The tasks whose predictions are held against labels: all but retrieval."""
        return {name: task for name, task in self.tasks.items() if task.head != "retrieval"}
