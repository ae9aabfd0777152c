"""From a sample of a table to the facts of its columns.

TensorFlow Data Validation counts: types, presence, numbers of values, ranges and the strings of
small sets. What it does not look at is found in the values: moments, media, words, forms.
"""

import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow_data_validation as tfdv
from PIL import Image
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.decoding import decode
from components.sources.files.options import FileOptions
from components.sources.files.values import ValueFault, media_path
from pipeline.inference.cells import Cells, moments, read_cells
from pipeline.inference.sample import Sample
from schemas import MODALITIES, InputError
from schemas.inference.column import BYTES, FLOAT, INT, Column, usable
from schemas.media import MediaFault

_MOSTLY = 0.8
_TRIED = 5
_ARROW = {BYTES: pa.binary(), INT: pa.int64(), FLOAT: pa.float64()}
_FEW = 30  # different values that are kept to be shown
_LOOKED_AT = 1_000  # values whose form is looked at
_FORMS = {
    "mail address": re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}"),
    "phone number": re.compile(r"\+\d[\d ()/.-]{6,}\d|\(?\d{3}\)?[ -]\d{3}[ -]\d{4}"),
    "url": re.compile(r"https?://\S+"),
    "network address": re.compile(r"(\d{1,3}\.){3}\d{1,3}"),
}
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def media(raw: list[Any], folder: Path) -> tuple[str | None, str | None]:
    """Finds what media a column holds.

    Args:
      raw: Values that are there: encoded bytes, or paths from the media folder.
      folder: The media folder.

    Returns:
      `"image"`, `"audio"`, `"video"` or `None`, and why ingest cannot read any of the first five,
      or `None`.
    """
    for modality, files in ((one.name, one.files) for one in MODALITIES.values() if one.files):
        fit = sum(type(value) is type(raw[0]) and files.fits(value) for value in raw)
        if raw and fit >= _MOSTLY * len(raw):
            if files.moving and _moves(raw[:_TRIED], folder):
                modality = files.moving
            return modality, _fault(raw[:_TRIED], modality, folder.resolve())
    return None, None


def _moves(values: list[Any], folder: Path) -> bool:
    """Returns whether the first values are films in the form of GIFs: of several frames."""
    frames = []
    for value in values:
        try:
            with Image.open(io.BytesIO(value) if isinstance(value, bytes)
                            else folder / str(value)) as picture:
                frames.append(getattr(picture, "n_frames", 1))
        except (OSError, ValueError, SyntaxError):
            continue  # what cannot be read is reported elsewhere
    return bool(frames) and min(frames) > 1


def _fault(values: list[Any], modality: str, folder: Path) -> str | None:
    fault = None
    for value in values:
        try:
            if isinstance(value, str) and "://" in value:
                raise MediaFault("the values are addresses; ingest reads files, so fetch them")
            decode(value if isinstance(value, bytes) else media_path(folder, value), modality)
            return None
        except (MediaFault, ValueFault) as reason:
            where = f" (media_dir is {folder.name!r})" if isinstance(value, str) else ""
            fault = fault or f"{reason}{where}"
        except InputError:
            return f"ingest does not read {modality} yet"
    return fault


def profile(sample: Sample, options: FileOptions, names: dict[str, str],
            folder: Path) -> list[Column]:
    """Finds the facts of a table's columns.

    Args:
      sample: Some rows.
      options: List separator and decimal mark.
      names: The schema's name for a file's column, where the user has given one.
      folder: The media folder.

    Returns:
      The columns, in the order of the file.
    """
    taken = set(names.values())
    cells, given, raw = {}, {}, {}
    for position, (column, values) in enumerate(sample.cells.items(), start=1):
        name = names.get(column) or usable(column, position, taken)
        given[name] = column
        raw[name] = [value for value in values if value is not None]
        cells[name] = read_cells(values, options)
    schema, statistics = _statistics(cells)
    return [
        _column(name, given[name], raw[name], cells[name], schema[name], statistics[name],
                sample, folder)
        for name in cells
    ]


def _statistics(cells: dict[str, Cells]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns TFDV's first schema and its statistics, by column."""
    arrays = [pa.array(c.values, pa.list_(_ARROW[c.kind])) for c in cells.values()]
    batch = pa.RecordBatch.from_arrays(arrays, list(cells))
    options = tfdv.StatsOptions(num_top_values=_FEW, num_rank_histogram_buckets=_FEW)
    statistics = stats_impl.generate_statistics_in_memory(batch, options)
    schema = tfdv.infer_schema(statistics, infer_feature_shape=False, max_string_domain_size=_FEW)
    domains = {domain.name: tuple(domain.value) for domain in schema.string_domain}
    features = {f.name: (f, domains.get(f.domain, ())) for f in schema.feature}
    return features, {f.path.step[0]: f for f in statistics.datasets[0].features}


def _column(name: str, given: str, raw: list[Any], cells: Cells,
            inferred: tuple[schema_pb2.Feature, tuple[str, ...]],
            statistics: statistics_pb2.FeatureNameStatistics, sample: Sample,
            folder: Path) -> Column:
    feature, domain = inferred
    number = statistics.WhichOneof("stats") == "num_stats"
    common = (statistics.num_stats if number else statistics.string_stats).common_stats
    kind = schema_pb2.FeatureType.Name(feature.type)
    flat = [value for row in cells.values if row for value in row]
    whole = number and all(float(value).is_integer() for value in flat)
    modality, fault = media(raw[:_LOOKED_AT], folder)
    texts = [value for value in raw[:_LOOKED_AT] if isinstance(value, str)]
    # Encoded media name nothing; their paths may: ids such as b017.jpg.
    keys = frozenset() if modality and not texts else frozenset(_key(v, whole) for v in flat)
    # Where there are more values than TFDV ranks, its domain is but the first of them.
    closed = domain if len(domain) == statistics.string_stats.unique else ()
    few = tuple(sorted(keys, key=float)) if number and len(keys) <= _FEW else closed
    low, high = statistics.num_stats.min, statistics.num_stats.max
    span, dates = (None, False) if cells.listed else moments(raw)
    return Column(
        name=name, given=given, kind=kind, rows=sample.rows, present=common.num_non_missing,
        distinct=len(keys) if keys or not modality else len(set(raw)), complete=sample.complete,
        listed=cells.listed, most=max(common.max_num_values, 1),
        minimum=low if number else None, maximum=high if number else None, whole=whole,
        words=_words(flat, _UNSPACED), parts=_words(flat), values=few, keys=keys,
        forms=_forms(texts), moments=span, dates=dates, media=modality, media_fault=fault,
        notes=tuple(cells.notes),
    )


def _key(value: Any, whole: bool) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(int(value)) if whole else repr(value)


def _words(values: list[Any], single: re.Pattern | None = None) -> float:
    """Returns the words of a value on average; what matches `single` is a word of its own."""
    texts = [v.decode("utf-8", "replace") for v in values[:_LOOKED_AT] if isinstance(v, bytes)]
    if single:
        texts = [single.sub(" x ", text) for text in texts]
    count = sum(len(text.split()) for text in texts)
    return count / len(texts) if texts else 1.0


def _forms(texts: list[str]) -> frozenset[str]:
    return frozenset(
        name for name, form in _FORMS.items()
        if texts and sum(bool(form.fullmatch(t.strip())) for t in texts) >= _MOSTLY * len(texts)
    )
