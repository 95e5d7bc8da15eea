"""What environments need from outside."""
