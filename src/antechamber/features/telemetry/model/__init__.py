"""What telemetry is about: destinations, their headers and standing, and the spans that go to them."""
