"""What a request has used."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenUsage:
    """What one request has used so far: four token buckets (cache writes by lifetime) and server tools' calls."""

    uncached_input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    web_search_requests: int = 0
    web_fetch_requests: int = 0
    code_execution_requests: int = 0

    @property
    def total_input(self) -> int:
        """Every token that the model read, from the cache or not."""
        return self.uncached_input + self.cache_write_5m + self.cache_write_1h + self.cache_read
