"""The use-cases of webhooks: administering endpoints, telling of events, delivering them."""

from antechamber.features.webhooks.service.delivering import Delivering
from antechamber.features.webhooks.service.endpoints import Webhooks
from antechamber.features.webhooks.service.outbox import Outbox

__all__ = ["Delivering", "Outbox", "Webhooks"]
