"""An extension, defined in tests alone: a check with a verdict of its own, and a source."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components.artifacts import Verdict
from components.further_checks import FURTHER_CHECKS
from components.sources import SOURCES, DemoSource, SourceKind
from components.verdict import Outcome

SHARE = 0.25  # of what the toy finds new in any model


@component
def Novelty(  # noqa: N802  a component is called as its class would be
        model: InputArtifact[standard_artifacts.Model], verdict: OutputArtifact[Verdict],
        min_share: Parameter[float] = 0.5) -> None:
    """Asks of a model that a share of what it recommends is new."""
    reasons = [] if min_share <= SHARE else [f"a share of {SHARE} is new, below {min_share}"]
    Outcome(not reasons, reasons, {"novelty": {"share": SHARE}}).save(verdict.uri, "Novelty")


def add(built, min_share=0.5):
    return Novelty(model=built.newest(standard_artifacts.Model), min_share=min_share)


class Kiosk(DemoSource):
    """The files of the demo shop, under another name."""


FURTHER_CHECKS["Novelty"] = add
SOURCES["kiosk"] = SourceKind(Kiosk, DemoSource.schema)
