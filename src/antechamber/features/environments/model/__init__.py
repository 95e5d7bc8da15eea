"""What environments and sandboxes are, and the rules that need nothing from outside."""
