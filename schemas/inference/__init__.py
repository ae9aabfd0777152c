"""From what the columns of a user's tables hold to proposed schemas; no file is read here."""

from schemas.inference.column import Column
from schemas.inference.draft import Draft, draft
from schemas.inference.proposal import Proposal, to_text

__all__ = ["Column", "Draft", "Proposal", "draft", "to_text"]
