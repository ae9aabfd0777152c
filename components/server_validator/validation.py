"""Asks a running server what the trained model was asked and judges its responses."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.server_validator.comparison import compare
from components.verdict import Outcome
from schemas.errors import InputError, TesseraError
from schemas.log import Progress
from serving.connection import ServerUnavailableError
from serving.signature import DEFAULT_SIGNATURE
from serving.tensors import with_bytes

log = logging.getLogger("tessera.server_validator")
_MOST_REASONS = 10
_WAITED_FOR = (DEFAULT_SIGNATURE, "recommend")

Predict = Callable[[str, Mapping[str, Any]], Mapping[str, np.ndarray]]
# Entered while responses are timed: who runs another step beside this one holds it back.
quiet: Callable[[], AbstractContextManager[Any]] = nullcontext


@dataclass(frozen=True)
class Prediction:
    """One request and what the trained model predicted.

    Attributes:
      signature: The signature that was asked.
      inputs: Nested lists by input name.
      outputs: Nested lists by output name.
    """

    signature: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


def load_predictions(uri: str) -> list[Prediction]:
    """Reads a `Predictions` artifact.

    Raises:
      InputError: If there is no such file or it holds something else.
    """
    file = Path(uri) / "predictions.json"
    try:
        text = file.read_text(encoding="utf-8")
        return [Prediction(**one) for one in json.loads(text, object_hook=with_bytes)]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            "bad-recorded-responses",
            f"{file} must be a JSON list of objects with signature, inputs and outputs: {error}."
        ) from error


def validate_predictions(
    predict: Predict, predictions: Sequence[Prediction], min_requests: int, max_p99_ms: float
) -> Outcome:
    """Sends every request, some again until there are enough, and compares the responses.

    What is timed and sent again is what people wait for; `gradients` may take seconds.

    Args:
      predict: Sends inputs to a signature and returns its outputs, such as `Client.predict`.
      predictions: The requests and the expected responses.
      min_requests: How many requests must be answered.
      max_p99_ms: The largest 99th percentile of the latency, in milliseconds.

    Returns:
      The outcome with `max_abs_diff`, `p50_ms`, `p99_ms` and `requests` (answered ones).
    """
    reasons: list[str] = []
    latencies_ms: list[float] = []
    max_abs_diff = 0.0
    answered = 0
    order = _order(predictions, min_requests)
    for index in Progress("Server, requests sent", len(order)).over(order):
        expected = predictions[index]
        begin = time.perf_counter()
        try:
            outputs = predict(expected.signature, expected.inputs)
        except TesseraError as error:
            reasons.append(f"Request {index}, {expected.signature}: {error}")
            if isinstance(error, ServerUnavailableError):
                break  # all others would wait as long
            continue
        answered += 1
        if expected.signature in _WAITED_FOR:
            latencies_ms.append((time.perf_counter() - begin) * 1000)
        comparison = compare(expected.outputs, outputs)
        max_abs_diff = max(max_abs_diff, comparison.max_abs_diff)
        reasons += [f"Request {index}, {expected.signature}, {x}." for x in comparison.faults]
    figures: dict[str, Any] = {"max_abs_diff": max_abs_diff, "requests": answered}
    figures |= _percentiles(latencies_ms)
    if latencies_ms:
        log.info("ServerValidator: %d requests, 99 of 100 within %.1f ms, differences up to %.2g",
                 answered, figures["p99_ms"], max_abs_diff)
    reasons = _first(list(dict.fromkeys(reasons)))
    if answered < min_requests:
        reasons.append(
            f"Only {answered} requests were answered; {min_requests} are required "
            f"(predictions.json holds {len(predictions)})."
        )
    if latencies_ms and figures["p99_ms"] > max_p99_ms:
        reasons.append(
            f"The 99th percentile of the latency is {figures['p99_ms']:.1f} ms; "
            f"at most {max_p99_ms:g} ms are allowed."
        )
    return Outcome(passed=not reasons, reasons=reasons, figures=figures)


def _order(predictions: Sequence[Prediction], least: int) -> list[int]:
    """Returns the requests to send: each once, then those that people wait for, again."""
    every = [*range(len(predictions))]
    again = [n for n in every if predictions[n].signature in _WAITED_FOR] or every
    return every + [again[n % len(again)] for n in range(least - len(every) if every else 0)]


def _percentiles(latencies_ms: list[float]) -> dict[str, float | None]:
    if not latencies_ms:
        return {"p50_ms": None, "p99_ms": None}
    p50, p99 = np.percentile(latencies_ms, [50, 99])
    return {"p50_ms": float(p50), "p99_ms": float(p99)}


def _first(reasons: list[str]) -> list[str]:
    if len(reasons) <= _MOST_REASONS:
        return reasons
    return [*reasons[:_MOST_REASONS], f"{len(reasons) - _MOST_REASONS} more differences."]
