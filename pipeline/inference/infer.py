"""`tessera schema infer`: writes proposed schemas, and a configuration to run them with."""

import json
from collections.abc import Iterable
from pathlib import Path

from google.protobuf import text_format
from rich.console import Console
from tensorflow_metadata.proto.v0 import schema_pb2

import pipeline.process  # noqa: F401  (before TensorFlow)
from components.sources.files.options import FileOptions
from pipeline.console import say
from pipeline.inference.sample import Sample, column_mapping, sample_tables
from pipeline.inference.tables import Tables
from schemas import SIDES, InputError, parse_spec
from schemas.inference import Column, Draft, draft, to_text
from schemas.inference.roles import Tagged
from schemas.spec import ROLES

_TEXT_OPTIONS = ("delimiter", "encoding", "quoting", "list_separator", "decimal", "media_dir")
_CONFIG = "my.yaml"


def infer(tables: Tables, out: Path, configured: bool, force: bool, console: Console) -> int:
    """Proposes the schemas of a user's files and writes them.

    Args:
      tables: The files.
      out: Folder for the schemas.
      configured: The user has a configuration, so that none is written.
      force: Schemas that are there are overwritten.
      console: Where the findings go.

    Returns:
      0, or 2 if a role was not found; the schemas are written all the same.

    Raises:
      InputError: A file cannot be read, or a schema is there already.
    """
    _require_absent(out, force)
    samples = sample_tables(tables)
    with console.status("Loading TensorFlow Data Validation"):
        from pipeline.inference.profile import profile
    folder = tables.data_dir / tables.options.media_dir
    columns = {side: profile(sample, tables.options, column_mapping(tables.options, side), folder)
               for side, sample in samples.items()}
    proposed = draft(columns, _tagged(out, console))
    texts = {side: to_text(proposed.features[side], _heading(side, proposed, samples.get(side)))
             for side in SIDES if proposed.features[side] or side in samples}
    if not proposed.missing:
        parse_spec(out.name, [texts[side] for side in SIDES])
    _write(out, texts)
    for side in texts:
        say(console, _summary(side, proposed, samples.get(side), out))
    if not configured:
        say(console, _write_config(tables, columns, proposed, out))
    undecided = sum(p.undecided for features in proposed.features.values() for p in features)
    say(console, f"{undecided + len(proposed.missing)} comments ask you to decide: look for "
                 f"DECIDE in {out}. Then: tessera schema check {out}")
    for sentence in proposed.missing:
        say(console, f"Not found. {sentence}")
    return InputError.exit_code if proposed.missing else 0


def _require_absent(out: Path, force: bool) -> None:
    there = [path for side in SIDES if (path := out / f"{side}.pbtxt").exists()]
    if there and not force:
        names = ", ".join(str(path) for path in there)
        raise InputError("schema-would-be-overwritten",
                         f"{names} would be overwritten. Give another folder with --out, or "
                         "--force.")
    if out.exists() and not out.is_dir():
        raise InputError("schema-folder-is-file",
                         f"{out} is no folder. Give another one with --out.")


def _tagged(out: Path, console: Console) -> Tagged:
    """Returns the roles in the schemas that are overwritten: a person may have given them."""
    tagged: Tagged = {}
    for side in SIDES:
        path = out / f"{side}.pbtxt"
        if not path.is_file():
            continue
        try:
            schema = text_format.Parse(path.read_text("utf-8"), schema_pb2.Schema())
        except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
            say(console, f"{path} is no schema ({error}): no role is taken from it.")
            continue
        tagged.update({(side, tag): feature.name for feature in schema.feature
                      for tag in feature.annotation.tag if tag in ROLES})
    return tagged


def _write(out: Path, texts: dict[str, str]) -> None:
    for side, text in texts.items():
        _write_text(out / f"{side}.pbtxt", text)


def _write_text(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("schema-not-written",
                         f"Cannot write {path}: {error.strerror}. Give another folder with "
                         "--out.") from error


def _heading(side: str, proposed: Draft, sample: Sample | None) -> list[str]:
    if sample is None:
        return proposed.headings[side]
    files = ", ".join(sample.files[:3]) + (", ..." if len(sample.files) > 3 else "")
    looked = f"all {sample.rows:,}" if sample.complete else f"the first {sample.rows:,}"
    unnamed = [f"Left out: {', '.join(map(repr, sample.unnamed))}. A column has a name of its own, "
               "without braces: rename them in the file to have them read."
               ] if sample.unnamed else []
    return [f"Proposed by `tessera schema infer` from {files}: {looked} rows. A person decides "
            "where it says DECIDE.", *unnamed, *proposed.headings[side]]


def _summary(side: str, proposed: Draft, sample: Sample | None, out: Path) -> str:
    features = proposed.features[side]
    roles = [f"{p.name} is {tag}" for p in features for tag in p.tags
             if tag in ("user_id", "item_id", "timestamp", "event_type")
             or tag.startswith("label:")]
    rows = f"{sample.rows:,} rows seen" if sample else "no table, ids only"
    faults = f", {len(sample.faults)} unreadable ({sample.faults[0]})" \
        if sample and sample.faults else ""
    return (f"{out / side}.pbtxt: {rows}{faults}, {len(features)} columns"
            f"{'; ' if roles else ''}{', '.join(roles)}")


def _write_config(tables: Tables, columns: dict[str, list[Column]], proposed: Draft,
                  out: Path) -> str:
    """Writes the configuration beside the schemas, if there is none; returns a line about it."""
    path = out.parent / _CONFIG
    if path.exists():
        return f"{path} is there already and stays as it is."
    _write_text(path, "\n".join(_config(tables, columns, proposed, out)) + "\n")
    return f"{path}: a configuration to start from; tessera run --config {path}"


def _config(tables: Tables, columns: dict[str, list[Column]], proposed: Draft,
            out: Path) -> Iterable[str]:
    yield f"dataset: {tables.dataset}"
    yield f"schemas: {_scalar(out.name)}"
    if tables.data_dir.resolve() != out.parent.resolve():
        yield f"data_dir: {_scalar(str(tables.data_dir.resolve()))}"
    if not proposed.timed:
        yield "split: random                # no column holds a time"
    if not {"rating", "like"} <= set(proposed.labels):
        yield (f"# recipe: mine.yaml          # the default learns the labels rating and like; "
               f"here: {', '.join(proposed.labels) or 'none'}")
    yield "source:"
    default = FileOptions.model_fields
    for key in _TEXT_OPTIONS:
        value = getattr(tables.options, key)
        if value != default[key].default:
            yield f"  {key}: {_scalar(value)}"
    for side in reversed(SIDES):
        table = tables.options.table(side)
        if table is None:
            continue
        files = [_scalar(pattern) for pattern in table.files]
        yield f"  {side}:"
        yield f"    files: {files[0] if len(files) == 1 else '[' + ', '.join(files) + ']'}"
        renamed = [f"{c.name}: {_scalar(c.given)}" for c in columns[side] if c.name != c.given]
        if renamed:
            yield f"    columns: {{{', '.join(renamed)}}}"


def _scalar(text: str) -> str:
    """Returns a text as YAML reads it back: JSON's strings are YAML's, with marks escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
