"""What federation keeps: service accounts, the issuers that are trusted, and the rules between them."""
