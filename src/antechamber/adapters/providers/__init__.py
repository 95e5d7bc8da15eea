"""Model providers: what stands behind the gateway."""
