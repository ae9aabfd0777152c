"""Checks of content: media without anything to see or hear, texts that cannot be read."""

from collections.abc import Iterator
from typing import Any

from components.data_checks.chance import by_chance
from components.data_checks.check import Data, Measured, check

_FEW = 10  # media; fewer are no column to judge
_FEW_TEXTS = 20  # texts; of fewer no share says anything
# Of a profile of media; less than the last one is hardly seen or heard.
_MEDIA_FIGURES = {"kilobytes": ("size in kilobytes", 0.1), "level": ("level (0 to 1)", 0.005),
                  "contrast": ("contrast (0 to 1)", 0.005), "colour": ("colour (0 to 1)", 0.03),
                  "seconds": ("length in seconds", 0.01)}
_SHARES = {"looked", "blank", "alike"}  # of such a profile; all else are figures of the modality


@check("share of media without contrast: pictures of one colour, silent sounds",
       "Look at the samples in the report; the files were written or converted wrongly.",
       warn=0.1, fail=0.4)
def blank_media(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("media", "blank", _FEW):
        yield Measured(side, name, value, f"{share:.1%} of {looked:,} media have nothing to "
                       "see or to hear", round(share * looked), share)


@check("share of media that another one equals, or nearly for pictures, by perceptual hash",
       "Look for a placeholder that took the place of pictures, films or sounds.",
       warn=0.1, fail=0.4)
def near_duplicate_media(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("media", "alike", _FEW):
        yield Measured(side, name, value, f"{share:.1%} of {looked:,} media equal another "
                       "one, or nearly", round(share * looked), share)


@check("factor between the sizes, levels, contrasts, colours or lengths of media in two runs, "
       "less 1",
       "Ask how the media are encoded now; the model knows the earlier form.",
       warn=2.0, fail=None, compares=True)
def media_shift(data: Data) -> Iterator[Measured]:
    for side, name, media, before in data.columns("media"):
        if min(media["looked"], before.get("looked", 0)) < _FEW:
            continue
        for key in (one for one in media if one in before and one not in _SHARES):
            what, least = _MEDIA_FIGURES.get(key, (key, 0.01))
            factor = (media[key] + least) / (before[key] + least)
            yield Measured(side, name, max(factor, 1 / factor) - 1,
                           f"the median {what} is {media[key]:.3g}, and was {before[key]:.3g} in "
                           "the last run")


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


@check("share of texts with letters or tags as a web page, JSON or an address writes them: "
       "&eacute;",
       "Ask the source for plain text, or decode the texts before.",
       warn=0.05, fail=None)
def escaped_texts(data: Data) -> Iterator[Measured]:
    for side, name, value, looked, share in data.increases("texts", "escaped", _FEW_TEXTS):
        yield Measured(side, name, value, f"{share:.1%} of the texts have letters that are "
                       "escaped, such as &eacute; or \\u00e9, or tags of a web page",
                       round(share * looked), share)


@check("factor between the numbers of words a text in two runs, less 1",
       "Find out whether the texts are cut, joined, or of another column.",
       warn=0.5, fail=None, compares=True)
def text_length_shift(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        now, then = texts.get("words", 0.0), before.get("words", 0.0)
        if now > 0 and then > 0 and min(texts["looked"], before["looked"]) >= _FEW_TEXTS:
            yield Measured(side, name, max(now / then, then / now) - 1,
                           f"a text has {now:.1f} words on average, and had {then:.1f} in the "
                           "last run")


@check("share of the frequent words of a column that the texts of the last run did not have",
       "Ask the source where these texts come from; if they are right, there is nothing to do.",
       warn=0.5, fail=None, compares=True)
def new_words(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        words, known = texts["vocabulary"], before.get("vocabulary", {})
        if words and known and min(texts["looked"], before["looked"]) >= _FEW_TEXTS:
            # A word that is hardly more frequent than the rarest one kept may have been there.
            new = [word for word, share in words.items()
                   if word not in known and share > 2 * min(known.values())]
            share = sum(words[word] for word in new) / sum(words.values())
            yield Measured(side, name, share, f"{share:.0%} of the frequent words are new, such as "
                           f"{', '.join(map(repr, new[:3]))}", share=share)


@check("share of texts that changed their language or their script since the last run, beyond "
       "chance",
       "Ask the source. If the language is right, set another limit in the schema and run again.",
       warn=0.08, fail=0.6, compares=True, by_row=True)
def language_shift(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        value, share, what = max(_moved(texts, before, "languages", "spoken"),
                                 _moved(texts, before, "scripts", "looked"))
        yield Measured(side, name, value, what, share=share)


def _moved(texts: dict[str, Any], before: dict[str, Any], kind: str, counted: str
           ) -> tuple[float, float, str]:
    """Returns the share of texts of another kind than before, beyond chance and with it, in words.

    Args:
      texts: The profile of the texts.
      before: That of the past.
      kind: What has the shares, such as the languages.
      counted: What has the number of texts of which they are.
    """
    now, then = texts[kind], before.get(kind, {})
    counts = [one.get(counted, 0) for one in (texts, before)]
    if not now or not then or min(counts) < _FEW_TEXTS:
        return 0.0, 0.0, ""
    grown = {one: more for one, share in now.items() if (more := share - then.get(one, 0.0)) > 0}
    beyond = sum(max(0.0, more - by_chance(then.get(one, 0.0), *counts))
                 for one, more in grown.items())
    most = max(now, key=lambda one: grown.get(one, 0.0))
    return beyond, sum(grown.values()), (
        f"{now[most]:.0%} of the texts are {most}, and {then.get(most, 0.0):.0%} were in the last "
        "run")


@check("share of repeated texts among all, less that of the last run",
       "Find out what took the place of the texts.", warn=0.3, fail=None, compares=True)
def repeated_texts(data: Data) -> Iterator[Measured]:
    for side, name, texts, before in data.columns("texts"):
        if min(texts["looked"], before.get("looked", 0)) >= _FEW_TEXTS:
            yield Measured(side, name, before["distinct"] - texts["distinct"],
                           f"{texts['distinct']:.1%} of the texts are different ones, and "
                           f"{before['distinct']:.1%} were in the last run")
