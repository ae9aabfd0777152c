import pytest
from profiled import Shop


@pytest.fixture(scope="session")
def past(tmp_path_factory):
    """The profile of the shop before anything is spoiled; not to be changed."""
    return Shop().profile(tmp_path_factory.mktemp("past") / "past")
