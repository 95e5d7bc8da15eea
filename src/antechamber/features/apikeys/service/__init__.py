"""The use-cases of keys."""

from antechamber.features.apikeys.service.admin_keys import AdminKeys
from antechamber.features.apikeys.service.api_keys import ApiKeys
from antechamber.features.apikeys.service.expiry_mail import ExpiryMail
from antechamber.features.apikeys.service.last_use import LastUses
from antechamber.features.apikeys.service.minting import Mint
from antechamber.features.apikeys.service.own_keys import OwnKeys
from antechamber.features.apikeys.service.rooms import Rooms

__all__ = ["AdminKeys", "ApiKeys", "ExpiryMail", "LastUses", "Mint", "OwnKeys", "Rooms"]
