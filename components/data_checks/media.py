"""Checks of pictures, films and sounds: whether there is anything to see or to hear."""

from collections.abc import Iterator

from components.data_checks.check import Data, Measured, check

_FEW = 10  # media; fewer are no column to judge


@check("share of media without contrast: pictures of one colour, silent sounds",
       "Look at the samples in the report; the files were written or converted wrongly.",
       warn=0.1, fail=0.5)
def blank_media(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("media", "blank", _FEW):
        yield Measured(side, name, value, f"{share:.1%} of {looked:,} media are black, of one "
                       "colour, or silent", round(share * looked), share)


@check("share of pictures that another one nearly equals, by perceptual hash",
       "Look for a placeholder that took the place of pictures.",
       warn=0.1, fail=0.5)
def near_duplicate_media(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("media", "alike", _FEW):
        yield Measured(side, name, value, f"{share:.1%} of {looked:,} pictures nearly equal "
                       "another one", round(share * looked), share)


@check("factor between the sizes, the levels or the lengths of media in two runs, less 1",
       "Ask how the media are encoded now; the model knows the earlier form.",
       warn=2.0, fail=None, compares=True)
def media_shift(data: Data) -> Iterator[Measured]:
    for side, name, media, before in data.columns("media"):
        if min(media["looked"], before.get("looked", 0)) < _FEW:
            continue
        for key, what in (("kilobytes", "size"), ("level", "level"), ("seconds", "length")):
            new, old = media.get(key, 0.0), before.get(key, 0.0)
            if new > 0 and old > 0:
                yield Measured(side, name, max(new / old, old / new) - 1,
                               f"the median {what} is {new / old:.3g} times that of the last run")
