"""The use-cases of the gateway: serve a model request, list models, take up a new catalogue."""

from antechamber.features.gateway.service.call import Call
from antechamber.features.gateway.service.gateway import Gateway
from antechamber.features.gateway.service.models import Models

__all__ = ["Call", "Gateway", "Models"]
