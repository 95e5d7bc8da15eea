"""The use-cases of telemetry: destinations are administered, what is settled is queued, and what waits is sent."""

from antechamber.features.telemetry.service.delivering import Deliveries, DeliveryRules
from antechamber.features.telemetry.service.destinations import Destinations
from antechamber.features.telemetry.service.lists import WorkspaceLists
from antechamber.features.telemetry.service.outbox import Outbox
from antechamber.features.telemetry.service.sending import Sender
from antechamber.features.telemetry.service.stores import HeaderSeals, Stores
from antechamber.features.telemetry.service.trials import Trials

__all__ = [
    "Deliveries",
    "DeliveryRules",
    "Destinations",
    "HeaderSeals",
    "Outbox",
    "Sender",
    "Stores",
    "Trials",
    "WorkspaceLists",
]
