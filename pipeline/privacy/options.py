"""The section `privacy` of a configuration."""

from components.privacy.pseudonyms import Pseudonyms
from trainer.options import Strict


class Privacy(Strict):
    """What becomes of personal data at ingest.

    Attributes:
      pseudonyms: Whether users' ids are replaced by keyed pseudonyms, and values of columns with
        the tag `pii` are left out of all that is written; docs/privacy.md has the key.
    """

    pseudonyms: bool = False

    @property
    def key_id(self) -> str:
        """Which key the environment has, empty where none is needed.

        Raises:
          InputError: One is needed, and there is none.
        """
        return Pseudonyms.from_environment().key_id if self.pseudonyms else ""
