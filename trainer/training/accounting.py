"""What the noise in training guarantees, by the accountant of `dp-accounting`."""

from typing import Any

from trainer.recipe.network import Privacy


def steps_of_an_epoch(privacy: Privacy) -> int:
    """Returns after how many steps each user is expected to have been in one."""
    return max(round(1 / privacy.chance), 1)


def guarantee(privacy: Privacy, epochs: int) -> dict[str, Any]:
    """Returns what a fit guarantees, and by what.

    Args:
      privacy: The recipe's options.
      epochs: Epochs of the fit.

    Returns:
      `epsilon` and `delta` of (epsilon, delta)-differential privacy for a user's events, added to
      the data or left out of them; `steps`; and the options.
    """
    import dp_accounting

    steps = epochs * steps_of_an_epoch(privacy)
    accountant = dp_accounting.rdp.RdpAccountant()
    accountant.compose(dp_accounting.PoissonSampledDpEvent(
        privacy.chance, dp_accounting.GaussianDpEvent(privacy.noise)), steps)
    return {"epsilon": float(accountant.get_epsilon(privacy.delta)), "steps": steps,
            **privacy.model_dump()}
