"""From request to provider: read, route, admit, write the intent, and hand over to the exchange."""

import difflib
from collections.abc import Mapping

from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound, PermissionDenied, WireError
from antechamber.base.principal import Caller
from antechamber.base.tokens import estimate
from antechamber.features.gateway.model import SPOKEN, Asked, Catalogue, Endpoint, Route, opens
from antechamber.features.gateway.ports import Admission, Dialect, Reply, Ticket, Upstreams
from antechamber.features.gateway.service.call import Call
from antechamber.features.gateway.service.exchange import Exchange
from antechamber.features.gateway.service.headers import FALLBACK_MODEL
from antechamber.features.limits.model.admission import Asking, Detour, RefusedByLimit
from antechamber.features.usage.model import Intent
from antechamber.features.usage.service import Ledger


class Gateway:
    """Serves model requests by the catalogue that stands when each arrives."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        upstreams: Upstreams,
        dialects: Mapping[Endpoint, Dialect],
        admission: Admission,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._upstreams = upstreams
        self._dialects = dialects
        self._admission = admission
        self._ledger = ledger
        self._clock = clock
        upstreams.adopt(catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force."""
        return self._catalogue

    def adopt(self, catalogue: Catalogue) -> None:
        """Route new requests by another catalogue; those under way end as they began."""
        self._upstreams.adopt(catalogue)
        self._catalogue = catalogue

    async def serve(self, call: Call, reply: Reply) -> None:
        """Answer a request; a WireError that is raised means nothing has been sent to the caller yet."""
        dialect = self._dialects[call.endpoint]
        asked = dialect.read(call.body, call.version)
        call.model = asked.model
        self._check_model(call.caller, asked.model)
        route = self._route(asked.model, call.endpoint)
        asking = self._asking(call, asked, route, openai=dialect.openai)
        ticket, route = await self._admit(call, asking, route)
        try:
            body = call.body if route.model == asked.model else dialect.splice(call.body, route.model)
            if asked.adds_usage:
                call.adds_usage = True
                body = dialect.ask_usage(body)
            entry = self._ledger.open(self._intent(call, asked, route, asking))
        except WireError:
            await ticket.release(None)
            raise
        exchange = Exchange(
            self._upstreams, dialect, self._clock, call, route.provider, entry, ticket, asking.estimated_input
        )
        await exchange.run(body, reply)

    def _check_model(self, caller: Caller, model: str) -> None:
        if not opens(caller.models, model, self._catalogue.served(model)):
            message = f"model: {model} is not allowed for this API key; GET /v1/models lists those that are"
            raise PermissionDenied(message)

    def _asking(self, call: Call, asked: Asked, route: Route, *, openai: bool) -> Asking:
        caller = call.caller
        is_count = call.endpoint is Endpoint.COUNT_TOKENS
        return Asking(
            request_id=call.request_id,
            organization_id=caller.organization_id,
            workspace_id=caller.workspace_id,
            api_key_id=caller.key_id,
            user_id=caller.user_id,
            model=route.model,
            provider=route.provider.name,
            started_at=self._clock.now(),
            # A count of tokens is free.
            estimated_input=0 if is_count else estimate(len(call.body)),
            max_output=asked.max_output,
            body=call.body,
            is_count=is_count,
            openai=openai,
        )

    async def _admit(self, call: Call, asking: Asking, route: Route) -> tuple[Ticket, Route]:
        """Return a ticket and the route that it is for: the one asked for, or the one that a quota falls back to."""
        try:
            admitted = await self._admission.admit(asking)
            if isinstance(admitted, Detour):
                admitted, route = await self._go_around(call, asking, admitted)
        except RefusedByLimit as refusal:
            call.answer_headers = [*call.answer_headers, *refusal.headers]
            raise refusal.error from None
        if admitted.headers:
            call.answer_headers = [*call.answer_headers, *admitted.headers]
        return admitted, route

    async def _go_around(self, call: Call, asking: Asking, detour: Detour) -> tuple[Ticket, Route]:
        route = self._catalogue.route(detour.model, call.endpoint)
        if route is None or not opens(call.caller.models, detour.model, route.model):
            raise detour.refused
        asking.model, asking.provider, asking.under_quota = route.model, route.provider.name, False
        admitted = await self._admission.admit(asking)
        if isinstance(admitted, Detour):
            raise detour.refused
        call.answer_headers = [(FALLBACK_MODEL, route.model.encode("latin-1", "replace"))]
        return admitted, route

    def _route(self, model: str, endpoint: Endpoint) -> Route:
        route = self._catalogue.route(model, endpoint)
        if route is not None:
            return route
        other = self._catalogue.known_elsewhere(model)
        if other is not None:
            spoken = ", ".join(sorted(SPOKEN[other.kind]))
            message = f"model: {model} is served by a provider that speaks only: {spoken}"
            raise InvalidRequest(message)
        names = [name for provider in self._catalogue.providers for name in provider.models if "*" not in name]
        near = difflib.get_close_matches(model, [*names, *self._catalogue.aliases], n=1)
        hint = f"; did you mean {near[0]}?" if near else "; GET /v1/models lists those that are served"
        message = f"model: {model}{hint}"
        raise NotFound(message, error_code="model_not_found")

    def _intent(self, call: Call, asked: Asked, route: Route, asking: Asking) -> Intent:
        caller = call.caller
        return Intent(
            request_id=call.request_id,
            started_at=asking.started_at,
            organization_id=caller.organization_id,
            workspace_id=caller.workspace_id,
            default_workspace=caller.default_workspace,
            key_id=caller.key_id,
            user_id=caller.user_id,
            service_account_id=caller.service_account_id,
            endpoint=call.endpoint.value,
            model_asked=asked.model,
            model_served=route.model,
            provider=route.provider.name,
            estimated_input=asking.estimated_input,
            session_id=call.session_id,
            agent_id=call.agent_id,
            parent_agent_id=call.parent_agent_id,
            end_user=asked.end_user,
            user_profile_id=call.user_profile_id,
            tag=call.tag,
        )
