"""Cases: items, one piece of information each, with the codes that say how good it is and what may be done with it.

Invariant: an item is one row of codes and one concealed content. What came in a statement stays where it came, as that
statement's ciphertext (`contents`), and the item points to it; what was entered here has a ciphertext of its own. No
content, no name and no free text stands in a row. An erasure leaves its tombstone for ever and nothing to open
(`erasure`).
"""
