"""The transport toolkit: the application's outer shell, errors, authentication, lists and logs; knows no feature."""
