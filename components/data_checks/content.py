"""Checks of content: media without anything to see or hear, texts that cannot be read."""

from collections.abc import Iterator

from components.data_checks.check import Data, Measured, check

_FEW = 10  # media; fewer are no column to judge
_FEW_TEXTS = 20  # texts; of fewer no share says anything


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


@check("share of texts without a letter or a digit",
       "Find out what took the place of the texts.", warn=0.1, fail=0.5)
def empty_texts(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("texts", "empty", _FEW_TEXTS):
        yield Measured(side, name, value, f"{share:.1%} of the texts have no letter and no digit",
                       round(share * looked), share)


@check("share of texts with marks of a wrong encoding",
       "Write the files as UTF-8, or set `source.encoding` to what they are.",
       warn=0.005, fail=0.1)
def damaged_texts(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("texts", "damaged", _FEW_TEXTS):
        yield Measured(side, name, value, f"{share:.1%} of the texts were read in a wrong encoding",
                       round(share * looked), share)


@check("share of texts that changed their language since the last run",
       "If the language is right, retrain knowingly; vocabularies of the old one are of no use.",
       warn=0.25, fail=0.6, compares=True)
def language_shift(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        now, then = texts["languages"], before.get("languages", {})
        if not now or not then or min(texts["looked"], before["looked"]) < _FEW_TEXTS:
            continue
        moved = sum(abs(now.get(one, 0.0) - then.get(one, 0.0)) for one in {*now, *then}) / 2
        yield Measured(side, name, moved, f"{_most(now)} of the texts, and {_most(then)} in the "
                       "last run", share=moved)


@check("share of repeated texts among all, less that of the last run",
       "Find out what took the place of the texts.", warn=0.3, fail=None, compares=True)
def repeated_texts(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        if min(texts["looked"], before.get("looked", 0)) >= _FEW_TEXTS:
            yield Measured(side, name, before["distinct"] - texts["distinct"],
                           f"{texts['distinct']:.1%} of the texts are different ones, and "
                           f"{before['distinct']:.1%} were in the last run")


def _most(languages: dict[str, float]) -> str:
    name, share = max(languages.items(), key=lambda pair: pair[1])
    return f"{name} is the language of {share:.0%}"
