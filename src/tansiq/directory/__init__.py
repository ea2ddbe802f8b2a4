"""The directory: who is who. Agencies with their posts, officers by service number, and keys, each signed by its own
identity.

Invariant: an agency's identity is pinned at the first meeting and confirmed by fingerprint words compared aloud;
afterwards only documents signed by that identity, with a later number, are taken. Names of officers never stand here.
"""
