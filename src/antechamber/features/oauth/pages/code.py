"""`/oauth/code/callback`: shows the code that is to be pasted into a terminal (wire-auth.md 1.1).

It says nothing that its address could make it say: what is no code is not shown, nor the words of an error.
"""

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.features.oauth.model import OAuthError
from antechamber.features.oauth.model.clients import CODE_PAGE
from antechamber.features.oauth.pages.places import UNFRAMED, open_router
from antechamber.http.pages import render

# as we make codes and programs make states: what RFC 3986 calls unreserved, and base64's own signs
_CODE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{8,512}")
_STATE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{0,1024}")
_OWN_WORDS: Final = frozenset({OAuthError.ACCESS_DENIED, OAuthError.INVALID_SCOPE})


def code_pages() -> APIRouter:
    """Return the page."""
    routes = open_router()

    @routes.get(CODE_PAGE)
    async def show(request: Request) -> Response:
        query = request.query_params
        code, state, error = query.get("code", ""), query.get("state", ""), query.get("error", "")
        if not error and _CODE.fullmatch(code) and _STATE.fullmatch(state):
            return await render(request, "oauth/code.html", headers=UNFRAMED, code=f"{code}#{state}" if state else code)
        known = error if error in set(OAuthError) else ""
        why = known if known in _OWN_WORDS else "other" if known else "missing"
        return await render(request, "oauth/no_code.html", 400, headers=UNFRAMED, why=why, error=known)

    return routes
