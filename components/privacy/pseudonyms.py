"""Keyed pseudonyms: the same id has the same one, and nobody without the key finds it out."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from schemas import InputError

KEY, KEY_FILE = "TESSERA_PRIVACY_KEY", "TESSERA_PRIVACY_KEY_FILE"  # variables of the environment
_FEWEST = 16  # bytes of a key
_DIGITS = 32  # hexadecimal ones of a text's pseudonym


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms with a key, by HMAC-SHA256.

    Attributes:
      key: The secret, which no message and no file ever has.

    Example:
      >>> Pseudonyms(b"sixteen bytes at least").of(b"ann")
      b'6eccb108adce365baba55e511a2634dd'
    """

    key: bytes = field(repr=False)

    @staticmethod
    def from_environment() -> "Pseudonyms":
        """Reads the key.

        Raises:
          InputError: There is none, its file cannot be read, or it is too short.
        """
        key, path = os.environ.get(KEY, ""), os.environ.get(KEY_FILE)
        if path and not key:
            try:
                key = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError("privacy-key-unreadable",
                                 f"The file that {KEY_FILE} names cannot be read "
                                 f"({type(error).__name__}). Give a file of text.") from error
        if len(key.encode()) < _FEWEST:
            raise InputError("no-privacy-key",
                             f"'privacy.pseudonyms' needs a key of {_FEWEST} bytes at least, and "
                             f"got {len(key.encode())}. Set {KEY}, or {KEY_FILE} to the path of a "
                             "file; `openssl rand -hex 32` makes one. Keep it: with another key "
                             "all users are new.")
        return Pseudonyms(key.encode())

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits that tell one key from another, and do not tell the key."""
        return self._digest(b"id of the key")[:16]

    def of(self, value: bytes | int) -> bytes | int:
        """Returns the pseudonym of an id.

        Args:
          value: The id, as a table has it.

        Returns:
          For bytes 32 hexadecimal digits of HMAC-SHA256; for a whole number the first 63 bits of
          that of its decimal digits.
        """
        digest = self._digest(value if isinstance(value, bytes) else str(value).encode())
        return digest[:_DIGITS].encode() if isinstance(value, bytes) else int(digest[:16], 16) >> 1

    def _digest(self, text: bytes) -> str:
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()
