"""A deterministic model provider served over HTTP/1.1: the demo, the load tests' upstream and the fault bench.

It speaks Anthropic Messages, the legacy Text Completions and OpenAI Chat Completions, misbehaves on request
(docs/guides/simulated-models.md) and keeps a truth ledger of what it really produced.

    server       start, stop, routing           connection   HTTP/1.1 over a raw transport
    scenario     the controls and where from    playback     frames onto the wire: pace, chunks, faults
    answer       the shapes between the parts   composing    what the models say
    dialects/    one file per wire shape        truth        the ledger
"""
