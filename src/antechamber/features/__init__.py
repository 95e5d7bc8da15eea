"""What the product does: one folder a noun, the same file names in each."""
