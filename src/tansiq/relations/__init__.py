"""Relations between two services that persons carry: liaison officers, each accredited for given cases.

Invariant: a liaison officer's channel carries one case within an accreditation that the host accepted, and nothing else; what was
said on it is read by the officer's own key and the addressee alone. Rows hold codes, times, service numbers and references;
persons and free words stand in the bodies.
"""
