"""The report of a run's model: one page that needs no network."""

from pipeline.model_report.page import CURVES, Section, read_report, report

__all__ = ["CURVES", "Section", "read_report", "report"]
