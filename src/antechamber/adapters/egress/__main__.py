"""`python -m antechamber.adapters.egress`: the egress process, whose configuration comes on standard input."""
