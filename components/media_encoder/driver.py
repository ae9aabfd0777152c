"""The content of the encoders, as a part of the component's cache key."""

import json
from typing import Any

from components.parameter_driver import ParameterDriver
from trainer.encoders.module import digest, resolve
from trainer.modalities.encoders import read_encoders


class Driver(ParameterDriver):
    """Sets the digest of each encoder's files: a handle or a path says nothing of its content."""

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns `versions`, digests by modality as JSON."""
        encoders = read_encoders(json.loads(given["encoders"]))
        return {"versions": json.dumps({
            modality: digest(resolve(modality, encoder.handle))
            for modality, encoder in sorted(encoders.items())})}
