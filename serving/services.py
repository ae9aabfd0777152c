"""The gRPC services of TensorFlow Serving: `PredictionService` and `ModelService`."""

import logging
from typing import NoReturn

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from schemas.errors import InputError
from serving.servable import Servable
from serving.servable_manager import ServableManager
from serving.signature import DEFAULT_SIGNATURE

_log = logging.getLogger(__name__)
# What is no fault of the request; everything else that a model raises, its values brought about.
_PASSED_ON = {code.value[0]: code for code in (
    grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)}
# The details travel in HTTP headers, which hold 8 KiB.
_MAX_DETAILS = 2000


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Has Predict and GetModelMetadata; the other methods are UNIMPLEMENTED."""

    def __init__(self, model_name: str, manager: ServableManager) -> None:
        self._model_name = model_name
        self._manager = manager

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs one signature of the model."""
        servable = self._servable(request.model_spec, context)
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        try:
            outputs = servable.predict(name, request.inputs, request.output_filter)
        except InputError as error:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except tf.errors.OpError as error:
            _abort(context, _code_of(error), error.message)
        except Exception as error:  # TensorFlow raises nearly anything for values it cannot take
            _log.warning("A request of signature %s failed.", name, exc_info=True)
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT,
                   f"Signature {name!r} cannot take these values: {error}")
        return predict_pb2.PredictResponse(
            model_spec=self._spec(servable, name), outputs=outputs
        )

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Tells the signatures of the model."""
        if list(request.metadata_field) != ["signature_def"]:
            given = ", ".join(request.metadata_field) or "none"
            _abort(
                context,
                grpc.StatusCode.INVALID_ARGUMENT,
                f"metadata_field must be signature_def; given: {given}.",
            )
        servable = self._servable(request.model_spec, context)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=self._spec(servable))
        response.metadata["signature_def"].Pack(
            get_model_metadata_pb2.SignatureDefMap(signature_def=servable.signatures)
        )
        return response

    def _servable(self, spec: model_pb2.ModelSpec, context: grpc.ServicerContext) -> Servable:
        _check_name(spec.name, self._model_name, context)
        servable = self._manager.current
        choice = spec.WhichOneof("version_choice")
        asked = spec.version.value if choice == "version" else spec.version_label
        if choice and asked != servable.version:
            _abort(
                context,
                grpc.StatusCode.NOT_FOUND,
                f"Version {asked} of {spec.name} is not served. Served: {servable.version}.",
            )
        return servable

    def _spec(self, servable: Servable, signature_name: str = "") -> model_pb2.ModelSpec:
        spec = model_pb2.ModelSpec(name=self._model_name, signature_name=signature_name)
        spec.version.value = servable.version
        return spec


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Has GetModelStatus; HandleReloadConfigRequest is UNIMPLEMENTED."""

    def __init__(self, model_name: str, manager: ServableManager) -> None:
        self._model_name = model_name
        self._manager = manager

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Tells the state of all versions, or of the one asked for."""
        spec = request.model_spec
        _check_name(spec.name, self._model_name, context)
        states = self._manager.states
        if spec.HasField("version"):
            states = {v: state for v, state in states.items() if v == spec.version.value}
            if not states:
                _abort(
                    context,
                    grpc.StatusCode.NOT_FOUND,
                    f"There is no version {spec.version.value} of {spec.name}.",
                )
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state in states.items():
            status = response.model_version_status.add(version=version, state=state.state)
            if state.error:
                status.status.error_code = grpc.StatusCode.UNKNOWN.value[0]
                status.status.error_message = state.error
        return response


def _check_name(given: str, served: str, context: grpc.ServicerContext) -> None:
    if given != served:
        _abort(
            context,
            grpc.StatusCode.NOT_FOUND,
            f"There is no model {given!r}. This server serves {served!r}.",
        )


def _code_of(error: tf.errors.OpError) -> grpc.StatusCode:
    return _PASSED_ON.get(error.error_code, grpc.StatusCode.INVALID_ARGUMENT)


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, details: str) -> NoReturn:
    context.abort(code, details[:_MAX_DETAILS])
    raise AssertionError("abort raises")  # for the type checker
