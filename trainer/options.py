"""The shapes of a recipe's tree: strict sections, one way of several, some of a registry."""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

# True is no number and '64' is none; an integer may be given for a number, not the other way round.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Count = Annotated[Whole, Field(gt=0, lt=2**31)]
# Of a vector: beyond it are only mistakes, and a model that no memory holds.
Width = Annotated[Whole, Field(gt=0, le=4096)]
# Beyond these bounds float32 has infinity or zero, and training ends in NaN.
Positive = Annotated[Number, Field(ge=1e-9, le=1e9)]
Weight = Annotated[Number, Field(ge=0.0, le=1e9)]
Share = Annotated[Number, Field(ge=0.0, lt=1.0)]
Strength = Annotated[Number, Field(ge=0.0, le=1.0)]
Entry = TypeVar("Entry")
Options = TypeVar("Options", bound="Strict")
TUNABLE = "tunable"
# A field that `tessera tune` may vary: training reads it, Transform does not.
Tuned = Annotated[Entry, TUNABLE]


class Strict(BaseModel):
    """Unknown keys are errors, numbers are finite, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Way(Strict):
    """One way of several; a recipe writes its name, or its name with options.

    Attributes:
      name: What recipes call it.

    Example:
      `fusion: gated` and `fusion: {late: {decision: stack}}` are both ways to fuse.
    """

    name: ClassVar[str]

    @property
    def options(self) -> dict[str, Any]:
        """The options by name, as a layer takes them: those without a value are left out."""
        return {key: value.name if isinstance(value, Way) else value
                for key, value in self if value is not None}

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, given: Any) -> Any:
        if given == cls.name:
            return {}
        if isinstance(given, dict) and cls.name in given:
            return {} if given[cls.name] is None else given[cls.name]
        return given

    @model_serializer(mode="wrap")
    def _wrapped(self, dump: Any) -> Any:
        options = dump(self)
        return {self.name: options} if options else self.name


class OneOf:
    """The annotation of a field that holds one `Way` of several.

    Args:
      *ways: The ways; a name alone is a way without options.

    Attributes:
      options: The ways by name.
    """

    def __init__(self, *ways: type[Way] | str) -> None:
        classes = [plain(way) if isinstance(way, str) else way for way in ways]
        self.options: Mapping[str, type[Way]] = {way.name: way for way in classes}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Returns the schema that distinguishes the ways by their names."""
        return core_schema.tagged_union_schema(
            {name: handler.generate_schema(way) for name, way in self.options.items()},
            discriminator=_name, custom_error_type="unknown_way",
            custom_error_message="one of these is allowed, by its name or as {name: {options}}: "
                                 + ", ".join(self.options))


class SomeOf:
    """The annotation of a field that holds options by the names of a registry.

    A list of names means the same names without options. The registry is asked when a recipe
    is read, so that names which were registered later are known too.

    Args:
      classes: Returns the classes of options by name, when a recipe is read.
    """

    def __init__(self, classes: Callable[[], Mapping[str, type[Strict]]]) -> None:
        self._classes = classes

    @property
    def options(self) -> Mapping[str, type[Strict]]:
        """The classes by name, as they are registered now."""
        return self._classes()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Returns the schema that reads each entry by the class of its name."""
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(
                _dumped, info_arg=True))

    def _read(self, given: Any) -> dict[str, Strict]:
        known = self.options
        if isinstance(given, list | tuple | str):
            names = [given] if isinstance(given, str) else list(given)
            if len({*map(str, names)}) < len(names):
                raise ValueError(f"a name is there twice: {names}")
            given = dict.fromkeys(map(str, names))
        if not isinstance(given, dict):
            raise ValueError("a list of names is allowed, or a mapping from names to options; "
                             f"known are: {', '.join(known)}")
        entries = {name: _entry(known, name, options) for name, options in given.items()}
        # The order is the registry's: JSON with sorted keys would else be another network.
        return {name: entries[name] for name in known if name in entries}


class OneRegistered:
    """The annotation of a field that holds the one `Way` that a registry has for its name.

    Args:
      ways: Returns the ways by name, when a recipe is read.
    """

    def __init__(self, ways: Callable[[], Mapping[str, type[Way]]]) -> None:
        self._ways = ways

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Returns the schema that asks the registry."""
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(
                lambda way, info: way.model_dump(**_how(info)), info_arg=True))

    def read(self, given: Any) -> Way:
        """Returns the way that is given, or written by its name, or as `{name: {options}}`.

        Raises:
          ValueError: The registry has none of that name, or an option is wrong.
        """
        name = _name(given)
        if name is None:
            raise ValueError("a name is allowed, or one name with its options; known are: "
                             f"{', '.join(self.options)}")
        return _entry(self.options, name, given)

    @property
    def options(self) -> Mapping[str, type[Way]]:
        """The ways by name, as they are registered now."""
        return self._ways()


def _entry(registry: Mapping[str, type[Options]], name: str, options: Any) -> Options:
    if name not in registry:
        raise ValueError(f"unknown name {name!r}; known are: {', '.join(registry)}")
    try:
        return registry[name].model_validate({} if options is None else options)
    except ValidationError as error:
        raise ValueError(faults(error, name)) from error


def faults(error: ValidationError, *above: str) -> str:
    """Returns all faults as clauses, each with its dotted key.

    Args:
      error: What pydantic found.
      *above: The keys above those that it names.
    """
    clauses = ((".".join(map(str, (*above, *fault["loc"]))),
                fault["msg"].removeprefix("Value error, ")) for fault in error.errors())
    return "; ".join(": ".join(filter(None, clause)) for clause in clauses)


@functools.cache
def plain(name: str) -> type[Way]:
    """Returns the way of a name that has no options; the same class for the same name."""
    return type(name.title().replace("_", ""), (Way,), {"name": name, "__doc__": name,
                                                        "__module__": __name__})


def _name(given: Any) -> str | None:
    if isinstance(given, Way):
        return given.name
    if isinstance(given, dict) and len(given) == 1:
        return str(next(iter(given)))
    return given if isinstance(given, str) else None


def _dumped(given: dict[str, Strict], info: core_schema.SerializationInfo) -> dict[str, Any]:
    return {name: options.model_dump(**_how(info)) for name, options in given.items()}


def _how(info: core_schema.SerializationInfo) -> dict[str, Any]:
    return {"mode": info.mode, "exclude_unset": info.exclude_unset,
            "exclude_defaults": info.exclude_defaults}


def look_up(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Returns a registry's entry.

    Args:
      registry: Entries by name.
      name: What to look up.
      kind: What the entries are, for the message.

    Returns:
      The entry.

    Raises:
      ValueError: There is none of that name; the message lists those there are.
    """
    if name not in registry:
        known = ", ".join(f"'{known}'" for known in registry)
        raise ValueError(f"There is no {kind} '{name}'; known are {known}.")
    return registry[name]
