"""Checks of events themselves: repetitions, and users that are no people."""

from collections.abc import Iterator

from components.data_checks.check import Data, Measured, check

_FEW = 50  # events; of fewer no share says anything


@check("share of the events that repeat one of the same user and item within a minute",
       "Look for events that were delivered twice, and leave one of each.",
       warn=0.1, fail=0.4)
def repeated_events(data: Data) -> Iterator[Measured]:
    events = data.today["events"]
    if "repeated" in events and events["rows"] >= _FEW:
        share = events["repeated"]
        yield Measured("interactions", data.spec.role("item_id").name, share,
                       f"{share:.1%} of the events repeat another one within a minute",
                       round(share * events["rows"]), share)


@check("events of one user within an hour, as a multiple of what all but one in a hundred have",
       "Leave the user out, or limit how many events of one count.", warn=8.0, fail=None)
def bot_user(data: Data) -> Iterator[Measured]:
    events = data.today["events"]
    if events.get("busiest", 0) >= _FEW:
        yield Measured("interactions", data.spec.role("user_id").name,
                       events["busiest"] / max(1.0, min(events["busy_99"], 20 * events["busy"])),
                       f"a user has {events['busiest']:,} events within one hour; the median user "
                       f"has {events['busy']:,.0f} at most", events["busiest"])
