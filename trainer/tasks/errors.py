"""How far predicted values are from the true ones."""

import numpy as np


def error_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Measures predicted values.

    Args:
      labels: `(rows,)`, of the rows that have one.
      predictions: `(rows,)`.

    Returns:
      `rmse` and `mae` in the label's unit; NaN without rows.
    """
    if not len(labels):
        return {"rmse": np.nan, "mae": np.nan}
    error = predictions.astype(float) - labels.astype(float)
    return {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.abs(error).mean())}
