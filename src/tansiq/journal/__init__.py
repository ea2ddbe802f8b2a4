"""The journals: append-only, provable, one per relation for what is exchanged and one for what the law wants logged.

Invariant: an *exchange journal* has a leaf for every envelope sent to or received from one peer; its heads are signed by this
agency and witnessed by that peer, who alone sees its size. The *access journal* has a leaf for every consultation, disclosure and
other act of field.md rows 37-39; its roots go only to the agency's own supervisor. Leaves are salted hashes: an event beside a leaf
can be erased without breaking a proof. The signer and the clock are passed in.
"""
