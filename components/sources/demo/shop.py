"""Writes the demo shop as files: three CSV tables and a folder of media."""

import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from components.code_digest import code_digest
from components.sources.demo import words
from components.sources.demo.events import make_events
from components.sources.demo.media import clip, picture, sound
from components.sources.demo.world import ATTRIBUTES, REGIONS, DemoSizes, DemoWorld, make_world
from schemas.errors import InputError

COLUMNS = {
    "users": ("customer", "age", "region", "email", "avatar", "about"),
    "items": ("product", "name", "description", "photo", "sound", "clip", "categories",
              "price"),
    "interactions": ("customer", "product", "time", "stars", "purchased", "review"),
}
_MARKER = "demo.json"
_NO_PHOTO, _NO_SOUND, _NO_CLIP, _NO_DESCRIPTION = 0.05, 0.1, 0.5, 0.05
_NO_AVATAR, _NO_ABOUT = 0.12, 0.08
_ODD_AVATAR = 0.15  # avatars that say nothing
_LABELS = ("new", "sale")


def provide(name: str, folder: Path, console: Any) -> None:
    """Writes the demo shop of the usual size; see `components.sources.SourceKind`."""
    write_demo(folder)


def write_demo(folder: Path, sizes: DemoSizes | None = None, seed: int = 7) -> None:
    """Writes a demo shop, unless the same shop is there already.

    Args:
      folder: Where to write it; it appears at once and whole.
      sizes: How large it is; by default 300 customers, 400 products, 12,000 events.
      seed: Seed of all that is random; equal arguments write equal bytes.

    Raises:
      InputError: The folder holds something that is no demo shop.
    """
    sizes = sizes or DemoSizes()
    marker = {
        "seed": seed, "users": sizes.users, "items": sizes.items, "events": sizes.events,
        "code": code_digest("components.sources.demo.shop"),
    }
    if _marker(folder) == marker:
        return
    if folder.exists() and not _replaceable(folder):
        raise InputError(
            "not-a-demo-folder",
            f"{folder} exists and is no demo shop. Give a new or an empty folder to write it to."
        )
    scratch = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)  # of a killed process
    new = scratch / "new"
    try:
        _write(new, make_world(seed, sizes), sizes, seed)
        (new / _MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(scratch / "old")
        new.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _marker(folder: Path) -> dict | None:
    try:
        return json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and (_marker(folder) is not None or not any(folder.iterdir()))


def _write(folder: Path, world: DemoWorld, sizes: DemoSizes, seed: int) -> None:
    for kind in ("avatars", "photos", "sounds", "clips"):
        (folder / "media" / kind).mkdir(parents=True)
    generators = (np.random.default_rng([seed, stream]) for stream in (2, 5))
    _table(folder, "items", _items(folder, world, sizes, *generators))
    _table(folder, "users", _users(folder, world, sizes, np.random.default_rng([seed, 3])))
    _table(folder, "interactions", _interactions(world, sizes, seed))


def _table(folder: Path, side: str, rows: Iterable[tuple]) -> None:
    with (folder / f"{side}.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS[side])
        writer.writerows(rows)


def _items(
    folder: Path, world: DemoWorld, sizes: DemoSizes, rng: np.random.Generator,
    filming: np.random.Generator,
) -> Iterable[tuple]:
    for item in range(sizes.items):
        is_ = {name: _level(name, int(world.levels[name][item])) for name in ATTRIBUTES}
        name = words.product_name(is_["department"], rng)
        text = words.description(is_["topic"], is_["mood"], rng)
        photo = picture(is_["colour"], is_["shape"], rng)
        tone = sound(is_["pitch"], is_["rhythm"], rng)
        film = clip(is_["rhythm"], filming)
        label = (str(rng.choice(_LABELS)),) if rng.random() < 0.3 else ()
        shown, heard, described = rng.random(3) >= (_NO_PHOTO, _NO_SOUND, _NO_DESCRIPTION)
        filmed = filming.random() >= _NO_CLIP
        yield (
            _product(item), name, text if described else "",
            _media(folder, f"media/photos/{_product(item)}.png", photo) if shown else "",
            _media(folder, f"media/sounds/{_product(item)}.wav", tone) if heard else "",
            _media(folder, f"media/clips/{_product(item)}.gif", film) if filmed else "",
            "|".join((is_["department"], *label)), f"{world.prices[item]:.2f}",
        )


def _users(
    folder: Path, world: DemoWorld, sizes: DemoSizes, rng: np.random.Generator
) -> Iterable[tuple]:
    for user in range(sizes.users):
        likes = {n: _level(n, int(world.likings[n][user].argmax())) for n in ATTRIBUTES}
        shows = dict(likes)
        if rng.random() < _ODD_AVATAR:
            shows = {n: str(rng.choice(ATTRIBUTES[n][2])) for n in ("colour", "shape")}
        avatar = picture(shows["colour"], shows["shape"], rng)
        text = words.about(likes, rng)
        address = words.email(user, rng)
        shown, described = rng.random(2) >= (_NO_AVATAR, _NO_ABOUT)
        yield (
            _customer(user), world.ages[user], REGIONS[world.regions[user]], address,
            _media(folder, f"media/avatars/{_customer(user)}.png", avatar) if shown else "",
            text if described else "",
        )


def _interactions(world: DemoWorld, sizes: DemoSizes, seed: int) -> Iterable[tuple]:
    rng = np.random.default_rng([seed, 4])
    for event in make_events(world, sizes, seed):
        text = ""
        if event.reviewed and event.stars is not None:
            topic, mood = (_level(n, int(world.levels[n][event.item])) for n in ("topic", "mood"))
            text = words.review(event.stars, topic, mood, rng)
        stars = "" if event.stars is None else event.stars
        yield (_customer(event.user), _product(event.item), event.time, stars,
               int(event.purchased), text)


def _level(attribute: str, level: int) -> str:
    return ATTRIBUTES[attribute][2][level]


def _customer(user: int) -> str:
    return f"c{user:04d}"


def _product(item: int) -> str:
    return f"p{item:04d}"


def _media(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return name
