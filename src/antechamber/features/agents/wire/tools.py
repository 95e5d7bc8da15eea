"""An agent's tools on the wire (SDK types `BetaManagedAgentsAgentToolset20260401Params` and its neighbours)."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from antechamber.http.bodies import Body

Policy = Literal["always_allow", "always_ask", "auto"]
Domains = Annotated[list[Annotated[str, Field(min_length=1, max_length=253)]], Field(min_length=1, max_length=64)]


class PolicyBody(Body):
    """`{type}`."""

    type: Policy


class DefaultBody(Body):
    """What holds for the tools of a set that are not named in its `configs`."""

    enabled: bool | None = None
    permission_policy: PolicyBody | None = None


class PlainToolBody(DefaultBody):
    """A built-in tool that has no options of its own."""

    name: Literal["bash", "edit", "glob", "grep", "read", "write"]
    type: Literal["bash", "edit", "glob", "grep", "read", "write"] | None = None


class WebToolBody(DefaultBody):
    """What both web tools take: one list of domains, or none."""

    allowed_domains: Domains | None = None
    blocked_domains: Domains | None = None

    @model_validator(mode="after")
    def _refuse_both(self) -> "WebToolBody":
        if self.allowed_domains is not None and self.blocked_domains is not None:
            message = "allowed_domains and blocked_domains cannot be combined"
            raise ValueError(message)
        return self


class LocationBody(Body):
    """`{type: "approximate", city?, region?, country?, timezone?}`."""

    type: Literal["approximate"]
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class WebSearchBody(WebToolBody):
    """The web_search tool."""

    name: Literal["web_search"]
    type: Literal["web_search"] | None = None
    user_location: LocationBody | None = None


class WebFetchBody(WebToolBody):
    """The web_fetch tool; where its addresses may come from cannot be narrowed yet."""

    name: Literal["web_fetch"]
    type: Literal["web_fetch"] | None = None
    max_content_tokens: Annotated[int, Field(ge=1)] | None = None
    url_sources: None = None


class ToolsetBody(Body):
    """The built-in tools."""

    type: Literal["agent_toolset_20260401"]
    configs: list[Annotated[PlainToolBody | WebSearchBody | WebFetchBody, Field(discriminator="name")]] = Field(
        default_factory=list
    )
    default_config: DefaultBody | None = None


class McpToolBody(DefaultBody):
    """One tool of an MCP server."""

    name: Annotated[str, Field(min_length=1, max_length=128)]


class McpToolsetBody(Body):
    """The tools of one of the agent's MCP servers."""

    type: Literal["mcp_toolset"]
    mcp_server_name: Annotated[str, Field(min_length=1, max_length=255)]
    configs: list[McpToolBody] = Field(default_factory=list)
    default_config: DefaultBody | None = None


class SchemaBody(Body):
    """A JSON schema of an object, whatever else it says."""

    model_config = ConfigDict(extra="allow", strict=True)

    type: Literal["object"]


class CustomToolBody(Body):
    """A tool that the caller of the API executes."""

    type: Literal["custom"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    description: Annotated[str, Field(min_length=1)]
    input_schema: SchemaBody


ToolBody = Annotated[ToolsetBody | McpToolsetBody | CustomToolBody, Field(discriminator="type")]


def read_tools(bodies: Iterable[ToolsetBody | McpToolsetBody | CustomToolBody]) -> list[dict[str, Any]]:
    """Return tools in the wire's resolved form: every default written out (wire-agents.md 3)."""
    return [_read_tool(body) for body in bodies]


def _read_tool(body: ToolsetBody | McpToolsetBody | CustomToolBody) -> dict[str, Any]:
    if isinstance(body, CustomToolBody):
        schema = body.input_schema.model_dump()
        return {"type": "custom", "name": body.name, "description": body.description, "input_schema": schema}
    if isinstance(body, McpToolsetBody):
        default = _resolve(body.default_config, True, "always_ask")
        configs = [{"name": config.name, **_under(default, config)} for config in body.configs]
        server = {"mcp_server_name": body.mcp_server_name}
        return {"type": body.type, **server, "default_config": default, "configs": configs}
    default = _resolve(body.default_config, True, "always_allow")
    configs = [
        {"type": config.name, "name": config.name, **_under(default, config), **_options(config)}
        for config in body.configs
    ]
    return {"type": body.type, "default_config": default, "configs": configs}


def _resolve(said: DefaultBody | None, enabled: bool, policy: str) -> dict[str, Any]:  # noqa: FBT001 - a value
    chosen = enabled if said is None or said.enabled is None else said.enabled
    asked = None if said is None else said.permission_policy
    return {"enabled": chosen, "permission_policy": {"type": policy if asked is None else asked.type}}


def _under(default: dict[str, Any], said: DefaultBody) -> dict[str, Any]:
    return _resolve(said, default["enabled"], default["permission_policy"]["type"])


def _options(config: PlainToolBody | WebSearchBody | WebFetchBody) -> dict[str, Any]:
    """Return what a web tool has besides, null where it was not said, as the wire shows it."""
    if isinstance(config, PlainToolBody):
        return {}
    domains = {"allowed_domains": config.allowed_domains, "blocked_domains": config.blocked_domains}
    if isinstance(config, WebSearchBody):
        location = config.user_location
        return {**domains, "user_location": None if location is None else location.model_dump()}
    return {**domains, "max_content_tokens": config.max_content_tokens, "url_sources": None}
