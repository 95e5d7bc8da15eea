"""What a program imports to reach a server, and the command stands on: credentials, profiles, HTTP with retries."""
