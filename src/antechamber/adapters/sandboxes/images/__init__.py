"""Base images: the view of this machine, trees made of Debian's packages, and trees out of OCI images."""
