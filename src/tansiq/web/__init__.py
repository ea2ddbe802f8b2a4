"""The page frame: what every page of every capability is made of, and the rules that it keeps.

Templates, components, style, formatting of dates and numbers in two calendars, languages, who may open a page
(`access`), and registries by which the rooms above show what they have (`registry`).

Invariant: this room knows no other room above the core; a page shows nothing from another host, runs nothing inline and
is readable without a script.
"""
