"""The wire shapes: each file reads one kind of request and writes its answers, whole and streamed."""
