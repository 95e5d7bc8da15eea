"""The pages of OAuth: where a person says yes or no to a program, by redirect, by pasted code, or by device."""

from fastapi import APIRouter

from antechamber.features.oauth.pages.authorize import authorize_pages
from antechamber.features.oauth.pages.code import code_pages
from antechamber.features.oauth.pages.device import device_pages
from antechamber.features.oauth.service import Authorizations, Devices


def oauth_pages(authorizations: Authorizations, devices: Devices, public_url: str) -> list[APIRouter]:
    """Return every page over the services; `public_url` is how browsers reach this server."""
    return [authorize_pages(authorizations, public_url), code_pages(), device_pages(devices)]
