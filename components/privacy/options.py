"""The section `privacy` of a configuration, and the keyed pseudonyms that it asks for."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas import FeatureSpec, InputError
from schemas.values.text import plain_path

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
        """Sixteen hexadecimal digits that distinguish keys, and do not reveal the key."""
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


def _region(given: str) -> str:
    if given not in SUPPORTED_REGIONS:
        raise ValueError("expected a country in two capital letters, such as DE or US")
    return given


class Privacy(BaseModel):
    """What becomes of personal data; docs/privacy.md has the key and the rest.

    Attributes:
      pseudonyms: Whether users' ids are replaced by keyed pseudonyms, and values of columns with
        the tag `pii` are left out of all that is written.
      scrub: Whether e-mail addresses, telephone numbers and card numbers are taken out of texts.
      telephone_region: The country whose telephone numbers are found without a country code too;
        by default those with one alone are.
      deletion_list: A file of users' ids, one a line; ingest reads no row of theirs.
      fewest_users: Fewest users of a group whose figures are shown; smaller groups are joined.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pseudonyms: bool = False
    scrub: bool = False
    telephone_region: Annotated[str, AfterValidator(_region)] | None = None
    deletion_list: Annotated[Path, AfterValidator(plain_path)] | None = None
    fewest_users: Annotated[int, Field(strict=True, ge=1)] = 5

    def key_id(self, spec: FeatureSpec) -> str:
        """Returns which key the environment has, empty where none is needed.

        Args:
          spec: The dataset's spec, which may ask for hashes of columns.

        Raises:
          InputError: One is needed, and there is none.
        """
        made = self.made(spec)
        return "" if made is None else made.key_id

    def made(self, spec: FeatureSpec) -> Pseudonyms | None:
        """Returns what makes pseudonyms, `None` where none are asked for.

        Raises:
          InputError: A key is needed, and there is none.
        """
        hashes = any(f.treatment is not None and f.treatment.kind.keyed for f in spec.features)
        return Pseudonyms.from_environment() if self.pseudonyms or hashes else None


AS_IT_IS = Privacy()  # where nothing is asked for
