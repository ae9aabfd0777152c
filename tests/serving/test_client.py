import socket
import subprocess
import sys

import pytest
from PIL import ExifTags, Image
from refusals import refuses
from worlds.media import picture

from components.decoding import decode
from schemas.errors import InputError
from serving import wire
from serving.client import Client, VersionStatus
from serving.connection import RequestError, ServerUnavailableError
from serving.recommendations import Recommendation


def test_recommend_returns_items_with_their_tasks(client):
    assert client.recommend(["ann"], k=2) == [[
        Recommendation("i0", 3.0, {"rating": 1.5}, [0.25, 0.75], [1.0]),
        Recommendation("i1", 2.0, {"rating": 1.0}, [0.25, 0.75], [1.0])]]


def test_recommend_answers_each_user_with_no_more_than_the_catalogue(client):
    lists = client.recommend(["ann", "", "maria"], k=1, timestamps=[5, 6, 7])
    assert [[one.score for one in row] for row in lists] == [[3.0], [0.0], [5.0]]
    assert len(client.recommend(["ann"], k=50)[0]) == 5
    assert client.recommend([]) == []


def test_users_beyond_one_request_are_asked_for_in_several(client, monkeypatch):
    users, times = ["a" * (n % 9) for n in range(1500)], list(range(1500))
    assert [row[0].score for row in client.recommend(users, k=1, timestamps=times)] == [
        float(n % 9) for n in range(1500)]
    # As many as `tessera score` asks for at once, and as many items as it takes.
    assert {len(row) for row in client.recommend(users[:128], k=1000)} == {5}
    history = {"rating": [[1.0] * 300] * 200, "item_id": [["i1"] * 300] * 200}
    assert {row[0].score for row in client.recommend(["a"] * 200, 1, history)} == {301.0}
    scores = client.score(users, [["i0", "i2"]] * 1500)
    assert scores["retrieval"].tolist() == [[n % 9, n % 9 - 2.0] for n in range(1500)]
    for call in (lambda: client.recommend(users, k=1, timestamps=times[1:]),
                 lambda: client.score(users, [["i0"]] * 2)):
        with refuses("unequal-batch"):
            call()


