"""Requests of real ids and real content, from what a run left of its model's making."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.malformed_requests import warm_up_requests
from components.server_validator.validation import Prediction, load_predictions
from pipeline.lineage import Provenance
from serving import wire
from serving.signature import COUNT, HISTORY
from serving.tensors import ndarray, tensor_proto

USER_ID, ITEM_ID, EXAMPLES = "user_id", "item_id", "examples"
_MOMENT = (HISTORY, "timestamp")
_ROWS, _CANDIDATES, _MOST = 50, 5, 1_000
Row = Mapping[str, Sequence[Any]]
Question = tuple[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Material:
    """What requests are made of.

    Attributes:
      samples: A whole request by signature, such as the version's own warm-up.
      users: Ids that the model knows.
      items: Items of the catalogue.
      rows: By side the content of some users and items, by column.
      modalities: By side the modality of each column that the model reads.
      histories: Inputs of requests that bring a history, without a user's id.
      examples: Interactions as serialized Examples.
    """

    samples: Mapping[str, Mapping[str, np.ndarray]]
    users: Sequence[str]
    items: Sequence[str]
    rows: Mapping[str, Sequence[Row]]
    modalities: Mapping[str, Mapping[str, str]]
    histories: Sequence[Mapping[str, Any]]
    examples: Sequence[bytes]

    def content(self, sample: Mapping[str, np.ndarray]) -> dict[str, tuple[str, str]]:
        """Returns the side and the column of each input of a request that is content."""
        places = {key: (side, column) for side, columns in self.modalities.items()
                  for column in columns for key in (f"{side}_{column}", column)}
        # Both sides may have a column of one name, and then the prefix says whose it is.
        places |= {column: ("items", column) for column in self.modalities["items"]}
        return {key: places[key] for key in sample if key in places}

    def value(self, key: str, n: int) -> Any:
        """Returns what a user and an item send as one of the inputs that are no content.

        The ids come first; then users without one that send a history each.
        """
        sent = n - len(self.users)
        if key == USER_ID:
            return self.users[n] if sent < 0 else ""
        if sent >= 0 and self.histories and key in self.histories[0]:
            return self.histories[sent % len(self.histories)][key]
        if key == "candidates":
            return [self.items[(n + place) % len(self.items)] for place in range(_CANDIDATES)]
        among = {ITEM_ID: self.items, EXAMPLES: self.examples, "index": range(len(self.items))}
        return among[key][n % len(among[key])] if key in among else None


def questions(material: Material, users: int, each: int = 1) -> Iterator[Question]:
    """Yields requests of each signature: its sample, all subsets of modalities, and users.

    Args:
      material: What they are made of.
      users: How many users each signature is asked for that reads some, or how many rows of what
        else it reads.
      each: Of the subsets each one is sent, or each second and so on.

    Yields:
      The signature and its inputs.
    """
    modalities = {one for columns in material.modalities.values() for one in columns.values()}
    for name, sample in material.samples.items():
        yield name, dict(sample)
        content = material.content(sample)
        if content:
            read = sorted({material.modalities[side][column] for side, column in content.values()})
            for place, kept in enumerate(itertools.islice(_subsets(read), None, None, each)):
                yield name, _request(material, sample, range(2 * place, 2 * place + 2), set(kept))
        count = users if {USER_ID, EXAMPLES} & set(sample) else min(users, len(material.items))
        for start in range(0, count, _ROWS):
            some = range(start, min(start + _ROWS, count))
            yield name, _request(material, sample, some, modalities)


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return itertools.chain.from_iterable(
        itertools.combinations(names, size) for size in range(len(names) + 1))


def _request(material: Material, sample: Mapping[str, np.ndarray], rows: Sequence[int],
             kept: set[str]) -> dict[str, np.ndarray]:
    """Returns a request of some rows, with the content of some modalities alone."""
    content = material.content(sample)
    arrays = {}
    for key, array in sample.items():
        values = []
        for n in rows:
            if key == COUNT:
                value = array.max()
            elif key in content:
                side, column = content[key]
                row = material.rows[side][n % len(material.rows[side])]
                value = row.get(column) if material.modalities[side][column] in kept else None
                value = _absent(array) if not value else value if array.ndim > 1 else value[0]
            else:
                value = material.value(key, n)
                if value is None:  # a stored history is absent; of all else there are two kinds
                    value = array[0 if key.startswith(_MOMENT) else n % len(array)]
            values.append(value)
        arrays[key] = _stacked(values, array)
    return arrays


def _absent(array: np.ndarray) -> Any:
    absent = b"" if array.dtype == object else -1
    return [absent] if array.ndim > 1 else absent


def _stacked(values: Sequence[Any], like: np.ndarray) -> np.ndarray:
    """Returns a row for each value, all as wide as the widest, in the form of another request."""
    if like.ndim == 1:
        rows = [[value] for value in values]
    else:
        width = max(len(value) for value in values)
        rows = [[*value, *_absent(like) * (width - len(value))] for value in values]
    if like.dtype == object:
        rows = [[one.encode() if isinstance(one, str) else one for one in row] for row in rows]
    stacked = np.array(rows, like.dtype)
    return stacked[:, 0] if like.ndim == 1 else stacked


def drawn_histories(inputs: Sequence[Mapping[str, Any]], items: Sequence[str],
                    count: int) -> list[dict[str, Any]]:
    """Makes histories that nobody has: those of some requests, with items drawn anew.

    Args:
      inputs: Inputs of requests of one row, of which some bring a history.
      items: Items of the catalogue.
      count: How many.
    """
    key = HISTORY + ITEM_ID
    sent = [{name: values[0] for name, values in one.items() if name not in (USER_ID, COUNT)}
            for one in inputs if any(one.get(key, [[]])[0])]
    drawn = np.random.default_rng(7)
    return [{**one, key: [str(drawn.choice(items)) if there else "" for there in one[key]]}
            for one in itertools.islice(itertools.cycle(sent), count)] if sent else []


def recorded(root: Path, model: Path) -> list[Prediction]:
    """Returns what the trained model responded, from the artifacts of its run.

    Raises:
      InputError: The root is not that of the model's run.
    """
    made = Provenance(root, model)
    return load_predictions(str(made.folder(made.outputs(made.exporter)["predictions"])))


def material_of(root: Path, model: Path) -> Material:
    """Reads what requests of a pushed version are made of.

    Args:
      root: The root of the run that pushed it.
      model: Its folder.
    """
    from pipeline.explanation.lineage import pushed_source
    from pipeline.explanation.rows import find_rows, first_ids

    source = pushed_source(root, model.parent)
    ids = {side: first_ids(folder, source.spec, side, _MOST)
           for side, folder in source.tables.items()}
    rows = {side: list(find_rows(folder, source.spec, side, ids[side]).values())
            for side, folder in source.tables.items()}
    modalities = {side: {one.name: str(one.modality) for one in source.bound.inputs(side)}
                  for side in source.tables}
    inputs = [one.inputs for one in recorded(root, model) if one.signature == "recommend"]
    return Material(
        {name: {key: ndarray(tensor) for key, tensor in request.inputs.items()}
         for name, request in warm_up_requests(model).items()},
        ids["users"], ids["items"],
        {side: _fullest_first(rows[side], modalities[side]) for side in rows},
        modalities, drawn_histories(inputs, ids["items"], _MOST), _interactions(root, model))


def _fullest_first(rows: Sequence[Row], columns: Collection[str]) -> list[Row]:
    return sorted(rows, key=lambda row: -sum(bool(row.get(column)) for column in columns))


def _interactions(root: Path, model: Path, count: int = _MOST) -> list[bytes]:
    """Returns raw interactions that the model was made of."""
    import tensorflow as tf

    made = Provenance(root, model)
    transform = made.maker(made.inputs(made.exporter)["interactions"])
    folder = made.folder(made.inputs(transform)["examples"])
    files = sorted(str(path) for path in folder.glob("Split-*/*.gz"))
    return list(tf.data.TFRecordDataset(files, "GZIP").take(count).as_numpy_iterator())


def load_requests(root: Path, model: Path, signature: str, count: int) -> list[bytes]:
    """Returns requests of one row, each of another user or another interaction.

    Args:
      root: The root of the run that pushed the model.
      model: The folder of the version.
      signature: `recommend`, of k = 10 and no history, or `predict_examples`.
      count: How many there are at most.
    """
    if signature == "predict_examples":
        examples = _interactions(root, model, count)
        return [_written(signature, {EXAMPLES: np.array([one], object)}) for one in examples]
    one_of = {one.inputs[USER_ID][0]: one for one in recorded(root, model)
              if one.signature == signature and one.inputs[USER_ID][0]}
    sample = warm_up_requests(model)[signature]
    absent = {key: ndarray(tensor)[:1] for key, tensor in sample.inputs.items()}  # of no content
    return [_written(signature, {**absent, USER_ID: np.array([user], object),
                                 COUNT: np.array([10], np.int32)})
            for user in itertools.islice(one_of, count)]


def _written(signature: str, inputs: Mapping[str, np.ndarray]) -> bytes:
    request: Any = wire.message("PredictRequest")()
    request.model_spec.name, request.model_spec.signature_name = "tessera", signature
    for key, array in inputs.items():
        request.inputs[key].CopyFrom(tensor_proto(array))
    return request.SerializeToString()
