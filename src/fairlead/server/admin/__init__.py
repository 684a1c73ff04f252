"""The admin API: the figures of the commands over HTTP, for a dashboard.

    api      who may come in, and what is passed on: in the gateway's process, light
    office   the workers: how many, how long they may take, what happens when one dies
    clerk    a worker: a process of its own that answers one question after the other
    answers  the answers themselves, made of what the commands are made of

Summing a ledger keeps a processor busy for a second; done in the gateway's process it would hold up
every request for as long (one interpreter, one lock). So all of it is done by other processes at a
lower priority, and the gateway only waits for their bytes.
"""
