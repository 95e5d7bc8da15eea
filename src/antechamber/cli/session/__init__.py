"""`ante chat` at a terminal: a conversation with a model, and the way of authenticating switched inside it."""
