from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import pytest
from grpc_stubs import one_method

from serving import wire
from serving.connection import Connection, ServerUnavailableError

STATUS = wire.message("GetModelStatusRequest")()


def listening(respond):
    return one_method("/tensorflow.serving.ModelService/GetModelStatus",
                      grpc.unary_unary_rpc_method_handler(respond), threads=8)


def test_each_address_of_a_name_has_its_share():
    asked = [0, 0]

    def counting(place):
        def respond(request, context):
            asked[place] += 1
            return b""

        return respond

    with ExitStack() as stack:
        (_, first), (_, second) = (
            stack.enter_context(listening(counting(place))) for place in (0, 1))
        connection = Connection(f"ipv4:127.0.0.1:{first},127.0.0.1", second, timeout_s=20)
        stack.callback(connection.close)
        for _ in range(500):  # until both are connected one has all
            connection.call("ModelService", "GetModelStatus", STATUS)
        assert min(asked) > 50


def test_a_server_that_is_busy_is_not_asked_three_times_as_often():
    asked = []

    def refuse(request, context):
        asked.append(True)
        context.abort(grpc.StatusCode.UNAVAILABLE, "busy")

    with listening(refuse) as (_, port), ThreadPoolExecutor(10) as pool:
        connection = Connection("127.0.0.1", port, timeout_s=20)

        def ask(_):
            with pytest.raises(ServerUnavailableError):
                connection.call("ModelService", "GetModelStatus", STATUS)

        list(pool.map(ask, range(100)))
        connection.close()
    assert 100 < len(asked) < 150
