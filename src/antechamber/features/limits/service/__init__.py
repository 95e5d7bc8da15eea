"""The use-cases of limits: the book of rules in force, their administration, and admission against them."""
