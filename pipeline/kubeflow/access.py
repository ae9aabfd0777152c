"""Who asks a Kubeflow Pipelines server, and whose rights a run's pods have."""

import os
import re
from pathlib import Path

from schemas import InputError

TOKEN_VARIABLE, COOKIE_VARIABLE = "TESSERA_KFP_TOKEN", "TESSERA_KFP_COOKIE"
# Kubeflow's own: its PodDefault sets it, and the kubelet renews the file.
TOKEN_FILE_VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"
LOGIN_HINT = (f" Put a token into the environment variable {TOKEN_VARIABLE}, the path of a file "
              f"with one into {TOKEN_FILE_VARIABLE}, or the session's cookie into "
              f"{COOKIE_VARIABLE}.")
_REMARK = "# Service account: "


def credentials() -> dict[str, str]:
    """Reads the headers that say who asks; anew for each request, as token files are renewed.

    Returns:
      `Authorization` and `Cookie`, as far as the environment has them.

    Raises:
      InputError: The token's file cannot be read, or what is given is no header; it is not shown.
    """
    headers = {}
    name, token = TOKEN_VARIABLE, os.environ.get(TOKEN_VARIABLE, "").strip()
    path = os.environ.get(TOKEN_FILE_VARIABLE)
    if not token and path:
        name = TOKEN_FILE_VARIABLE
        try:
            token = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise InputError("unreadable-token",
                             f"{name} names {path}, which cannot be read: {why}. Mount the token "
                             f"there, or give one in {TOKEN_VARIABLE}.") from error
    if token:
        headers["Authorization"] = f"Bearer {_header(name, token.removeprefix('Bearer ')).strip()}"
    if cookie := os.environ.get(COOKIE_VARIABLE, "").strip():
        headers["Cookie"] = _header(COOKIE_VARIABLE, cookie)
    return headers


def _header(name: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise InputError("bad-token",
                         f"{name} holds a line break or a character that no header may have: give "
                         "what the server wants in one line.")
    return value


def with_account(text: str, account: str | None) -> str:
    """Returns a compiled file with a remark of its service account, where one is configured."""
    return text if account is None else f"{_REMARK}{account}\n{text}"


def account_of(text: str) -> str | None:
    """Returns the service account that a compiled file remarks."""
    remark = re.match(f"{_REMARK}([a-z0-9][a-z0-9.-]*)\n", text)
    return remark[1] if remark else None
