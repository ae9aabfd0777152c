"""Whose rights a run's pods have: Kubernetes' service account, which a file can only remark.

It belongs to a run: neither document of a compiled file has a place for it, and the API server
refuses fields that it does not know. So a comment says it, and `tessera submit` sends it.
"""

import re

_REMARK = "# Service account: "


def with_account(text: str, account: str | None) -> str:
    """Returns a compiled file with a remark of its service account, where one is configured."""
    return text if account is None else f"{_REMARK}{account}\n{text}"


def account_of(text: str) -> str | None:
    """Returns the service account that a compiled file remarks."""
    remark = re.match(f"{_REMARK}([a-z0-9][a-z0-9.-]*)\n", text)
    return remark[1] if remark else None
