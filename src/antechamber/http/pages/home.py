"""The start page: that the server is up, and where to go from here.

| method | path | permission |
|---|---|---|
| GET | / | public |
"""

from fastapi import APIRouter, Request, Response

from antechamber.http.pages import page_router, render


def home_pages(base_url: str, model: str = "sim-1") -> APIRouter:
    """Return the page; `model` is the one that its example asks."""
    routes = page_router()

    @routes.get("/")
    async def home(request: Request) -> Response:
        return await render(request, "home.html", base_url=base_url, model=model)

    return routes
