"""The gateway's dialects: views of request bodies, scanners of answers, models, errors in streams."""
