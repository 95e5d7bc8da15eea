"""Log-in and identity: the libraries behind the ports of accounts and federation."""
