"""The use cases, in rooms. A room imports only rooms below its own (``setup.cfg`` holds the contract).

==================  ==============================================================================
inspection          questions about the past and the possible: explain, what-if, audit and sessions
ops                 the first start, demo data, pruning, readiness
clients             OAuth clients: register, change, delete, check
administration      users, groups, customers, functions, permissions, preferences, their searches
login               passwords, codes, passkeys, recovery, step-up; logins begin and end here
consent             what the consent page tells, and what was approved
access              who is acting, with which facts; the gate; delegation; look-ups; API keys
endings             what ends what: one table of events, and the writes it makes
outbox              what is told to applications, at least once: log-outs
audit               the audit trail and its hash chain
mail                what is sent by mail
outgoing            the one door for calls that this server makes itself
tokens              token text, codes, OAuth sessions, waiting requests, secret and signing keys
==================  ==============================================================================

Files beside the rooms: ``unit_of_work`` (one transaction per use case; ``once_read``: what was read in it, or
in a request), ``prepared`` (statements that are compiled once), ``connections`` (to the database;
``limited_connection``: one that does not wait for ever; ``reading``: one for each thread; ``writers_queue``:
who writes next on SQLite), ``background`` (work of a thread), ``contact`` (from where somebody calls),
``guards`` (functions that guard our own API), ``problems`` (what a use case answers instead of a result).
"""
