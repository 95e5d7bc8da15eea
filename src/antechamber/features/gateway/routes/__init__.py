"""The gateway's endpoints: models by bare ASGI callables, Claude Code's policy by FastAPI."""
