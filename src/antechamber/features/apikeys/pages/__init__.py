"""The pages of keys: a person's own, and for admins the organisation's admin keys."""

from fastapi import APIRouter

from antechamber.features.apikeys.pages.admin_keys import admin_key_pages
from antechamber.features.apikeys.pages.api_keys import api_key_pages
from antechamber.features.apikeys.pages.desk import KeyDesk

__all__ = ["KeyDesk", "key_pages"]


def key_pages(desk: KeyDesk) -> list[APIRouter]:
    """Return every page over the services."""
    return [admin_key_pages(desk), api_key_pages(desk)]
