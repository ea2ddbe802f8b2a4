"""Who signs in: accounts by service number, password and second factor, sessions, roles, substitutes, the duty roster, invitations.

Invariant: nothing here opens anything for whoever has the disk. A session's content is encrypted under a secret that only the browser's
cookie holds, a second factor under a key of the key store, a draft under a key of its own; an officer's signing key is open in that
officer's session alone. Who may sign is not decided here: the directory document, signed by the offline identity, decides.
"""
