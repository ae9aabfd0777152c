"""The section `privacy` of a configuration."""

from pathlib import Path
from typing import Annotated

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from components.privacy.pseudonyms import Pseudonyms
from schemas import FeatureSpec


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
      fewest_users: Fewest users of a group whose figures are told; smaller groups are told as one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pseudonyms: bool = False
    scrub: bool = False
    telephone_region: Annotated[str, AfterValidator(_region)] | None = None
    deletion_list: Path | None = None
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
