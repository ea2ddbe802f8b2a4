"""Channels: how it stands with each of the four ways to a partner, and what waits because of it.

Invariant: what was released before a suspension is still delivered; what is unreleased waits at home, without a number, so that
the partner sees no gap; nothing that waits is lost, doubled or put out of its order by what happens meanwhile. What one side
decides or announces is kept as it was decided; the state in force is made of it in one commit with what it holds or lets go.

Service statements always pass. The post room below asks this room what to hold (`exchange.holding`), once per sending.
"""
