"""The Interior Ministry's office in the embassy: it sees the whole flow between two countries, and directs it.

Invariant: what stands in the register was told by dockets that cover the office, and by nothing else; nobody reads in it what belongs to
another service's compartment. What the office directs stays in the house, but for the reminder, which is a signed word to the desk
where a matter lies (docs/adr/0025-office.md). Persons decide what belongs together; nothing looks at persons.
"""
