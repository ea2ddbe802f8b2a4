"""Enquiries: a request for information, its deadline, and the answer or refusal that ends it, on both sides.

Invariant: nothing leaves and nothing is taken in without the law's fields and the signature of an officer who is a
member of the desk; the deadline runs from the addressee agency's receipt. Rows hold codes, numbers and references;
persons stand in the bodies alone.

What both sides say after the request makes its state and its clock (`policy.course`, ``history``).

Out: ``services``, ``correspondence`` (law, draft, one commit with the post room) → in: ``handlers`` (signature, law, register cross-check,
one commit) → ``queries``, ``desk``, ``matter`` (what an
officer sees; every look at one is logged); ``notices`` calls officers to what is due; ``sight`` says who will see what.
"""
