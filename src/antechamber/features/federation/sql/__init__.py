"""Federation in the database."""
