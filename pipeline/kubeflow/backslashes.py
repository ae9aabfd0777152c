"""Strings with backslashes on PostgreSQL, which ML Metadata 1.16 cannot store.

It quotes what PostgreSQL's client library has quoted already: of a string with a backslash the
library makes `E'...'`, which then stands within quotes and is an error of syntax. Schemas and
recipes are JSON within JSON and full of backslashes. So another character stands for them there.
"""

import functools
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message
from ml_metadata.metadata_store import metadata_store

_STAND_IN = "\ue05c"  # of Unicode's private area, where nothing is ever defined


@functools.cache
def keep_backslashes() -> None:
    """Lets this process' metadata stores send and read a stand-in for backslashes."""
    plain = metadata_store.MetadataStore._pywrap_cc_call

    def call(self, method, request: Message, response: Message) -> None:
        sent = type(request)()
        sent.CopyFrom(request)
        replace(sent, "\\", _STAND_IN)
        plain(self, method, sent, response)
        replace(response, _STAND_IN, "\\")

    metadata_store.MetadataStore._pywrap_cc_call = call


def replace(message: Message, old: str, new: str) -> None:
    """Replaces a character in all strings of a message but the keys of its maps."""
    for field, value in message.ListFields():
        if isinstance(value, str):
            setattr(message, field.name, value.replace(old, new))
        elif isinstance(value, Message):
            replace(value, old, new)
        elif hasattr(value, "keys"):  # a map
            _replace_each(value, list(value.keys()), old, new)
        elif hasattr(value, "append"):  # a list
            _replace_each(value, range(len(value)), old, new)


def _replace_each(values: Any, places: Iterable, old: str, new: str) -> None:
    """Replaces in the messages or strings of a map or a list."""
    for place in places:
        if isinstance(values[place], Message):
            replace(values[place], old, new)
        elif isinstance(values[place], str):
            values[place] = values[place].replace(old, new)
