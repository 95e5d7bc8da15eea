"""What webhooks are: endpoints with what they ask for, and how a delivery goes."""