def test_candidates_beyond_one_request_are_sent_in_several(client, monkeypatch):
    monkeypatch.setattr("serving.client._VALUES", 4)
    result = client.score(["ann", "maria"], [["i0", "i1", "i2"], ["i4", "i3", "i2"]])
    assert result["retrieval"].tolist() == [[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]
    assert result["rating"].tolist() == (result["retrieval"] / 2).tolist()


def test_history_of_unequal_lengths_is_padded_with_absent_values(client):
    assert client.predict("serving_default", {"candidates": [["i0"], ["i2"]]})[
        "retrieval"].tolist() == [[0.0], [-2.0]]
    history = {"item_id": [["i1", "i2"], [], ["i4"]], "rating": [[4.0, 2.0], [], [5]]}
    lists = client.recommend(["a", "a", "a"], k=1, history=history)
    assert [row[0].score for row in lists] == [7.0, 1.0, 6.0]
    # The model refuses columns of different width: those not given get that of the others.
    assert client.recommend(["a"], k=1, history={"item_id": [["i1", "i2"]]})[0][0].score == 1.0


@pytest.mark.parametrize(("history", "message"), [
    ({"mood": [["glad"]]}, "Unknown history column 'mood'. Known: item_id, rating, timestamp."),
    ({"item_id": [["i1"], ["i2"]]}, "'item_id' has 2 lists for 1 users"),
    ({"timestamp": [[10**30]]}, "'timestamp' cannot be sent: "),
    ({"rating": [["good"]]}, "'rating' cannot be sent: could not convert string to float"),
    ({"item_id": [[7]]}, "'history_item_id' must be string: 7 is no string"),
])
def test_history_that_does_not_fit_is_refused(client, history, message):
    with pytest.raises(InputError) as caught:
        client.recommend(["ann"], history=history)
    assert message in str(caught.value)
    with refuses("bad-k", "given: 0"):
        client.recommend(["ann"], k=0)


@pytest.mark.parametrize(("users", "candidates"), [([], []), (["ann"], [[]])])
def test_a_score_of_nothing_is_refused(client, users, candidates):
    with refuses("no-candidates"):
        client.score(users, candidates)


@pytest.mark.parametrize(("signature", "inputs", "message"), [
    ("guess", {}, "Unknown signature 'guess'. tessera has: recommend, serving_default."),
    ("recommend", {"k": [2.5]}, "Input 'k' must be int32: "),
    ("recommend", {"mood": ["glad"], "k": [1]}, "unexpected mood. Expected: "),
    ("recommend", {"user_id": ["a", "b"], "k": [1]}, "number of rows: user_id 2, k 1."),
])
def test_inputs_that_do_not_fit_are_refused(client, signature, inputs, message):
    with pytest.raises(InputError) as caught:
        client.predict(signature, inputs)
    assert message in str(caught.value)


def test_status_lists_versions(client):
    assert client.status() == [VersionStatus(3, "AVAILABLE")]


def test_no_server_and_one_that_never_answers_are_told():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with Client("127.0.0.1", port, timeout_s=0.2) as client:
            with refuses("server-timeout", "0.2 s"):
                client.status()
    with Client("127.0.0.1", port) as client, pytest.raises(ServerUnavailableError) as caught:
        client.recommend(["ann"])
    assert str(caught.value).startswith(f"The server at 127.0.0.1:{port} is not available: ")
    assert "Start one with `tessera serve`" in str(caught.value)


def test_pictures_are_sent_as_ingest_stores_them(client, monkeypatch):
    assert "serving_default" in client.signatures  # asked of the true server, and kept
    sent = []

    def record(service, method, request):
        sent.append(request.inputs["candidates"].string_val)
        return wire.message("PredictResponse")()

    monkeypatch.setattr(client._connection, "call", record)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image = Image.effect_noise((12, 8), 60)
    pictures = [
        picture(image, "JPEG", exif=exif), picture(image.convert("P"), "BMP"),
        picture(image, "PNG", transparency=image.getpixel((0, 0))), picture(image, "JPEG")]
    damaged = pictures[0][:-40]
    others = [b"BMW convertible", b"", b"GIF89a", damaged, b"a word"]
    client.predict("serving_default", {"candidates": [[*pictures, *others]]})
    assert list(sent[0]) == [*(decode(one, "image") for one in pictures), *others]
    assert [one != given for one, given in zip(sent[0], pictures, strict=False)] == [
        True, True, True, False]


def test_a_picture_reaches_the_model_as_ingest_stores_it(client):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    data = picture(Image.effect_noise((12, 8), 60), "JPEG", exif=exif)
    # The tiny model scores by the length of this input.
    result = client.predict("recommend", {"user_id": [data, b"ann"], "k": [1, 1]})
    assert result["scores"][:, 0].tolist() == [len(decode(data, "image")), 3.0]
    assert len(decode(data, "image")) != len(data)


def test_the_client_imports_no_tensorflow():
    code = ("import sys, serving.client, serving.launch; "
            "sys.exit(any(one.partition('.')[0] in ('tensorflow', 'PIL') for one in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_version_with_another_input_is_asked_with_it():
    versions = {1: {"user_id": 7}, 2: {"user_id": 7, "mood": 7}}

    class Changing:
        served = 1

        def close(self):
            pass

        def call(self, service, method, request):
            response = wire.message(f"{wire.SERVICES[service][method]}Response")()
            response.model_spec.version.value = self.served
            if method == "GetModelMetadata":
                signatures = wire.message("SignatureDefMap")()
                for name, dtype in versions[self.served].items():
                    info = signatures.signature_def["score"].inputs[name]
                    info.dtype = dtype
                    info.tensor_shape.dim.add().size = -1
                response.metadata["signature_def"].Pack(signatures)
            elif set(request.inputs) != set(versions[self.served]):
                raise RequestError("request-refused", "The inputs do not fit.")
            return response

    with Client("127.0.0.1", 1) as client:
        client._connection = server = Changing()
        client.predict("score", {"user_id": ["ann"]})
        server.served = 2
        client.predict("score", {"user_id": ["ann"]})
        assert set(client.signatures["score"].inputs) == {"user_id", "mood"}
        with pytest.raises(RequestError):
            client.predict("score", {"colour": ["red"]})
