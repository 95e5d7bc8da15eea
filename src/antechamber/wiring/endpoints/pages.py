"""The pages, joined: what browsers are, which pages there are, and the services that they stand on."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.accounts.pages import Desk, account_pages
from antechamber.features.apikeys.pages import KeyDesk, key_pages
from antechamber.features.apikeys.service import OwnKeys, Rooms
from antechamber.features.apikeys.sql import SqlApiKeys
from antechamber.features.oauth.pages import oauth_pages
from antechamber.http.browser import Browser
from antechamber.http.pages.assets import asset_router
from antechamber.http.pages.home import home_pages
from antechamber.wiring.storage import Storage

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def browser(storage: Storage) -> Browser:
    """Return what pages know of browsers."""
    settings = storage.settings
    return Browser(settings.base_url(), storage.sessions, storage.chance, settings.session_absolute_seconds)


def routers(application: "Application") -> list[APIRouter]:
    """Return every page, and what they are styled with."""
    storage = application.storage
    base_url = storage.settings.base_url()
    desk = Desk(storage.accounts, storage.logins, storage.sessions, storage.passwords, storage.passkeys, base_url)
    oauth = oauth_pages(storage.oauth.authorizations, storage.oauth.devices, base_url)
    rooms = Rooms(storage.workspaces, storage.workspace_members)
    own = OwnKeys(storage.api_keys, SqlApiKeys(), storage.database, rooms, storage.members)
    keys = KeyDesk(own, storage.admin_keys, storage.logins, base_url)
    return [home_pages(base_url), asset_router(), *account_pages(desk), *key_pages(keys), *oauth]
