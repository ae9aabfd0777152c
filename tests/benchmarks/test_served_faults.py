"""A response is right to what the docs give a default, and to what is still a whole request."""

import numpy as np
import pytest

from benchmarks.malformed_requests import good_requests, malformed
from benchmarks.served_faults import DEFAULTS, may_be_served, well_formed
from serving import wire

_TYPES = {"user_id": (7, 1), "price": (1, 1), "k": (3, 1), "history": (9, 2)}


@pytest.fixture
def signatures():
    signature = wire.message("SignatureDef")()
    for key, (dtype, rank) in _TYPES.items():
        signature.inputs[key].dtype = dtype
        for _ in range(rank):
            signature.inputs[key].tensor_shape.dim.add().size = -1
    signature.outputs["scores"].dtype = 1
    return {"recommend": signature}


@pytest.mark.parametrize(("fault", "served"), [
    ("recommend, user_id: NUL", True), ("recommend, timestamp: -1", True),
    ("recommend, k: -1", False), ("recommend, k: zero", False),
    ("predict_examples, examples: an Example of nonsense", False),
    ("recommend, price: NaN", False), ("recommend, user_id: 2^40 rows", False),
    ("recommend, user_id: unknown rank", False), ("recommend: no input", False),
    ("recommend, user_id: a bomb of a new kind", False)])
def test_few_faults_have_a_default(fault, served):
    assert may_be_served(fault) == served


def test_each_default_is_of_a_fault_that_is_built(signatures):
    built = {fault.rpartition(": ")[2]
             for fault, _ in malformed(good_requests(signatures, {}), signatures)}
    assert set(DEFAULTS) <= built


@pytest.mark.slow
def test_a_good_request_is_whole_and_a_faulty_one_is_not(signatures):
    goods = good_requests(signatures, {})
    assert well_formed(goods["recommend"].SerializeToString(), signatures)
    wrong = {fault for fault, data in malformed(goods, signatures)
             if well_formed(data, signatures) and not may_be_served(fault)}
    # Sizes that the server caps, or media that it refuses to read, are whole requests.
    assert all("BMP" in fault or "10^8" in fault or "million" in fault or "largest" in fault
               or "10^9" in fault for fault in wrong), wrong
    request = goods["recommend"]
    request.inputs["price"].tensor_content = np.array([1, np.nan], np.float32).tobytes()
    assert not well_formed(request.SerializeToString(), signatures)
    assert not well_formed(b"\xff", signatures)
