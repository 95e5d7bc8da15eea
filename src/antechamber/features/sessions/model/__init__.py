"""What sessions are, and the rules that need nothing from outside."""
