"""The command line: what an officer, an operator or a script types.

Invariant: commands, options, JSON shapes and exit codes are a contract. Nothing is decided here: an act is asked of the running node over
its local socket (`node.asking`), upkeep opens the home, and verifying needs neither. Every sentence stands in ``texts/`` in four languages.
Exit codes: 0 fine · 1 not proven, or findings · 2 bad input · 3 refused · 4 not found · 5 conflict · 6 unavailable · 70 a defect · 130
interrupted.
"""
