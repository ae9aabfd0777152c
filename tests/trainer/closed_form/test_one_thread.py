"""Small linear algebra runs on one thread, and only while it does."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trainer.closed_form.one_thread import one_thread


def threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()
            if library["user_api"] == "blas"}


@pytest.mark.parametrize(("side", "expected"), [(0, {1}), (96, {1}), (20_000, {2})])
def test_threads_are_limited_for_small_matrices_and_come_back(side, expected):
    np.eye(2) @ np.eye(2)  # the library is loaded
    with threadpool_limits(2, user_api="blas"):
        with one_thread(side):
            assert threads() == expected
        assert threads() == {2}
