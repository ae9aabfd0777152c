"""GroupLens' archives of MovieLens: fetched, checked and unpacked where a run looks for them.

The source does not import it: its code is part of cache keys, and how files came is not.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from components.sources import download
from components.sources.movielens.editions import Edition
from components.sources.movielens.source import EDITIONS
from schemas.errors import InputError

GROUPLENS = "https://files.grouplens.org/datasets/movielens"
MIRROR = "TESSERA_MOVIELENS_URL"
# GroupLens publishes them beside the archives, as ml-1m.zip.md5, and many loaders pin the same.
# An archive that is not here is renewed from time to time: what is published counts.
_MD5 = {
    "ml-100k": "0e33842e24a9c977be4e0107933c0723",
    "ml-1m": "c4d9eecfca2ab87c1945afe126590906",
}


def provide(name: str, folder: Path, console: Console, base_url: str | None = None,
            waits: Sequence[float] = download.WAITS_S) -> None:
    """Fetches an edition of MovieLens into a folder, unless it is there.

    Args:
      name: A name in `EDITIONS`.
      folder: The folder that the edition's own will be in.
      console: Where progress and the terms are shown.
      base_url: Where the archives are; by default the mirror that the environment variable
        TESSERA_MOVIELENS_URL names, or GroupLens.
      waits: Seconds before each further attempt.

    Raises:
      InputError: It cannot be had; the message names what to fetch by hand and where to give it.
    """
    edition = EDITIONS[name]
    places = [folder / edition.folder, *(folder / table for table in edition.tables.values())]
    if any(place.exists() for place in places):
        return  # The source says what is missing.
    base = (base_url or os.environ.get(MIRROR) or GROUPLENS).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise InputError("bad-mirror",
                         f"{MIRROR} is {base!r}; expected an address with http:// or https://.")
    url, part = f"{base}/{edition.folder}.zip", folder / f"{edition.folder}.zip.part"
    try:
        with download.writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        md5 = _MD5.get(edition.folder) or _published(url, part.with_suffix(".md5"), waits)
        with _shown(console, edition, url) as progress:
            download.download(url, part, md5, progress, waits)
        _unpack(part, folder, edition)
    except download.DownloadError as error:
        raise InputError(
            "movielens-not-fetched",
            f"{edition.title} cannot be fetched: {error}. Without a network, get "
            f"{GROUPLENS}/{edition.folder}.zip by hand, unpack it, and give the folder that holds "
            f"{edition.folder} with --data-dir. {MIRROR} names a mirror."
        ) from error
    readme = next((folder / edition.folder).glob("README*"), folder / edition.folder)
    console.print(f"{edition.title} by GroupLens, https://grouplens.org/datasets/movielens/; terms "
                  f"of use: {readme}", highlight=False, markup=False, soft_wrap=True)


def _unpack(part: Path, folder: Path, edition: Edition) -> None:
    try:
        download.unpack(part, folder, edition.folder)
    except download.DownloadError:
        part.unlink()  # Another attempt would find it as it is.
        raise
    part.unlink()


def _published(url: str, part: Path, waits: Sequence[float]) -> str:
    text = download.download_text(f"{url}.md5", part, waits)
    digest = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if digest is None:
        raise download.DownloadError(f"{url}.md5 holds no MD5")
    return digest[0].lower()


@contextmanager
def _shown(console: Console, edition: Edition, url: str) -> Iterator[download.Progress]:
    """Shows a bar where somebody watches, else one line."""
    if not console.is_terminal:
        console.print(f"Fetching {url}", highlight=False, markup=False, soft_wrap=True)
        yield lambda received, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"Fetching {edition.title}", total=None)
        yield lambda received, total: bar.update(task, completed=received, total=total)
