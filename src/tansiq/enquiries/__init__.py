"""Enquiries: a request for information, its deadline, and the answer or refusal that ends it, on both sides.

Invariant: nothing leaves and nothing is taken in without the law's fields and the signature of an officer who is a
member of the desk; the deadline runs from the addressee agency's receipt. Rows hold codes, numbers and references;
persons stand in the bodies alone.

Out: ``services`` (law, draft, one commit with the post room) → in: ``handlers`` (signature, law, register cross-check,
one commit) → ``queries`` (what an officer sees; every look is logged).
"""
