"""From request to provider: read, route, admit, write the intent, and hand over to the exchange."""

import difflib
from collections.abc import Mapping

from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound, WireError
from antechamber.base.tokens import estimate
from antechamber.features.gateway.model import SPOKEN, Asked, Catalogue, Endpoint, Route
from antechamber.features.gateway.ports import Admission, Dialect, Reply, Upstreams
from antechamber.features.gateway.service.call import Call
from antechamber.features.gateway.service.exchange import Exchange
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
        route = self._route(asked.model, call.endpoint)
        body = call.body if route.model == asked.model else dialect.splice(call.body, route.model)
        if asked.adds_usage:
            call.adds_usage = True
            body = dialect.ask_usage(body)
        # A count of tokens is free.
        estimated = 0 if call.endpoint is Endpoint.COUNT_TOKENS else estimate(len(body))
        ticket = self._admission.admit(call.key, call.endpoint, route.model, estimated)
        try:
            entry = self._ledger.open(self._intent(call, asked, route, estimated))
        except WireError:
            ticket.release(None)
            raise
        exchange = Exchange(self._upstreams, dialect, self._clock, call, route.provider, entry, ticket, estimated)
        await exchange.run(body, reply)

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

    def _intent(self, call: Call, asked: Asked, route: Route, estimated: int) -> Intent:
        key = call.key
        return Intent(
            request_id=call.request_id,
            started_at=self._clock.now(),
            organization_id=key.organization_id,
            workspace_id=key.workspace_id,
            default_workspace=key.default_workspace,
            key_id=key.key_id,
            user_id=key.user_id,
            service_account_id=None,
            endpoint=call.endpoint.value,
            model_asked=asked.model,
            model_served=route.model,
            provider=route.provider.name,
            estimated_input=estimated,
            session_id=call.session_id,
            agent_id=call.agent_id,
            parent_agent_id=call.parent_agent_id,
            end_user=asked.end_user,
            user_profile_id=call.user_profile_id,
            tag=call.tag,
        )
