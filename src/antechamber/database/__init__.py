"""The storage toolkit: engine, transactions, change feed and migrations; knows no feature."""
