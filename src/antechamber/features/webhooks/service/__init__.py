"""The use-cases of webhooks: administering endpoints, telling of events, delivering them."""
