"""Every top-level command: where it lives and its line in the help, so that the help imports none of them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """A command; `module` is below antechamber.cli."""

    name: str
    module: str
    help: str
    section: str
    attribute: str = "command"


ASK: Final = "Ask a model"
LOG_IN: Final = "Log in"
ADMINISTER: Final = "Organisation and cost"
AGENTS: Final = "Rooms for agents"
SERVE: Final = "Run a server"
MORE: Final = "More"

COMMANDS: Final = (
    Entry("messages", "messages", "Send messages, count their tokens.", ASK),
    Entry("models", "models", "List the models you may use.", ASK),
    Entry("chat", "chat", "Talk to a model; send OpenAI-style chat completions.", ASK),
    Entry("complete", "complete", "Send a legacy text completion.", ASK),
    Entry("auth", "auth", "Log in and out, see which credential is in force.", LOG_IN),
    Entry("whoami", "whoami", "Ask the server whose credential it is.", LOG_IN),
    Entry("profile", "profile", "List, change and switch the profiles on this machine.", LOG_IN),
    Entry("trust", "trust", "Trust a folder's .env file with your own credential.", LOG_IN),
    Entry("organizations", "organizations", "The organization, and all that follows here.", ADMINISTER),
    Entry("users", "users", "See, change and remove members.", ADMINISTER),
    Entry("invites", "invites", "Invite people, and take invites back.", ADMINISTER),
    Entry("workspaces", "workspaces", "Make, change and archive workspaces.", ADMINISTER),
    Entry("members", "members", "See and change who is in a workspace.", ADMINISTER),
    Entry("rbac-groups", "rbac_groups", "Make groups of people, and say who is in them.", ADMINISTER),
    Entry("rbac-roles", "rbac_roles", "See what each role permits.", ADMINISTER),
    Entry("external-keys", "external_keys", "Make and try keys that customers keep themselves.", ADMINISTER),
    Entry("api-keys", "api_keys", "Make, rotate, change and retire API keys.", ADMINISTER),
    Entry("admin-keys", "admin_keys", "Make and revoke admin keys.", ADMINISTER),
    Entry("service-accounts", "service_accounts", "Make and change the identities of programs.", ADMINISTER),
    Entry("federation", "federation", "Let programs in without keys: issuers and rules.", ADMINISTER),
    Entry("usage", "usage", "See what was used.", ADMINISTER),
    Entry("cost", "cost", "See what it cost.", ADMINISTER),
    Entry("analytics", "analytics", "See usage and cost by any dimension.", ADMINISTER),
    Entry("claude-code", "claude_code", "See what Claude Code did for whom.", ADMINISTER),
    Entry("rate-limits", "rate_limits", "See and set rate limits.", ADMINISTER),
    Entry("spend-limits", "spend_limits", "See and set spend limits.", ADMINISTER),
    Entry("quotas", "quotas", "See and set people's quotas.", ADMINISTER),
    Entry("webhooks", "webhooks", "Have events delivered to an address of yours.", ADMINISTER),
    Entry(
        "telemetry-destinations", "telemetry_destinations", "Send requests as spans to collectors of yours.", ADMINISTER
    ),
    Entry("compliance-settings", "compliance_settings", "Open and close the reading of the audit log.", ADMINISTER),
    Entry("audit", "audit", "See who did what, and prove that the log is whole.", ADMINISTER),
    Entry("environments", "environments", "Make the rooms that agents work in; a shell in one.", AGENTS),
    Entry("agents", "agents", "Make and change agents.", AGENTS),
    Entry("sessions", "sessions", "Start and end sessions, each in a container of its own.", AGENTS),
    Entry("worker", "worker", "Do the work of a self-hosted environment on this machine.", AGENTS),
    Entry("serve", "server.serve", "Start the server.", SERVE),
    Entry("init", "server.init", "Create the organization, its first admin and keys.", SERVE),
    Entry("migrate", "server.migrate", "Bring the database to this version's schema.", SERVE),
    Entry("config", "server.config", "Show or reload the server's configuration.", SERVE),
    Entry("prices", "server.prices", "Show prices, price past requests anew.", SERVE),
    Entry("people", "server.people", "Add, appoint and remove people as the server's operator.", SERVE),
    Entry("keys", "server.keys", "Make admin and Claude Code keys as the server's operator.", SERVE),
    Entry("oauth", "server.oauth", "Register programs that people may log in to.", SERVE),
    Entry("secrets", "server.secrets", "Change the key that stored secrets are sealed under.", SERVE),
    Entry("token", "server.token", "Mint a token as the server's operator.", SERVE),
    Entry("sandboxes", "server.sandboxes", "See what sandboxes this machine can run.", SERVE),
    Entry("simulate", "server.simulate", "Run the simulated models on their own.", SERVE),
    Entry("doctor", "doctor", "Check address, TLS, proxies, credential and clock.", MORE),
    Entry("completion", "completion", "Print the completion script of a shell.", MORE),
    Entry("help", "help", "Explain a command or a topic.", MORE),
)
