"""The pages, joined: what browsers are, which pages there are, and the services that they stand on."""

from fastapi import APIRouter

from antechamber.features.accounts.pages import account_pages
from antechamber.http.browser import Browser, Visit
from antechamber.http.pages.assets import asset_router
from antechamber.http.pages.home import home_pages
from antechamber.wiring.storage import Storage


class _Nobody:
    async def resolve(self, secret: str) -> Visit | None:
        """Return nobody."""
        del secret


def browser(storage: Storage) -> Browser:
    """Return what pages know of browsers."""
    return Browser(storage.settings.base_url(), _Nobody(), storage.chance, 30 * 86_400)


def page_routers(storage: Storage) -> list[APIRouter]:
    """Return every page, and what they are styled with."""
    return [home_pages(storage.settings.base_url()), asset_router(), *account_pages(storage.accounts)]
