"""What sessions need from outside."""
